//! The routes, with in-memory ports.

use axum::http::{Method, Request};
use futures_executor::block_on;
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::package_options::ProtectionOptions;
use vpp_pipeline::testing::Platform;

use super::*;

/// 30 seconds of H.264 and AAC; see tests/media/README.md.
const MOVIE: &[u8] = include_bytes!("../../../../tests/media/sample.mp4");
/// The first key that the in-memory vault generates: sixteen bytes of 1.
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQ";

struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl TestResponse {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

async fn send(platform: &Platform, method: Method, path: &str, bearer: Option<&str>, body: String) -> TestResponse {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Body::from(body)).unwrap();
    let response = router(Arc::new(platform.licences())).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    TestResponse { status: parts.status, headers: parts.headers, body }
}

async fn request_licence(platform: &Platform, package: &Package, token: Option<&str>, kids: &[&str]) -> TestResponse {
    let body = json!({"kids": kids, "type": "temporary"}).to_string();
    send(platform, Method::POST, &format!("/license/{}", package.id), token, body).await
}

/// Returns a platform with one package, which is Ready if `run`.
async fn packaged(protection: Option<ProtectionOptions>, run: bool) -> (Platform, Package) {
    let platform = Platform { package_on_upload: protection, ..Platform::default() };
    platform.ingest(&platform.upload("movie.mp4", MOVIE)).await.unwrap();
    if run {
        assert!(platform.run().await.is_empty());
    }
    let package = platform.catalog.all_packages().pop().unwrap();
    (platform, package)
}

fn cbcs() -> Option<ProtectionOptions> {
    ProtectionOptions::from_names("cbcs", "video")
}

fn kid(package: &Package) -> KeyIdText {
    let kid = package.encryption.as_ref().unwrap().protection.key.kid;
    KeyIdText { dashed: kid.to_string(), base64: data_encoding::BASE64URL_NOPAD.encode(kid.as_bytes()) }
}

struct KeyIdText {
    dashed: String,
    base64: String,
}

async fn token(platform: &Platform, package: &Package, seconds: u64) -> String {
    let lifetime = Some(Duration::from_secs(seconds));
    platform.tokens().issue(&package.id, lifetime).await.unwrap().keys.unwrap().token.to_string()
}

#[test]
fn a_token_grants_the_keys_of_its_package() {
    block_on(async {
        let (platform, package) = packaged(cbcs(), true).await;
        let (token, kid) = (token(&platform, &package, 60).await, kid(&package));
        let by_header = request_licence(&platform, &package, Some(&token), &[&kid.base64]).await;
        assert_eq!(by_header.status, StatusCode::OK);
        let expected = json!({"keys": [{"kty": "oct", "kid": kid.base64, "k": KEY}], "type": "temporary"});
        assert_eq!(by_header.json(), expected);
        for (name, value) in [("content-type", "application/json"), ("cache-control", "no-store")] {
            assert_eq!(by_header.headers[name], value);
        }

        let path = format!("/license/{}?token={token}", package.id);
        let body = json!({"kids": [kid.base64, "AAAAAAAAAAAAAAAAAAAAAQ"]}).to_string();
        let by_parameter = send(&platform, Method::POST, &path, None, body).await;
        assert_eq!(by_parameter.json(), expected, "only the keys of the package");

        let path = format!("/license/{}/key?kid={}&token={token}", package.id, kid.dashed);
        let raw = send(&platform, Method::GET, &path, None, String::new()).await;
        assert_eq!((raw.status, raw.body.as_slice()), (StatusCode::OK, &[1; 16][..]));
        assert_eq!(raw.headers[header::CACHE_CONTROL], "no-store");
    });
}

#[test]
fn every_invalid_token_has_the_same_response() {
    block_on(async {
        let (platform, package) = packaged(cbcs(), true).await;
        let kid = kid(&package);
        let good = token(&platform, &package, 60).await;
        let refused = request_licence(&platform, &package, None, &[&kid.base64]).await;
        assert_eq!(refused.code(), (403, "playback_token_invalid".to_owned()));

        let (head, mac) = good.rsplit_once('.').unwrap();
        let (_, expires) = head.split_once('.').unwrap();
        let later = expires.parse::<u64>().unwrap() + 1;
        let flipped = if mac.starts_with('A') { 'B' } else { 'A' };
        for wrong in [
            String::new(),
            "none".to_owned(),
            format!("v1.{later}.{mac}"),
            format!("{head}.{flipped}{}", &mac[1..]),
            good[..good.len() - 1].to_owned(),
        ] {
            let response = request_licence(&platform, &package, Some(&wrong), &[&kid.base64]).await;
            assert_eq!((response.status, &response.body), (refused.status, &refused.body), "{wrong}");
        }
        for other in ["abcdefghijklmnopqrstuvwxyz", "no-id"] {
            let body = json!({"kids": [kid.base64]}).to_string();
            let response = send(&platform, Method::POST, &format!("/license/{other}"), Some(&good), body).await;
            assert_eq!((response.status, &response.body), (refused.status, &refused.body), "{other}");
        }
        assert_eq!(request_licence(&platform, &package, Some(&good), &[&kid.base64]).await.status, StatusCode::OK);
        platform.clock.pass(Duration::from_mins(1));
        let expired = request_licence(&platform, &package, Some(&good), &[&kid.base64]).await;
        assert_eq!((expired.status, &expired.body), (refused.status, &refused.body), "the token has expired");
        let path = format!("/license/{}/key?kid={}&token={good}", package.id, kid.dashed);
        let expired = send(&platform, Method::GET, &path, None, String::new()).await;
        assert_eq!((expired.status, &expired.body), (refused.status, &refused.body));
    });
}

