//! Tests the CDN's function in `template.yaml`, which verifies signed paths, with the paths that the API signs.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use vpp_pipeline::api::signed_path::PathSigningSecret;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_tests::edge_function;

const SECRET: &str = "a secret of the tests' own, long enough";
const OTHER: &str = "another secret of theirs, long enough too";
const PACKAGE: &str = "abcdefghijklmnopqrstuvwxyz";
const FOREIGN: &str = "zyxwvutsrqponmlkjihgfedcba";
const NOW: u64 = 1_900_000_000;

/// Returns the function's code, with a secret in the place where `CloudFormation` inserts the stack's.
fn code(secret: &Value) -> String {
    let code = edge_function::code("SignedPathFunction");
    let placeholder = "{{resolve:secretsmanager:${PathSigningSecret}}}";
    assert_eq!(code.matches(placeholder).count(), 1, "{code}");
    let code = code.replace(placeholder, &secret.to_string()).replace("${PathSigningSecretRevision}", "1");
    assert!(!code.contains("${") && code.len() < 10_240, "the code fits in a CloudFront function");
    code
}

/// Requests paths from the function. Returns for each the path of the request to the cache, or `None` if it is refused.
fn accepted(secret: &Value, paths: &[String]) -> Vec<Option<String>> {
    let events: Vec<Value> = paths.iter().map(|path| event("GET", path)).collect();
    run(secret, &events).iter().map(accepted_path).collect()
}

fn event(method: &str, path: &str) -> Value {
    json!({
        "version": "1.0", "context": {"eventType": "viewer-request"}, "viewer": {"ip": "192.0.2.1"},
        "request": {
            "method": method, "uri": path, "querystring": {}, "cookies": {},
            "headers": {"range": {"value": "bytes=0-9"}, "origin": {"value": "https://player.example"}},
        },
    })
}

/// Returns the path of an accepted request, whose other members must be unchanged, or `None` for a refusal, which must have the
/// documented response.
fn accepted_path(answer: &Value) -> Option<String> {
    if answer["statusCode"].is_null() {
        let path = answer["uri"].as_str().expect("a path").to_owned();
        assert_eq!(*answer, event(answer["method"].as_str().unwrap(), &path)["request"]);
        return Some(path);
    }
    assert_eq!(
        (&answer["statusCode"], &answer["headers"]["cache-control"]["value"]),
        (&json!(403), &json!("no-store"))
    );
    assert_eq!(answer["headers"]["access-control-allow-origin"]["value"], "*", "pages can read the reason");
    let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(403), &json!("signed_path_invalid")));
    None
}

fn run(secret: &Value, events: &[Value]) -> Vec<Value> {
    edge_function::results(&code(secret), NOW * 1000, events)
}

/// Returns the signed path segment that the API issues.
fn sign(secret: &str, package: &str, until: u64) -> String {
    let until = Timestamp::from_unix_seconds(until);
    PathSigningSecret::new(secret).unwrap().sign(&package.parse().unwrap(), until)
}

/// Signs any text as the expiry, valid or not.
fn sign_expiry(secret: &str, package: &str, expires: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("delivery v1\n{package}\n{expires}").as_bytes());
    format!("v1.{expires}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

#[test]
fn the_edge_accepts_a_signed_path_and_requests_the_path_without_the_signature() {
    let files = ["stream.mpd", "stream.m3u8", "v1/init.mp4", "v1/1.m4s", "v1/media.mp4", "a1/media.m3u8", "t1/1.vtt"];
    for until in [NOW + 1, NOW + 3600, 99_999_999_999] {
        let segment = sign(SECRET, PACKAGE, until);
        let paths: Vec<_> = files.iter().map(|file| format!("/{segment}/{PACKAGE}/{file}")).collect();
        let expected: Vec<_> = files.iter().map(|file| Some(format!("/{PACKAGE}/{file}"))).collect();
        assert_eq!(accepted(&json!({"current": SECRET}), &paths), expected);
    }
    let head = event("HEAD", &format!("/{}/{PACKAGE}/stream.mpd", sign(SECRET, PACKAGE, NOW + 1)));
    assert_eq!(accepted_path(&run(&json!({"current": SECRET}), &[head])[0]), Some(format!("/{PACKAGE}/stream.mpd")));
}

#[test]
fn the_edge_refuses_every_invalid_or_expired_signed_path() {
    let good = sign(SECRET, PACKAGE, NOW + 60);
    let (_, mac) = good.rsplit_once('.').unwrap();
    let end = NOW + 60;
    let changed = |position: usize| {
        let other = if &good[position..=position] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &good[..position], &good[position + 1..])
    };
    let mut segments = vec![
        sign(SECRET, PACKAGE, NOW),
        sign(SECRET, PACKAGE, NOW - 1),
        sign(SECRET, PACKAGE, 0),
        sign(SECRET, FOREIGN, end),
        sign(OTHER, PACKAGE, end),
        format!("v1.{}.{mac}", end + 1),
        format!("v1.0{end}.{mac}"),
        format!("v1.+{end}.{mac}"),
        format!("v1.{end}.{mac}="),
        format!("v1.{end}.{mac}A"),
        format!("v1.{end}..{mac}"),
        format!("v1.{end}.{mac}.{mac}"),
        format!("v1.{end}.{}", mac.to_uppercase()),
        format!("v1.{end}."),
        format!("v1.{end}"),
        format!("v2.{end}.{mac}"),
        format!("V1.{end}.{mac}"),
        format!("{end}.{mac}"),
        format!("{good}%00"),
        format!("%76{}", &good[1..]),
        sign_expiry(SECRET, PACKAGE, "1e12"),
        sign_expiry(SECRET, PACKAGE, "Infinity"),
        sign_expiry(SECRET, PACKAGE, "0x7fffffffff"),
        sign_expiry(SECRET, PACKAGE, "999999999999"),
        sign_expiry(SECRET, PACKAGE, ""),
        sign_expiry("undefined", PACKAGE, &end.to_string()),
        sign_expiry("", PACKAGE, &end.to_string()),
    ];
    segments.extend((good.len() - mac.len()..good.len()).map(changed));
    segments.extend((0..good.len()).map(|length| good[..length].to_owned()));
    let paths: Vec<_> = segments.iter().map(|segment| format!("/{segment}/{PACKAGE}/stream.mpd")).collect();
    for (path, accepted) in paths.iter().zip(accepted(&json!({"current": SECRET}), &paths)) {
        assert_eq!(accepted, None, "{path}");
    }
}

