//! Packages that are made on demand: planned, and nothing else until a viewer requests a segment or a user all of them.

use std::collections::BTreeMap;

use futures_executor::block_on;
use vpp_pipeline::api::package_request::PackageRequest;
use vpp_pipeline::domain::object::Location;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::state::{Stage, State, Status};
use vpp_pipeline::domain::when::{RetentionDays, When};
use vpp_pipeline::stages::ingest::Ingested;
use vpp_pipeline::testing::{MAX_RUN_TIME, Platform, Stored};

use crate::requests::clear_request;
use crate::support::{MOVIE, assert_ready, is_manifest, is_segment, only_package, upload_and_run};

/// Returns a platform whose uploads start packages that are made on demand, with one of them.
async fn on_demand() -> Platform {
    let platform = Platform { when: When::OnDemand, ..Platform::default() };
    upload_and_run(&platform).await;
    platform
}

/// Returns a platform with a clear package that was requested on demand, and the request.
async fn requested(retention: Option<RetentionDays>) -> (Platform, impl Fn(When) -> PackageRequest) {
    let platform = Platform { package_on_upload: None, ..Platform::default() };
    let upload = platform.upload("my movie.mp4", MOVIE);
    let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("ingested") };
    let request = move |when| PackageRequest { when, retention, ..clear_request(&content.id) };
    let package = platform.api().create_package(request(When::OnDemand)).await.unwrap();
    assert_eq!((package.when, package.retention), (When::OnDemand, retention));
    assert!(platform.run().await.is_empty());
    (platform, request)
}

fn segments(platform: &Platform) -> BTreeMap<String, Stored> {
    platform.store.bucket("output").into_iter().filter(|(key, _)| is_segment(key)).collect()
}

/// Requests a segment as a viewer, and returns its bytes.
async fn view(platform: &Platform, path: &str) -> Option<Vec<u8>> {
    let path = format!("{}/{path}", only_package(platform).id);
    platform.origin().handle(&path).await.unwrap().map(|file| file.body.to_vec())
}

fn made(package: &Package) -> (u64, Status) {
    (package.progress.segments_made, package.status())
}

#[test]
fn a_package_that_nobody_watches_has_manifests_and_init_segments_only() {
    block_on(async {
        let platform = on_demand().await;
        let package = only_package(&platform);
        assert_eq!(made(&package), (0, Status::Fragmented));
        assert!(package.playable_at().is_some());
        let output = platform.store.bucket("output");
        assert!(output.keys().any(|key| is_manifest(key)) && output.keys().any(|key| key.ends_with("/init.mp4")));
        assert!(output.keys().all(|key| is_manifest(key) || key.ends_with("/init.mp4")), "{:?}", output.keys());
        let bytes: usize = output.values().map(|stored| stored.bytes.len()).sum();
        assert!(bytes < 20_000, "{bytes} bytes");
    });
}

#[test]
fn segments_that_viewers_request_are_made_once_and_counted() {
    block_on(async {
        let platform = on_demand().await;
        let before = only_package(&platform).progress;
        let mut bytes = 0;
        for path in ["v1/2.m4s", "v1/2.m4s", "a1/1.m4s"] {
            bytes += view(&platform, path).await.unwrap().len() * usize::from(path != "v1/2.m4s");
        }
        bytes += view(&platform, "v1/2.m4s").await.unwrap().len();
        let package = only_package(&platform);
        assert_eq!(made(&package), (2, Status::Fragmented));
        assert_eq!(package.progress.bytes_written - before.bytes_written, bytes as u64);
        assert!(package.progress.bytes_read > before.bytes_read);
        assert_eq!(segments(&platform).len(), 2);
        assert!(segments(&platform).values().all(|stored| stored.retention.is_none()));
    });
}

#[test]
fn a_package_that_is_made_ahead_later_is_like_any_other() {
    block_on(async {
        let platform = on_demand().await;
        view(&platform, "v1/2.m4s").await.unwrap();
        let id = only_package(&platform).id;
        let package = platform.api().package_ahead(&id).await.unwrap();
        assert_eq!((package.when, package.status()), (When::Ahead, Status::Fragmented));
        assert!(platform.run().await.is_empty());
        assert_ready(&platform).await;
        assert_eq!(platform.api().package_ahead(&id).await.unwrap().status(), Status::Ready, "nothing is left to make");
        assert!(platform.run().await.is_empty());
    });
}

