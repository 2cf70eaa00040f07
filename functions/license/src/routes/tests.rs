//! The routes over in-memory ports.

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
/// The first key that the vault in memory makes, sixteen bytes of 1.
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQ";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

async fn send(platform: &Platform, method: Method, path: &str, bearer: Option<&str>, body: String) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Body::from(body)).unwrap();
    let response = router(Arc::new(platform.licences())).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn ask(platform: &Platform, package: &Package, token: Option<&str>, kids: &[&str]) -> Answer {
    let body = json!({"kids": kids, "type": "temporary"}).to_string();
    send(platform, Method::POST, &format!("/license/{}", package.id), token, body).await
}

/// A platform with one package, as far as it comes.
async fn packaged(treatment: Option<ProtectionOptions>, run: bool) -> (Platform, Package) {
    let platform = Platform { package_on_upload: treatment, ..Platform::default() };
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
fn a_token_opens_the_keys_of_its_package() {
    block_on(async {
        let (platform, package) = packaged(cbcs(), true).await;
        let (token, kid) = (token(&platform, &package, 60).await, kid(&package));
        let by_header = ask(&platform, &package, Some(&token), &[&kid.base64]).await;
        assert_eq!(by_header.status, StatusCode::OK);
        let expected = json!({"keys": [{"kty": "oct", "kid": kid.base64, "k": KEY}], "type": "temporary"});
        assert_eq!(by_header.json(), expected);
        for (name, value) in [("content-type", "application/json"), ("cache-control", "no-store")] {
            assert_eq!(by_header.headers[name], value);
        }

        let path = format!("/license/{}?token={token}", package.id);
        let body = json!({"kids": [kid.base64, "AAAAAAAAAAAAAAAAAAAAAQ"]}).to_string();
        let by_parameter = send(&platform, Method::POST, &path, None, body).await;
        assert_eq!(by_parameter.json(), expected, "of the ids asked for, those of the package");

        let path = format!("/license/{}/key?kid={}&token={token}", package.id, kid.dashed);
        let raw = send(&platform, Method::GET, &path, None, String::new()).await;
        assert_eq!((raw.status, raw.body.as_slice()), (StatusCode::OK, &[1; 16][..]));
        assert_eq!(raw.headers[header::CACHE_CONTROL], "no-store");
    });
}

#[test]
fn whatever_is_wrong_with_a_token_the_answer_is_the_same() {
    block_on(async {
        let (platform, package) = packaged(cbcs(), true).await;
        let kid = kid(&package);
        let good = token(&platform, &package, 60).await;
        let refused = ask(&platform, &package, None, &[&kid.base64]).await;
        assert_eq!(refused.code(), (403, "playback_token_invalid".to_owned()));

        let (head, mac) = good.rsplit_once('.').unwrap();
        let (_, expires) = head.split_once('.').unwrap();
        let later = expires.parse::<u64>().unwrap() + 1;
        let turned = if mac.starts_with('A') { 'B' } else { 'A' };
        for wrong in [
            String::new(),
            "none".to_owned(),
            format!("v1.{later}.{mac}"),
            format!("{head}.{turned}{}", &mac[1..]),
            good[..good.len() - 1].to_owned(),
        ] {
            let answer = ask(&platform, &package, Some(&wrong), &[&kid.base64]).await;
            assert_eq!((answer.status, &answer.body), (refused.status, &refused.body), "{wrong}");
        }
        for other in ["abcdefghijklmnopqrstuvwxyz", "no-id"] {
            let body = json!({"kids": [kid.base64]}).to_string();
            let answer = send(&platform, Method::POST, &format!("/license/{other}"), Some(&good), body).await;
            assert_eq!((answer.status, &answer.body), (refused.status, &refused.body), "{other}");
        }
        assert_eq!(ask(&platform, &package, Some(&good), &[&kid.base64]).await.status, StatusCode::OK);
        platform.clock.pass(Duration::from_mins(1));
        let over = ask(&platform, &package, Some(&good), &[&kid.base64]).await;
        assert_eq!((over.status, &over.body), (refused.status, &refused.body), "it is over");
        let path = format!("/license/{}/key?kid={}&token={good}", package.id, kid.dashed);
        let over = send(&platform, Method::GET, &path, None, String::new()).await;
        assert_eq!((over.status, &over.body), (refused.status, &refused.body));
    });
}

#[test]
fn a_token_opens_no_other_key_and_no_malformed_request() {
    block_on(async {
        let (platform, package) = packaged(cbcs(), true).await;
        let token = token(&platform, &package, 60).await;
        let other = ask(&platform, &package, Some(&token), &["AAAAAAAAAAAAAAAAAAAAAQ"]).await;
        assert_eq!(other.code(), (404, "key_not_found".to_owned()));
        let malformed = ask(&platform, &package, Some(&token), &["AQ"]).await;
        assert_eq!(
            (malformed.code(), malformed.json()["field"].clone()),
            ((400, "invalid_field".into()), "kids".into())
        );
        let path = format!("/license/{}/key?token={token}", package.id);
        let nameless = send(&platform, Method::GET, &path, None, String::new()).await;
        assert_eq!(nameless.code(), (400, "missing_field".to_owned()));
        let path = format!("/license/{}", package.id);
        let large = send(&platform, Method::POST, &path, Some(&token), " ".repeat(BODY + 1)).await;
        assert_eq!(large.code(), (413, "body_too_large".to_owned()));
        let get = send(&platform, Method::GET, &path, Some(&token), String::new()).await;
        assert_eq!(get.code(), (405, "method_not_allowed".to_owned()));
    });
}

#[test]
fn only_what_is_ready_and_encrypted_has_keys_to_give() {
    block_on(async {
        // No token is given out for these; so one is made as the API would.
        let sign = async |platform: &Platform, package: &Package| {
            let tokens = platform.tokens();
            let now = vpp_pipeline::domain::timestamp::Timestamp::from_unix_seconds(4_000_000_000);
            let claim = vpp_pipeline::api::playback_token::Claim::new(&package.id, now, Duration::from_secs(1));
            claim.signed(tokens.signer.sign(&claim.message()).await.unwrap()).to_string()
        };
        let (platform, clear) = packaged(Some(ProtectionOptions::Clear), true).await;
        let token = sign(&platform, &clear).await;
        let answer = ask(&platform, &clear, Some(&token), &["AAAAAAAAAAAAAAAAAAAAAQ"]).await;
        assert_eq!(answer.code(), (409, "package_not_encrypted".to_owned()));

        let (platform, queued) = packaged(cbcs(), false).await;
        let token = sign(&platform, &queued).await;
        let answer = ask(&platform, &queued, Some(&token), &[&kid(&queued).base64]).await;
        assert_eq!(answer.code(), (409, "package_not_ready".to_owned()));

        platform.store.delete(&queued.source.location);
        platform.run().await;
        let answer = ask(&platform, &queued, Some(&token), &[&kid(&queued).base64]).await;
        assert_eq!(answer.code(), (409, "package_failed".to_owned()));
        assert!(answer.json()["detail"].as_str().unwrap().contains("source_missing"));
    });
}