#[test]
fn a_token_grants_no_other_key_and_no_malformed_request() {
    block_on(async {
        let (platform, package) = packaged(cbcs(), true).await;
        let token = token(&platform, &package, 60).await;
        let other = request_licence(&platform, &package, Some(&token), &["AAAAAAAAAAAAAAAAAAAAAQ"]).await;
        assert_eq!(other.code(), (404, "key_not_found".to_owned()));
        let malformed = request_licence(&platform, &package, Some(&token), &["AQ"]).await;
        assert_eq!(
            (malformed.code(), malformed.json()["field"].clone()),
            ((400, "invalid_field".into()), "kids".into())
        );
        let path = format!("/license/{}/key?token={token}", package.id);
        let without_kid = send(&platform, Method::GET, &path, None, String::new()).await;
        assert_eq!(without_kid.code(), (400, "missing_field".to_owned()));
        let (path, kid) = (format!("/license/{}", package.id), kid(&package).base64);
        for query in [format!("token={token}&token=b&kid={kid}"), format!("token={token}&kid={kid}&kid={kid}")] {
            for (method, path) in [(Method::POST, path.clone()), (Method::GET, format!("{path}/key"))] {
                let repeated = send(&platform, method, &format!("{path}?{query}"), None, String::new()).await;
                assert_eq!(repeated.code(), (400, "invalid_field".to_owned()), "{query}");
                assert_eq!(repeated.headers[header::CONTENT_TYPE], "application/problem+json");
            }
        }
        let large = send(&platform, Method::POST, &path, Some(&token), " ".repeat(MAX_BODY + 1)).await;
        assert_eq!(large.code(), (413, "body_too_large".to_owned()));
        let get = send(&platform, Method::GET, &path, Some(&token), String::new()).await;
        assert_eq!(get.code(), (405, "method_not_allowed".to_owned()));
    });
}

#[test]
fn only_playable_encrypted_packages_have_licences() {
    block_on(async {
        // The API issues no tokens for these packages, so the test signs them.
        let sign = async |platform: &Platform, package: &Package| {
            let tokens = platform.tokens();
            let now = vpp_pipeline::domain::timestamp::Timestamp::from_unix_seconds(4_000_000_000);
            let claim = vpp_pipeline::api::playback_token::Claim::new(&package.id, now, Duration::from_secs(1));
            claim.signed(tokens.signer.sign(&claim.message()).await.unwrap()).to_string()
        };
        let (platform, clear) = packaged(Some(ProtectionOptions::Clear), true).await;
        let token = sign(&platform, &clear).await;
        let response = request_licence(&platform, &clear, Some(&token), &["AAAAAAAAAAAAAAAAAAAAAQ"]).await;
        assert_eq!(response.code(), (409, "package_not_encrypted".to_owned()));

        let (platform, queued) = packaged(cbcs(), false).await;
        let token = sign(&platform, &queued).await;
        let response = request_licence(&platform, &queued, Some(&token), &[&kid(&queued).base64]).await;
        assert_eq!(response.code(), (409, "package_not_ready".to_owned()));

        for message in platform.fragment_queue.take() {
            platform.fragment_stage().handle(&message).await.unwrap();
        }
        let planned = request_licence(&platform, &queued, Some(&token), &[&kid(&queued).base64]).await;
        assert_eq!(planned.status, StatusCode::OK);

        platform.store.delete(&queued.source.location);
        platform.run().await;
        let response = request_licence(&platform, &queued, Some(&token), &[&kid(&queued).base64]).await;
        assert_eq!(response.code(), (409, "package_failed".to_owned()));
        assert!(response.json()["detail"].as_str().unwrap().contains("source_missing"));
    });
}
