//! The function of the CDN that checks leave, as `template.yaml` has it, against the API's own signer.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use vpp_pipeline::api::signed_path::PathSigningSecret;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_tests::fixtures;

const SECRET: &str = "a secret of the tests' own, long enough";
const OTHER: &str = "another secret of theirs, long enough too";
const PACKAGE: &str = "abcdefghijklmnopqrstuvwxyz";
const FOREIGN: &str = "zyxwvutsrqponmlkjihgfedcba";
const NOW: u64 = 1_900_000_000;

/// The function's code, with this secret where `CloudFormation` puts the stack's.
fn code(secret: &Value) -> String {
    let template = fs::read_to_string(fixtures::root().join("template.yaml")).unwrap();
    let (_, rest) = template.split_once("FunctionCode: !Sub |\n").expect("the function");
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with("        "));
    let code: String = lines.flat_map(|line| [line.trim_start_matches("        "), "\n"]).collect();
    let place = "{{resolve:secretsmanager:${PathSigningSecret}}}";
    assert_eq!(code.matches(place).count(), 1, "{code}");
    let code = code.replace(place, &secret.to_string()).replace("${PathSigningSecretRevision}", "1");
    assert!(!code.contains("${") && code.len() < 10_240, "what CloudFront takes");
    code
}

/// What the function answers to requests for these paths: for each the path that the cache is asked for, or nothing.
fn admitted(secret: &Value, paths: &[String]) -> Vec<Option<String>> {
    let events: Vec<Value> = paths.iter().map(|path| event("GET", path)).collect();
    run(secret, &events).iter().map(path_of).collect()
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

/// The path of a request that was let through as it came but for that; nothing of one that was refused, as all are.
fn path_of(answer: &Value) -> Option<String> {
    if answer["statusCode"].is_null() {
        let path = answer["uri"].as_str().expect("a path").to_owned();
        assert_eq!(*answer, event(answer["method"].as_str().unwrap(), &path)["request"]);
        return Some(path);
    }
    assert_eq!(
        (&answer["statusCode"], &answer["headers"]["cache-control"]["value"]),
        (&json!(403), &json!("no-store"))
    );
    assert_eq!(answer["headers"]["access-control-allow-origin"]["value"], "*", "pages may read why");
    let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(403), &json!("signed_path_invalid")));
    None
}