#[test]
fn a_signed_path_opens_no_other_package() {
    let segment = sign(SECRET, PACKAGE, NOW + 60);
    let paths: Vec<_> = [
        String::new(),
        "/".to_owned(),
        format!("/{PACKAGE}/stream.mpd"),
        format!("//{segment}/{PACKAGE}/stream.mpd"),
        format!("/{segment}"),
        format!("/{segment}/"),
        format!("/{segment}/{PACKAGE}"),
        format!("/{segment}/{PACKAGE}/"),
        format!("/{segment}/{PACKAGE}//stream.mpd"),
        format!("/{segment}/{PACKAGE}/../{FOREIGN}/stream.mpd"),
        format!("/{segment}/{PACKAGE}/%2e%2e/{FOREIGN}/stream.mpd"),
        format!("/{segment}/{PACKAGE}/..%2f{FOREIGN}/stream.mpd"),
        format!("/{segment}/{PACKAGE}/.../stream.mpd"),
        format!("/{segment}/{PACKAGE}/./stream.mpd"),
        format!("/{segment}/{PACKAGE}\\..\\{FOREIGN}/stream.mpd"),
        format!("/{segment}/{PACKAGE}/stream.mpd\n"),
        format!("/{segment}/{PACKAGE}/stream.mpd\n/{FOREIGN}/stream.mpd"),
        format!("/{segment}/{FOREIGN}/stream.mpd"),
        format!("/{segment}/{PACKAGE}a/stream.mpd"),
        format!("/{segment}/{}/stream.mpd", PACKAGE.to_uppercase()),
        format!("/{segment}/{segment}/{PACKAGE}/stream.mpd"),
        format!("/{FOREIGN}/{segment}/{PACKAGE}/stream.mpd"),
    ]
    .into();
    for (path, accepted) in paths.iter().zip(accepted(&json!({"current": SECRET}), &paths)) {
        assert_eq!(accepted, None, "{path}");
    }
}

#[test]
fn signed_paths_of_the_old_secret_work_until_it_is_removed() {
    let paths = [SECRET, OTHER].map(|secret| format!("/{}/{PACKAGE}/stream.mpd", sign(secret, PACKAGE, NOW + 60)));
    let are_accepted = |secret: Value| -> Vec<bool> { accepted(&secret, &paths).iter().map(Option::is_some).collect() };
    assert_eq!(are_accepted(json!({"current": SECRET})), [true, false]);
    assert_eq!(are_accepted(json!({"current": SECRET, "other": OTHER})), [true, true]);
    assert_eq!(are_accepted(json!({"current": OTHER, "other": SECRET})), [true, true]);
    assert_eq!(are_accepted(json!({"current": OTHER})), [false, true]);
    assert_eq!(are_accepted(json!({})), [false, false], "without a secret, no path is accepted");
    assert_eq!(are_accepted(json!({"current": [SECRET], "other": null})), [false, false]);

    // A secret that is short enough to guess is not accepted either, and the API does not sign with it.
    let short = &SECRET[..23];
    let path = format!("/{}/{PACKAGE}/stream.mpd", sign_expiry(short, PACKAGE, &(NOW + 60).to_string()));
    assert_eq!(accepted(&json!({"current": short}), &[path]), [None]);
    assert!(PathSigningSecret::new(short).is_err());
}

#[test]
fn the_edge_answers_cors_preflight_requests_itself() {
    let signed = format!("/{}/{PACKAGE}/stream.mpd", sign(SECRET, PACKAGE, NOW + 60));
    let paths = [signed, format!("/{PACKAGE}/stream.mpd"), "/".to_owned()];
    for answer in run(&json!({"current": SECRET}), &paths.map(|path| event("OPTIONS", &path))) {
        assert_eq!((&answer["statusCode"], &answer["uri"]), (&json!(204), &Value::Null), "nothing reaches the origin");
        // The Fetch standard, 4.8: the response allows the origin, the method and the headers of the request.
        for (header, allowed) in [("origin", "*"), ("methods", "GET, HEAD, OPTIONS"), ("headers", "*")] {
            assert_eq!(answer["headers"][format!("access-control-allow-{header}")]["value"], allowed);
        }
    }
}
