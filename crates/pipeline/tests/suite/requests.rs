//! Packages that callers request.

use crate::support::{MOVIE, expected_segments};
use futures_executor::block_on;
use vpp_media::cenc::{ContentKey, Drm, KeyId, Scheme};
use vpp_media::cmaf::{Layout, ProtectedTracks, UnsupportedTracks};
use vpp_pipeline::api::package_request::{PackageRequest, RequestedProtection};
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::id::{ContentId, Inputs};
use vpp_pipeline::domain::package_options::RequestedKeys;
use vpp_pipeline::domain::state::State;
use vpp_pipeline::domain::when::When;
use vpp_pipeline::ports::Catalog;
use vpp_pipeline::stages::ingest::Ingested;
use vpp_pipeline::testing::Platform;

fn request(content: &ContentId, key: u8) -> PackageRequest {
    let keys = Some(RequestedKeys { key: self::key(9, key), audio_key: None });
    let protection = RequestedProtection::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::All, keys };
    PackageRequest {
        inputs: content.clone().into(),
        protection,
        segment_duration: None,
        audio_only: false,
        unsupported: UnsupportedTracks::Refuse,
        drm: Drm::default(),
        layout: Layout::Segments,
        subtitles: Vec::new(),
        when: When::Ahead,
        retention: None,
        idempotency_key: None,
    }
}

/// Returns the request for the package that an upload starts, if that package is clear.
pub(crate) fn clear_request(content: &ContentId) -> PackageRequest {
    PackageRequest { protection: RequestedProtection::Clear, ..request(content, 1) }
}

/// Returns a request for single files.
pub(crate) fn single_file_request(content: &ContentId) -> PackageRequest {
    PackageRequest { layout: Layout::SingleFile, ..request(content, 1) }
}

fn key(kid: u8, key: u8) -> (KeyId, ContentKey) {
    (KeyId::new([kid; 16]).unwrap(), ContentKey::new([key; 16]))
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
        assert!(output.iter().all(|(key, stored)| now[key] == *stored), "the first package's output is unchanged");
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
        assert_eq!(platform.fragment_queue.take().len(), 1, "the message is lost");
        platform.api().create_package(request(&content, 1)).await.unwrap();
        assert_eq!(platform.fragment_queue.take().len(), 1);
    });
}

#[test]
fn without_a_key_the_platform_generates_one_and_finds_the_uploads_package() {
    block_on(async {
        let platform = Platform::default();
        let upload = platform.upload("movie.mp4", MOVIE);
        let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("ingested") };
        let keyless = |tracks| {
            let protection = RequestedProtection::Encrypt { scheme: Scheme::Cbcs, tracks, keys: None };
            PackageRequest { protection, ..request(&content.id, 1) }
        };
        let first = platform.api().create_package(keyless(ProtectedTracks::Video)).await.unwrap();
        assert_eq!(Some(&first.id), content.media_info().unwrap().package.as_ref(), "the package of the upload");
        let all = platform.api().create_package(keyless(ProtectedTracks::All)).await.unwrap();
        let again = platform.api().create_package(keyless(ProtectedTracks::All)).await.unwrap();
        assert_eq!(all, again, "its key is generated once");
        assert_ne!(all.id, first.id);
        assert!(platform.run().await.is_empty());
        let package = platform.api().package(&all.id).await.unwrap();
        let output = platform.store.bucket("output");
        for (key, bytes) in expected_segments(&platform, &package).await {
            assert!(output[&key].bytes == bytes, "{key} has the engine's bytes");
        }
    });
}

#[test]
fn an_idempotency_key_stands_for_one_request() {
    block_on(async {
        let (platform, content) = platform_with_content(MOVIE).await;
        let with_key = |key: &str, content_key| {
            let idempotency_key = Some(key.to_owned());
            PackageRequest { idempotency_key, ..request(&content, content_key) }
        };
        let api = platform.api();
        let first = api.create_package(with_key("order 1", 1)).await.unwrap();
        assert_eq!(api.create_package(with_key("order 1", 1)).await.unwrap().id, first.id);
        assert!(matches!(api.create_package(with_key("order 1", 2)).await, Err(RequestError::KeyReused)));
        assert_eq!(platform.catalog.all_packages().len(), 1, "no package is created for it");
        assert_ne!(api.create_package(with_key("order 2", 2)).await.unwrap().id, first.id);
        assert_eq!(
            api.create_package(with_key("order 3", 1)).await.unwrap().id,
            first.id,
            "the same request has the same id with any key"
        );
    });
}