fn run(secret: &Value, events: &[Value]) -> Vec<Value> {
    let mut command = Command::new("node");
    command
        .arg(fixtures::root().join("tests/oracles/cloudfront-function.cjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut node = command.spawn().expect("node starts");
    let input = json!({"code": code(secret), "now": NOW * 1000, "events": events});
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the API gives out.
fn leave(secret: &str, package: &str, until: u64) -> String {
    let until = Timestamp::from_unix_seconds(until);
    PathSigningSecret::new(secret).unwrap().sign(&package.parse().unwrap(), until)
}

/// The code of any text at all.
fn signed(secret: &str, package: &str, expires: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("delivery v1\n{package}\n{expires}").as_bytes());
    format!("v1.{expires}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

#[test]
fn the_edge_accepts_a_signed_path_and_requests_the_path_without_the_signature() {
    let files = ["stream.mpd", "stream.m3u8", "v1/init.mp4", "v1/1.m4s", "v1/media.mp4", "a1/media.m3u8", "t1/1.vtt"];
    for until in [NOW + 1, NOW + 3600, 99_999_999_999] {
        let leave = leave(SECRET, PACKAGE, until);
        let paths: Vec<_> = files.iter().map(|file| format!("/{leave}/{PACKAGE}/{file}")).collect();
        let expected: Vec<_> = files.iter().map(|file| Some(format!("/{PACKAGE}/{file}"))).collect();
        assert_eq!(admitted(&json!({"current": SECRET}), &paths), expected);
    }
    let head = event("HEAD", &format!("/{}/{PACKAGE}/stream.mpd", leave(SECRET, PACKAGE, NOW + 1)));
    assert_eq!(path_of(&run(&json!({"current": SECRET}), &[head])[0]), Some(format!("/{PACKAGE}/stream.mpd")));
}

#[test]
fn the_edge_refuses_every_invalid_or_expired_signed_path() {
    let good = leave(SECRET, PACKAGE, NOW + 60);
    let (_, mac) = good.rsplit_once('.').unwrap();
    let end = NOW + 60;
    let changed = |place: usize| {
        let other = if &good[place..=place] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &good[..place], &good[place + 1..])
    };
    let mut leaves = vec![
        leave(SECRET, PACKAGE, NOW),
        leave(SECRET, PACKAGE, NOW - 1),
        leave(SECRET, PACKAGE, 0),
        leave(SECRET, FOREIGN, end),
        leave(OTHER, PACKAGE, end),
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
        signed(SECRET, PACKAGE, "1e12"),
        signed(SECRET, PACKAGE, "Infinity"),
        signed(SECRET, PACKAGE, "0x7fffffffff"),
        signed(SECRET, PACKAGE, "999999999999"),
        signed(SECRET, PACKAGE, ""),
        signed("undefined", PACKAGE, &end.to_string()),
        signed("", PACKAGE, &end.to_string()),
    ];
    leaves.extend((good.len() - mac.len()..good.len()).map(changed));
    leaves.extend((0..good.len()).map(|length| good[..length].to_owned()));
    let paths: Vec<_> = leaves.iter().map(|leave| format!("/{leave}/{PACKAGE}/stream.mpd")).collect();
    for (path, admitted) in paths.iter().zip(admitted(&json!({"current": SECRET}), &paths)) {
        assert_eq!(admitted, None, "{path}");
    }
}

#[test]
fn a_signed_path_opens_no_other_package() {
    let leave = leave(SECRET, PACKAGE, NOW + 60);
    let paths: Vec<_> = [
        String::new(),
        "/".to_owned(),
        format!("/{PACKAGE}/stream.mpd"),
        format!("//{leave}/{PACKAGE}/stream.mpd"),
        format!("/{leave}"),
        format!("/{leave}/"),
        format!("/{leave}/{PACKAGE}"),
        format!("/{leave}/{PACKAGE}/"),
        format!("/{leave}/{PACKAGE}//stream.mpd"),
        format!("/{leave}/{PACKAGE}/../{FOREIGN}/stream.mpd"),
        format!("/{leave}/{PACKAGE}/%2e%2e/{FOREIGN}/stream.mpd"),
        format!("/{leave}/{PACKAGE}/..%2f{FOREIGN}/stream.mpd"),
        format!("/{leave}/{PACKAGE}/.../stream.mpd"),
        format!("/{leave}/{PACKAGE}/./stream.mpd"),
        format!("/{leave}/{PACKAGE}\\..\\{FOREIGN}/stream.mpd"),
        format!("/{leave}/{PACKAGE}/stream.mpd\n"),
        format!("/{leave}/{PACKAGE}/stream.mpd\n/{FOREIGN}/stream.mpd"),
        format!("/{leave}/{FOREIGN}/stream.mpd"),
        format!("/{leave}/{PACKAGE}a/stream.mpd"),
        format!("/{leave}/{}/stream.mpd", PACKAGE.to_uppercase()),
        format!("/{leave}/{leave}/{PACKAGE}/stream.mpd"),
        format!("/{FOREIGN}/{leave}/{PACKAGE}/stream.mpd"),
    ]
    .into();
    for (path, admitted) in paths.iter().zip(admitted(&json!({"current": SECRET}), &paths)) {
        assert_eq!(admitted, None, "{path}");
    }
}

#[test]
fn signed_paths_of_the_old_secret_work_until_it_is_removed() {
    let paths = [SECRET, OTHER].map(|secret| format!("/{}/{PACKAGE}/stream.mpd", leave(secret, PACKAGE, NOW + 60)));
    let taken = |secret: Value| -> Vec<bool> { admitted(&secret, &paths).iter().map(Option::is_some).collect() };
    assert_eq!(taken(json!({"current": SECRET})), [true, false]);
    assert_eq!(taken(json!({"current": SECRET, "other": OTHER})), [true, true]);
    assert_eq!(taken(json!({"current": OTHER, "other": SECRET})), [true, true]);
    assert_eq!(taken(json!({"current": OTHER})), [false, true]);
    assert_eq!(taken(json!({})), [false, false], "no secret opens nothing");
    assert_eq!(taken(json!({"current": [SECRET], "other": null})), [false, false]);

    // One that could be guessed opens nothing either, as the API makes no leave with it.
    let short = &SECRET[..23];
    let path = format!("/{}/{PACKAGE}/stream.mpd", signed(short, PACKAGE, &(NOW + 60).to_string()));
    assert_eq!(admitted(&json!({"current": short}), &[path]), [None]);
    assert!(PathSigningSecret::new(short).is_err());
}

#[test]
fn cors_preflight_requests_need_no_signed_path() {
    let path = format!("/{PACKAGE}/stream.mpd");
    let answers = run(&json!({"current": SECRET}), &[event("OPTIONS", &path)]);
    assert_eq!(path_of(&answers[0]), Some(path));
}
