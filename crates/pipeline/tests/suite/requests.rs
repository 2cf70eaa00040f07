//! Packages that callers ask for, with keys of their own.

use crate::support::{MOVIE, expected_segments};
use futures_executor::block_on;
use vpp_media::cenc::{ContentKey, KeyId, Scheme};
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::api::{Denied, PackageRequest, RequestedTreatment};
use vpp_pipeline::id::ContentId;
use vpp_pipeline::ingest::Ingested;
use vpp_pipeline::ports::Catalog;
use vpp_pipeline::testing::Platform;

fn request(content: &ContentId, key: u8) -> PackageRequest {
    let (key, kid) = (ContentKey::new([key; 16]), KeyId::new([9; 16]).unwrap());
    let treatment = RequestedTreatment::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::All, key, kid };
    PackageRequest { content: content.clone(), treatment, segment_duration: None }
}

async fn platform_with_content(bytes: &[u8]) -> (Platform, ContentId) {
    let platform = Platform { package_on_upload: None, ..Platform::default() };
    let upload = platform.upload("movie.mp4", bytes);
    let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("ingested") };
    (platform, content.id)
}

#[test]
fn the_same_request_twice_is_one_package_and_another_key_is_another() {
    block_on(async {
        let (platform, content) = platform_with_content(MOVIE).await;
        let api = platform.api();
        let first = api.create_package(request(&content, 1)).await.unwrap();
        assert_eq!(api.create_package(request(&content, 1)).await.unwrap(), first);
        assert!(platform.run().await.is_empty());
        let output = platform.store.bucket("output");

        let other = api.create_package(request(&content, 2)).await.unwrap();
        assert_ne!(other.id, first.id);
        assert!(platform.run().await.is_empty());
        assert_eq!(platform.catalog.all_packages().len(), 2);
        let now = platform.store.bucket("output");
        assert!(output.iter().all(|(key, stored)| now[key] == *stored), "the first one's output is untouched");
    });
}

#[test]
fn a_request_with_a_key_becomes_ready_with_that_key() {
    block_on(async {
        let (platform, content) = platform_with_content(MOVIE).await;
        let id = platform.api().create_package(request(&content, 5)).await.unwrap().id;
        assert!(platform.run().await.is_empty());
        let package = platform.catalog.package(&id).await.unwrap().unwrap();
        assert_eq!(platform.api().url(&package), format!("https://cdn.example/{id}/stream.mpd"));
        let output = platform.store.bucket("output");
        for (key, bytes) in expected_segments(&platform, &package).await {
            assert!(output[&key].bytes == bytes, "{key} has the engine's bytes");
        }
    });
}

#[test]
fn a_request_repeated_while_queued_sends_the_message_again() {
    block_on(async {
        let (platform, content) = platform_with_content(MOVIE).await;
        platform.api().create_package(request(&content, 1)).await.unwrap();
        assert_eq!(platform.fragment_queue.take().len(), 1, "and is lost");
        platform.api().create_package(request(&content, 1)).await.unwrap();
        assert_eq!(platform.fragment_queue.take().len(), 1);
    });
}

#[test]
fn unknown_and_refused_contents_cannot_be_packaged() {
    block_on(async {
        let (platform, content) = platform_with_content(b"just some text, not a movie").await;
        let refused = platform.api().create_package(request(&content, 1)).await;
        assert!(matches!(refused, Err(Denied::ContentRefused { code, .. }) if code == "not_mp4"));
        let unknown: ContentId = "abcdefghijklmnopqrstuvwxyz".parse().unwrap();
        let unknown = platform.api().create_package(request(&unknown, 1)).await;
        assert!(matches!(unknown, Err(Denied::UnknownContent)));
    });
}
