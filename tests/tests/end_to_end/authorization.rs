//! Authorization: every route refuses every insufficient credential, and changes nothing.

use serde_json::{Value, json};
use vpp_tests::decrypt::KEY;
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::platform::{api_token, call, call_as, ingested, package_of_upload, ready, text};
use crate::stack::{eventually, stack};

/// Returns every route: method, path, and whether a reader's credential is sufficient.
fn routes(content: &str, package: &str) -> Vec<(&'static str, String, bool)> {
    vec![
        ("GET", "/input_content".to_owned(), true),
        ("GET", format!("/input_content/{content}"), true),
        ("GET", format!("/packaged_content/{package}"), true),
        ("GET", format!("/packaged_content_id/{package}"), true),
        ("POST", format!("/packaged_content/{package}/playback_tokens"), true),
        ("POST", "/uploads".to_owned(), false),
        ("GET", "/uploads/abcdefghijklmnopqrstuvwxyz".to_owned(), false),
        ("POST", "/uploads/abcdefghijklmnopqrstuvwxyz/complete".to_owned(), false),
        ("DELETE", "/uploads/abcdefghijklmnopqrstuvwxyz".to_owned(), false),
        ("GET", "/packaged_content".to_owned(), true),
        ("POST", "/packaged_content".to_owned(), false),
        ("POST", format!("/packaged_content/{package}/retry"), false),
        ("DELETE", format!("/packaged_content/{package}"), false),
        ("DELETE", format!("/input_content/{content}"), false),
    ]
}

/// Returns the state that a caller could have changed: the items of the content and of the package, and the package's objects.
fn state(content: &str, package: &str) -> (Vec<Value>, Vec<Value>, Vec<aws::Object>) {
    let partitions = [format!("content#{content}"), format!("package#{package}")];
    let [content_items, package_items] = partitions.map(|partition| aws::partition(&partition));
    (content_items, package_items, aws::list(stack().output("output_bucket"), &format!("{package}/")))
}

#[test]
fn no_route_answers_a_caller_without_the_credential_it_takes() {
    let content = ingested("access/still.mp4", &fixture("still.mp4"));
    let package = package_of_upload(&content);
    ready(package);
    let content = text(&content, "input_content_id");
    let body = json!({"input_content_id": content, "key": KEY.key, "kid": KEY.kid}).to_string();
    let before = state(content, package);
    let (operator, reader) = (api_token("operator"), api_token("reader"));
    assert_ne!(operator, reader);
    let tampered = format!("{}!", &operator[..operator.len() - 1]);
    for (method, path, for_readers) in routes(content, package) {
        let body = if method == "POST" && path == "/packaged_content" { body.as_str() } else { "" };
        for credential in [None, Some(""), Some("x"), Some(tampered.as_str()), Some("vpp-operator-token")] {
            let answer = call_as(credential, method, &path, body);
            assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("credential_missing")), "{method} {path}");
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
        }
        let answer = call_as(Some(&reader), method, &path, body);
        if for_readers {
            assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
        } else {
            assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("role_insufficient")), "{method} {path}");
        }
    }
    assert_eq!(state(content, package), before);
    let packages = aws::items()
        .into_iter()
        .filter(|item| item["input_content_id"]["S"] == content && item["sk"]["S"] == "package");
    assert_eq!(packages.count(), 1, "no other package was created");
    assert_eq!(call_as(None, "GET", "/health", "").status, 200);
    assert_eq!(
        call_as(None, "GET", "/nowhere", "").status,
        401,
        "an unknown route is not distinguishable without a credential"
    );
    assert_eq!(call("GET", "/nowhere", "").status, 404);
}

#[test]
fn a_token_is_replaced_while_callers_change_over() {
    let secret = stack().output("reader_token_secret");
    let (old, new) = (api_token("reader"), "a-new-token-of-readers-for-a-test".to_owned());
    let is_accepted = |token: &str| call_as(Some(token), "GET", "/input_content?limit=1", "").status == 200;
    // `current` stays the old token, which other tests read.
    assert!(is_accepted(&old) && !is_accepted(&new));
    aws::put_secret(secret, &json!({"current": old, "previous": new}).to_string());
    eventually("the other token to work", || is_accepted(&new).then_some(()));
    assert!(is_accepted(&old), "both are valid until one is removed");
    aws::put_secret(secret, &json!({"current": old}).to_string());
    assert!(is_accepted(&old));
}
