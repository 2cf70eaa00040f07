//! Keys that a DRM provider makes.

use crate::requests::clear_request;
use crate::support::{MOVIE, expected_segments, only_package, upload_and_run};
use futures_executor::block_on;
use vpp_media::cenc::{ConstantIv, ContentKey, Drm, Pssh, Scheme};
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::api::package_request::{PackageRequest, RequestedProtection};
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::id::ContentId;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::ports::{Catalog, KeyVault};
use vpp_pipeline::stages::ingest::Ingested;
use vpp_pipeline::testing::Platform;

const KEY: [u8; 16] = [0x5e; 16];
const IV: [u8; 16] = [0x1f; 16];
const WIDEVINE: &str = "AAAAJHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAARkYXRh";

/// What the provider says: a key, a vector, and two systems.
fn said() -> (ContentKey, Option<ConstantIv>, Drm) {
    let widevine = Some(Pssh::widevine(WIDEVINE).unwrap());
    let drm = Drm { widevine, fairplay: Some("skd://provided".parse().unwrap()), ..Drm::default() };
    (ContentKey::new(KEY), Some(ConstantIv::new(IV)), drm)
}

/// A request for a package with a key of the platform's, or its provider's, making.
fn request(content: &ContentId, scheme: Scheme) -> PackageRequest {
    let protection = RequestedProtection::Encrypt { scheme, tracks: ProtectedTracks::All, keys: None };
    PackageRequest { protection, ..clear_request(content) }
}

async fn key_of(platform: &Platform, package: &Package) -> [u8; 16] {
    let wrapped = &package.encryption.as_ref().unwrap().key;
    *platform.vault.unwrap(wrapped, &package.id).await.unwrap().expose()
}

fn manifests(platform: &Platform, package: &Package) -> [String; 2] {
    let output = platform.store.bucket("output");
    ["stream.mpd", "v1/media.m3u8"]
        .map(|path| String::from_utf8(output[&format!("{}/{path}", package.id)].bytes.to_vec()).unwrap())
}

#[test]
fn a_package_has_the_key_the_vector_and_the_systems_that_a_provider_answers() {
    block_on(async {
        let platform = Platform::default();
        platform.vault.provide(Ok(said()));
        upload_and_run(&platform).await;
        let package = only_package(&platform);
        let encryption = package.encryption.as_ref().unwrap();
        assert_eq!(key_of(&platform, &package).await, KEY);
        assert_eq!(
            (encryption.protection.key.kid, encryption.protection.key.iv),
            (package.id.kid(), ConstantIv::new(IV))
        );
        let output = platform.store.bucket("output");
        for (key, bytes) in expected_segments(&platform, &package).await {
            assert!(output[&key].bytes == bytes, "{key} has the engine's bytes, by that key and vector");
        }
        let [mpd, playlist] = manifests(&platform, &package);
        assert!(mpd.contains(WIDEVINE), "{mpd}");
        assert!(playlist.contains(WIDEVINE) && playlist.contains("URI=\"skd://provided\""), "{playlist}");
    });
}

#[test]
fn what_a_caller_says_of_drm_systems_stands_before_what_a_provider_says() {
    block_on(async {
        let platform = Platform { package_on_upload: None, ..Platform::default() };
        platform.vault.provide(Ok(said()));
        let upload = platform.upload("my movie.mp4", MOVIE);
        let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("ingested") };
        let drm = Drm { fairplay: Some("skd://asked".parse().unwrap()), ..Drm::default() };
        let asked = PackageRequest { drm, ..request(&content.id, Scheme::Cbcs) };
        let id = platform.api().create_package(asked).await.unwrap().id;
        let package = platform.catalog.package(&id).await.unwrap().unwrap();
        let drm = &package.options.drm;
        assert_eq!(drm.fairplay.as_ref().unwrap().to_string(), "skd://asked");
        assert_eq!(drm.widevine.as_ref().unwrap().to_string(), WIDEVINE);

        // Counter mode must not meet one vector twice: that of cbcs is none for it.
        let id = platform.api().create_package(request(&content.id, Scheme::Cenc)).await.unwrap().id;
        let package = platform.catalog.package(&id).await.unwrap().unwrap();
        assert_ne!(package.encryption.unwrap().protection.key.iv, ConstantIv::new(IV));

        // Asked again, it is the same package, whatever the provider says meanwhile.
        platform.vault.provide(Err("key_provider_refused"));
        assert_eq!(platform.api().create_package(request(&content.id, Scheme::Cenc)).await.unwrap().id, id);
    });
}

#[test]
fn without_a_key_of_the_provider_nothing_is_begun_and_nothing_lost() {
    block_on(async {
        let platform = Platform::default();
        platform.vault.provide(Err("key_provider_unreachable"));
        let upload = platform.upload("my movie.mp4", MOVIE);
        let error = platform.ingest(&upload).await.unwrap_err();
        assert!(error.is_transient(), "it is not the file's fault: {error}");
        assert!(platform.catalog.all_packages().is_empty());

        let bare = Platform { package_on_upload: None, ..platform };
        let Ok(Ingested::Content(content)) = bare.ingest(&upload).await else { panic!("ingested") };
        let denied = bare.api().create_package(request(&content.id, Scheme::Cbcs)).await.unwrap_err();
        assert!(
            matches!(&denied, RequestError::NoKey(error) if error.code() == "key_provider_unreachable"),
            "{denied}"
        );
        assert!(bare.catalog.all_packages().is_empty());
        assert!(bare.api().create_package(clear_request(&content.id)).await.is_ok(), "a clear package takes no key");

        bare.vault.provide(Ok(said()));
        let package = bare.api().create_package(request(&content.id, Scheme::Cbcs)).await.unwrap();
        assert_eq!(key_of(&bare, &package).await, KEY);
    });
}