#[test]
fn a_request_to_make_a_package_ahead_applies_to_the_one_on_demand_and_not_the_reverse() {
    block_on(async {
        let (platform, request) = requested(None).await;
        let id = only_package(&platform).id;
        let again = platform.api().create_package(request(When::OnDemand)).await.unwrap();
        assert_eq!((again.id.clone(), again.when), (id.clone(), When::OnDemand));
        assert!(platform.fragment_queue.take().is_empty(), "nothing is to be done");
        let ahead = platform.api().create_package(request(When::Ahead)).await.unwrap();
        assert_eq!((ahead.id, ahead.when), (id, When::Ahead), "the segments are the same, so the package is");
        // The request may be interrupted before its message is sent.
        assert_eq!(platform.fragment_queue.take().len(), 1);
        platform.api().create_package(request(When::Ahead)).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert_eq!(only_package(&platform).status(), Status::Ready);
        let reverse = platform.api().create_package(request(When::OnDemand)).await.unwrap();
        assert_eq!((reverse.when, reverse.status()), (When::Ahead, Status::Ready));
    });
}

#[test]
fn segments_with_a_retention_expire_and_are_made_again_the_same() {
    block_on(async {
        let (platform, _) = requested(RetentionDays::new(30)).await;
        let first = view(&platform, "v1/3.m4s").await.unwrap();
        let stored = segments(&platform);
        assert!(stored.values().all(|stored| stored.retention == RetentionDays::new(30)));
        platform.store.expire_objects();
        assert!(segments(&platform).is_empty());
        assert!(!platform.store.bucket("output").is_empty(), "manifests and init segments stay");
        assert!(view(&platform, "v1/3.m4s").await.unwrap() == first);
        assert!(segments(&platform) == stored);
        assert_eq!(made(&only_package(&platform)).0, 2);

        // Those that were made ahead stay. The one of the viewer still expires.
        platform.api().package_ahead(&only_package(&platform).id).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert_eq!(only_package(&platform).status(), Status::Ready);
        let all = segments(&platform).len();
        platform.store.expire_objects();
        assert_eq!(segments(&platform).len(), all - 1);
        assert!(view(&platform, "v1/3.m4s").await.unwrap() == first);
    });
}

#[test]
fn a_deletion_waits_for_viewers_of_segments_that_expired() {
    block_on(async {
        let (platform, _) = requested(RetentionDays::new(1)).await;
        let id = only_package(&platform).id;
        platform.api().package_ahead(&id).await.unwrap();
        assert!(platform.run().await.is_empty());
        platform.clock.pass(MAX_RUN_TIME);
        platform.api().delete_package(&id).await.unwrap();
        for message in platform.deletion_queue.take() {
            platform.delete_stage().handle(&message).await.unwrap();
        }
        let package = only_package(&platform);
        assert!(matches!(package.state, State::Deleting { .. }), "an origin may be at work");
    });
}

#[test]
fn a_segment_that_can_never_be_made_fails_the_package_and_a_retry_continues_it() {
    block_on(async {
        let platform = on_demand().await;
        let package = only_package(&platform);
        let at = Location::new("uploads", "my movie.mp4");
        platform.store.delete(&at);
        let path = format!("{}/v1/1.m4s", package.id);
        let failure = platform.origin().handle(&path).await.unwrap_err();
        assert_eq!((failure.is_transient(), failure.code()), (false, "source_missing"));
        let State::Failed { failure, .. } = only_package(&platform).state else { panic!("it has failed") };
        assert_eq!((failure.stage, failure.code.as_str()), (Stage::Encrypt, "source_missing"));
        assert_eq!(platform.origin().handle(&path).await.unwrap(), None);

        let _ = platform.store.upload(&at, MOVIE);
        platform.api().retry(&package.id).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert_eq!(made(&only_package(&platform)), (0, Status::Fragmented));
        assert!(view(&platform, "v1/1.m4s").await.is_some());
    });
}

#[test]
fn a_failed_package_is_made_ahead_by_its_retry() {
    block_on(async {
        let platform = on_demand().await;
        let id = only_package(&platform).id;
        let at = Location::new("uploads", "my movie.mp4");
        platform.store.delete(&at);
        platform.origin().handle(&format!("{id}/v1/1.m4s")).await.unwrap_err();
        assert_eq!(platform.api().package_ahead(&id).await.unwrap().status(), Status::Failed);
        let _ = platform.store.upload(&at, MOVIE);
        platform.api().retry(&id).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert_ready(&platform).await;
    });
}
