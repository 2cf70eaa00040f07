//! Who may call what: every route with every credential that is not enough, and nothing is changed by it.

use serde_json::{Value, json};
use vpp_tests::decrypt::KEY;
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::platform::{call, call_as, ingested, own_package, ready, text, token};
use crate::stack::{eventually, stack};

/// Every route: method, path, the least role, and whether a reader's credential is enough.
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

/// All that a caller could have changed: items, objects, messages.
fn everything(content: &str, package: &str) -> (Vec<Value>, Vec<Value>, Vec<aws::Object>) {
    let partitions = [format!("content#{content}"), format!("package#{package}")];
    let [own, made] = partitions.map(|own| aws::partition(&own));
    (own, made, aws::list(stack().output("output_bucket"), &format!("{package}/")))
}

#[test]
fn no_route_answers_a_caller_without_the_credential_it_takes() {
    let content = ingested("access/still.mp4", &fixture("still.mp4"));
    let package = own_package(&content);
    ready(package);
    let content = text(&content, "input_content_id");
    let body = json!({"input_content_id": content, "key": KEY.key, "kid": KEY.kid}).to_string();
    let before = everything(content, package);
    let (operator, reader) = (token("operator"), token("reader"));
    assert_ne!(operator, reader);
    let tampered = format!("{}!", &operator[..operator.len() - 1]);
    for (method, path, for_readers) in routes(content, package) {
        let body = if method == "POST" && path == "/packaged_content" { body.as_str() } else { "" };
        for shown in [None, Some(""), Some("x"), Some(tampered.as_str()), Some("vpp-operator-token")] {
            let answer = call_as(shown, method, &path, body);
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
    assert_eq!(everything(content, package), before);
    let named = aws::items()
        .into_iter()
        .filter(|item| item["input_content_id"]["S"] == content && item["sk"]["S"] == "package");
    assert_eq!(named.count(), 1, "no other package was made");
    assert_eq!(call_as(None, "GET", "/health", "").status, 200);
    assert_eq!(call_as(None, "GET", "/nowhere", "").status, 401, "not even what there is is told");
    assert_eq!(call("GET", "/nowhere", "").status, 404);
}

#[test]
fn a_token_is_replaced_while_callers_change_over() {
    let secret = stack().output("reader_token_secret");
    let (old, new) = (token("reader"), "a-new-token-of-readers-for-a-test".to_owned());
    let may = |token: &str| call_as(Some(token), "GET", "/input_content?limit=1", "").status == 200;
    // The token that other tests show stays where they look for it.
    assert!(may(&old) && !may(&new));
    aws::put_secret(secret, &json!({"current": old, "previous": new}).to_string());
    eventually("the other token to work", || may(&new).then_some(()));
    assert!(may(&old), "both are good until one is taken out");
    aws::put_secret(secret, &json!({"current": old}).to_string());
    assert!(may(&old));
}
