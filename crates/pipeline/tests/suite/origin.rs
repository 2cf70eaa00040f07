//! The just-in-time origin: a package plays once it is planned, and a segment that is requested early is the one of the stages.

use std::collections::BTreeMap;

use futures_executor::block_on;
use vpp_media::cmaf::Layout;
use vpp_pipeline::domain::dead_letter::DeadLetter;
use vpp_pipeline::domain::object::Location;
use vpp_pipeline::domain::state::{Stage, Status};
use vpp_pipeline::testing::{Platform, Stored};

use crate::failures::dead_letters;
use crate::support::{MOVIE, assert_ready, is_manifest, is_segment, only_package};

/// Returns the platform after the fragment stage.
async fn planned() -> Platform {
    let platform = Platform::default();
    let upload = platform.upload("my movie.mp4", MOVIE);
    platform.ingest(&upload).await.unwrap();
    for message in platform.fragment_queue.take() {
        platform.fragment_stage().handle(&message).await.unwrap();
    }
    platform
}

/// Returns another platform with the same objects and records, and no messages.
fn fork(platform: &Platform) -> Platform {
    Platform {
        store: platform.store.fork(),
        catalog: platform.catalog.fork(),
        vault: platform.vault.fork(),
        ..Platform::default()
    }
}

/// Returns the segments that the stages write.
async fn segments(platform: &Platform) -> BTreeMap<String, Stored> {
    assert!(platform.run().await.is_empty());
    let segments: BTreeMap<_, _> =
        platform.store.bucket("output").into_iter().filter(|(key, _)| is_segment(key)).collect();
    assert!(segments.len() >= 10, "{} segments", segments.len());
    segments
}

#[test]
fn each_segment_that_is_requested_early_is_the_one_of_the_stages() {
    block_on(async {
        let platform = planned().await;
        let early = fork(&platform);
        let origin = early.origin();
        for (key, written) in segments(&platform).await {
            let served = origin.handle(&key).await.unwrap().unwrap();
            assert!(served.body.to_vec() == written.bytes, "{key}");
            assert_eq!(Some(served.headers), written.headers);
            assert!(early.store.bucket("output")[&key] == written, "{key} is stored");
        }
    });
}

#[test]
fn the_stages_continue_over_the_segments_that_were_made() {
    block_on(async {
        let platform = planned().await;
        let id = only_package(&platform).id;
        for path in ["v1/5.m4s", "a1/2.m4s"] {
            assert!(platform.origin().handle(&format!("{id}/{path}")).await.unwrap().is_some());
        }
        assert!(platform.run().await.is_empty());
        assert_ready(&platform).await;
    });
}

#[test]
fn the_manifests_are_there_once_the_package_is_planned_and_stay() {
    block_on(async {
        let platform = planned().await;
        assert_eq!(only_package(&platform).status(), Status::Fragmented);
        let manifests = |platform: &Platform| -> BTreeMap<String, Stored> {
            platform.store.bucket("output").into_iter().filter(|(key, _)| is_manifest(key)).collect()
        };
        let early = manifests(&platform);
        assert!(early.len() >= 4, "an MPD, and a playlist of each track and of all: {:?}", early.keys());
        let package = only_package(&platform);
        assert_eq!(package.playable_at(), package.state.plan().map(|plan| plan.at));
        assert!(platform.run().await.is_empty());
        assert!(manifests(&platform) == early, "the text is the same before and after");
        assert_eq!(only_package(&platform).playable_at(), package.playable_at());
    });
}

#[test]
fn a_segment_costs_one_read_of_the_source_and_one_write() {
    block_on(async {
        let platform = planned().await;
        let id = only_package(&platform).id;
        let origin = platform.origin();
        origin.handle(&format!("{id}/v1/1.m4s")).await.unwrap().unwrap();
        let before = (platform.store.bytes_read("uploads"), platform.faults.calls());
        let served = origin.handle(&format!("{id}/v1/2.m4s")).await.unwrap().unwrap();
        let read = platform.store.bytes_read("uploads") - before.0;
        assert!(read <= served.body.length() + served.body.length() / 5, "{read} bytes for {}", served.body.length());
        // The package, the segment that is not there, its section, the source, and the write.
        assert_eq!(platform.faults.calls() - before.1, 5);
    });
}

#[test]
fn a_path_that_the_plan_does_not_name_is_not_made() {
    block_on(async {
        let platform = planned().await;
        let id = only_package(&platform).id;
        let before = platform.store.bucket("output");
        let other = "abcdefghijklmnopqrstuvwxyz";
        for path in ["v1/0.m4s", "v1/6.m4s", "v2/1.m4s", "a1/4000000000.m4s", "v1/1.vtt", "v1/1.mp4", "v1/01.m4s"] {
            assert_eq!(platform.origin().handle(&format!("{id}/{path}")).await.unwrap(), None, "{path}");
        }
        assert_eq!(platform.origin().handle(&format!("{other}/v1/1.m4s")).await.unwrap(), None);
        assert!(platform.store.bucket("output") == before);
    });
}

#[test]
fn a_package_that_cannot_be_played_has_no_segment() {
    block_on(async {
        let path = |platform: &Platform| format!("{}/v1/1.m4s", only_package(platform).id);
        let queued = Platform::default();
        let upload = queued.upload("my movie.mp4", MOVIE);
        queued.ingest(&upload).await.unwrap();
        let failed = planned().await;
        let letter = DeadLetter::Package { id: only_package(&failed).id, stage: Stage::Encrypt, attempt: None };
        dead_letters(&failed).handle(&letter).await.unwrap();
        let deleting = planned().await;
        deleting.api().delete_package(&only_package(&deleting).id).await.unwrap();
        for platform in [queued, failed, deleting] {
            let before = platform.store.bucket("output");
            assert_eq!(only_package(&platform).playable_at(), None);
            assert_eq!(platform.origin().handle(&path(&platform)).await.unwrap(), None);
            assert!(platform.store.bucket("output") == before);
        }
    });
}

#[test]
fn what_is_stored_is_served_and_a_ready_package_gains_nothing() {
    block_on(async {
        let platform = planned().await;
        let segments = segments(&platform).await;
        let (key, stored) = segments.first_key_value().unwrap();
        let served = platform.origin().handle(key).await.unwrap().unwrap();
        assert!(served.body.to_vec() == stored.bytes);
        platform.store.delete(&Location::new("output", key));
        assert_eq!(platform.origin().handle(key).await.unwrap(), None);
        assert!(!platform.store.bucket("output").contains_key(key));
    });
}

#[test]
fn a_package_in_single_files_is_playable_when_it_is_ready() {
    block_on(async {
        let mut package = only_package(&planned().await);
        package.options.layout = Layout::SingleFile;
        assert_eq!((package.status(), package.playable_at()), (Status::Fragmented, None));
    });
}