#[test]
fn unknown_and_refused_contents_cannot_be_packaged() {
    block_on(async {
        let (platform, content) = platform_with_content(b"just some text, not a movie").await;
        let refused = platform.api().create_package(request(&content, 1)).await;
        assert!(matches!(refused, Err(RequestError::ContentRefused { code, .. }) if code == "not_mp4"));
        let unknown: ContentId = "abcdefghijklmnopqrstuvwxyz".parse().unwrap();
        let unknown = platform.api().create_package(request(&unknown, 1)).await;
        assert!(matches!(unknown, Err(RequestError::UnknownContent)));
    });
}

#[test]
fn video_and_audio_may_have_separate_keys() {
    block_on(async {
        let (platform, content) = platform_with_content(MOVIE).await;
        let keys = Some(RequestedKeys { key: key(9, 5), audio_key: Some(key(8, 6)) });
        let protection = RequestedProtection::Encrypt { scheme: Scheme::Cenc, tracks: ProtectedTracks::All, keys };
        let separate = PackageRequest { protection, ..request(&content, 5) };
        let id = platform.api().create_package(separate).await.unwrap().id;
        assert!(platform.run().await.is_empty());
        let package = platform.catalog.package(&id).await.unwrap().unwrap();
        let output = platform.store.bucket("output");
        let expected = expected_segments(&platform, &package).await;
        for (key, bytes) in &expected {
            assert!(output[key].bytes == *bytes, "{key} has the engine's bytes");
        }
        let kid_of = |name: &str, kid: u8| {
            let init = &expected[&format!("{id}/{name}/init.mp4")];
            assert!(init.windows(16).any(|window| window == [kid; 16]), "{name} has the key id {kid}");
        };
        kid_of("v1", 9);
        kid_of("a1", 8);
    });
}

/// Uploads one movie several times, and returns its contents: rungs of the same video.
async fn rungs(platform: &Platform, keys: &[&str]) -> Vec<ContentId> {
    let mut ids = Vec::new();
    for key in keys {
        let Ok(Ingested::Content(content)) = platform.ingest(&platform.upload(key, MOVIE)).await else {
            panic!("ingested")
        };
        ids.push(content.id);
    }
    ids
}

#[test]
fn several_contents_are_one_package_and_each_is_read_at_its_version() {
    block_on(async {
        let platform = Platform { package_on_upload: None, ..Platform::default() };
        let ids = rungs(&platform, &["low.mp4", "high.mp4"]).await;
        let inputs = Inputs::new(ids.clone()).unwrap();
        let api = platform.api();
        let asked = api.create_package(PackageRequest { inputs: inputs.clone(), ..request(&ids[0], 1) }).await.unwrap();
        assert_eq!(asked.contents().cloned().collect::<Vec<_>>(), ids);
        assert_ne!(asked.id, api.create_package(request(&ids[0], 1)).await.unwrap().id);
        assert!(platform.run().await.is_empty());
        let ready = api.package(&asked.id).await.unwrap();
        assert_eq!(ready.status().as_str(), "Ready", "{:?}", ready.state);
        // The movies are the same, so each of their tracks is packaged once.
        let mut output = platform.store.bucket("output").into_keys().filter(|key| key.starts_with(asked.id.as_str()));
        assert!(output.all(|key| !key.contains("/v2/") && !key.contains("/a2/")));

        let replaced = PackageRequest { inputs, ..request(&ids[0], 2) };
        let asked = api.create_package(replaced).await.unwrap();
        let _ = platform.upload("high.mp4", b"another file");
        platform.run().await;
        let failed = api.package(&asked.id).await.unwrap();
        let State::Failed { failure, .. } = failed.state else { panic!("{:?}", failed.state) };
        assert_eq!(failure.code, "source_changed");
    });
}

#[test]
fn one_refused_content_refuses_the_package_of_several() {
    block_on(async {
        let platform = Platform { package_on_upload: None, ..Platform::default() };
        let mut ids = rungs(&platform, &["low.mp4"]).await;
        let upload = platform.upload("text.mp4", b"just some text, not a movie");
        let Ok(Ingested::Content(refused)) = platform.ingest(&upload).await else { panic!("ingested") };
        ids.push(refused.id);
        let asked = PackageRequest { inputs: Inputs::new(ids.clone()).unwrap(), ..request(&ids[0], 1) };
        let denied = platform.api().create_package(asked).await.unwrap_err();
        assert!(matches!(denied, RequestError::ContentRefused { code, .. } if code == "not_mp4"));
        assert!(platform.catalog.all_packages().is_empty());
    });
}
