//! Content keys from a DRM provider.

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

/// Returns the provider's response: a key, an IV, and two DRM systems.
fn response() -> (ContentKey, Option<ConstantIv>, Drm) {
    let widevine = Some(Pssh::widevine(WIDEVINE).unwrap());
    let drm = Drm { widevine, fairplay: Some("skd://provided".parse().unwrap()), ..Drm::default() };
    (ContentKey::new(KEY), Some(ConstantIv::new(IV)), drm)
}

/// Returns a request for a package with a generated key.
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
fn a_package_has_the_providers_key_iv_and_drm_systems() {
    block_on(async {
        let platform = Platform::default();
        platform.vault.provide(Ok(response()));
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
            assert!(output[&key].bytes == bytes, "{key} has the engine's bytes, with that key and IV");
        }
        let [mpd, playlist] = manifests(&platform, &package);
        assert!(mpd.contains(WIDEVINE), "{mpd}");
        assert!(playlist.contains(WIDEVINE) && playlist.contains("URI=\"skd://provided\""), "{playlist}");
    });
}

#[test]
fn a_callers_drm_systems_override_the_providers() {
    block_on(async {
        let platform = Platform { package_on_upload: None, ..Platform::default() };
        platform.vault.provide(Ok(response()));
        let upload = platform.upload("my movie.mp4", MOVIE);
        let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("ingested") };
        let drm = Drm { fairplay: Some("skd://requested".parse().unwrap()), ..Drm::default() };
        let with_drm = PackageRequest { drm, ..request(&content.id, Scheme::Cbcs) };
        let id = platform.api().create_package(with_drm).await.unwrap().id;
        let package = platform.catalog.package(&id).await.unwrap().unwrap();
        let drm = &package.options.drm;
        assert_eq!(drm.fairplay.as_ref().unwrap().to_string(), "skd://requested");
        assert_eq!(drm.widevine.as_ref().unwrap().to_string(), WIDEVINE);

        // Counter mode must not use an IV twice, so the constant IV of cbcs is not used for it.
        let id = platform.api().create_package(request(&content.id, Scheme::Cenc)).await.unwrap().id;
        let package = platform.catalog.package(&id).await.unwrap().unwrap();
        assert_ne!(package.encryption.unwrap().protection.key.iv, ConstantIv::new(IV));

        // The same request returns the same package, whatever the provider responds meanwhile.
        platform.vault.provide(Err("key_provider_refused"));
        assert_eq!(platform.api().create_package(request(&content.id, Scheme::Cenc)).await.unwrap().id, id);
    });
}

#[test]
fn without_a_key_from_the_provider_no_package_starts_and_no_upload_is_lost() {
    block_on(async {
        let platform = Platform::default();
        platform.vault.provide(Err("key_provider_unreachable"));
        let upload = platform.upload("my movie.mp4", MOVIE);
        let error = platform.ingest(&upload).await.unwrap_err();
        assert!(error.is_transient(), "the file is not refused: {error}");
        assert!(platform.catalog.all_packages().is_empty());

        let manual = Platform { package_on_upload: None, ..platform };
        let Ok(Ingested::Content(content)) = manual.ingest(&upload).await else { panic!("ingested") };
        let denied = manual.api().create_package(request(&content.id, Scheme::Cbcs)).await.unwrap_err();
        assert!(
            matches!(&denied, RequestError::NoKey(error) if error.code() == "key_provider_unreachable"),
            "{denied}"
        );
        assert!(manual.catalog.all_packages().is_empty());
        assert!(manual.api().create_package(clear_request(&content.id)).await.is_ok(), "a clear package needs no key");

        manual.vault.provide(Ok(response()));
        let package = manual.api().create_package(request(&content.id, Scheme::Cbcs)).await.unwrap();
        assert_eq!(key_of(&manual, &package).await, KEY);
    });
}
