//! No key, in any notation, is stored where anyone but KMS can read it.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::json;
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::key_notations::key_notations;
use crate::platform::{answers, api, ingested, key_of, package_of_upload, post, ready, request, text};
use crate::stack::stack;
use crate::webhook_receiver::receiver;

/// A key that no other test uses.
const KEY: &str = "5ec2e75ec2e75ec2e7fade0ddba11c0d";
const KID: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

/// Returns the content of every place that could contain a key: of all tests so far, and all objects of these packages.
fn places(packages: &[&str]) -> Vec<(&'static str, Vec<u8>)> {
    let queues = ["fragment", "encrypt", "dash"].map(|stage| format!("{stage}_queue_url"));
    let messages = queues.iter().flat_map(|queue| aws::sent_messages(stack().output(queue)));
    let texts = vec![
        ("a log", stack().logs()),
        ("an item", aws::items().iter().map(ToString::to_string).collect()),
        ("a message", messages.collect()),
        ("a waiting or dead message", aws::waiting_messages()),
        ("a request to the table", aws::table_writes()),
        ("an event", aws::events().iter().map(ToString::to_string).collect()),
        ("a webhook", format!("{:?}", receiver().deliveries())),
        ("an answer of the API", answers().concat()),
    ];
    let mut places: Vec<_> = texts.into_iter().map(|(place, text)| (place, text.into_bytes())).collect();
    places.push(("a file", packages.iter().flat_map(|package| files(package)).collect()));
    places
}

/// Reads the objects of a package in the output bucket and in the work bucket.
fn files(package: &str) -> Vec<u8> {
    let mut found = Vec::new();
    for bucket in ["output_bucket", "work_bucket"].map(|name| stack().output(name)) {
        for prefix in ["", "work/", "parts/"] {
            for object in aws::list(bucket, &format!("{prefix}{package}")) {
                found.extend(object.key.as_bytes());
                found.extend(aws::get(bucket, &object.key));
            }
        }
    }
    found
}

fn contains(place: &[u8], part: &[u8]) -> bool {
    place.windows(part.len()).any(|window| window == part)
}

#[test]
fn no_key_is_in_any_log_message_item_answer_or_file() {
    let content = ingested("secrets/movie.mp4", &fixture("sample.mp4"));
    let requested = request(&content, KEY, KID);
    let package = text(&requested, "packaged_content_id");
    for (key, kid) in key_notations(KEY).iter().zip(key_notations(KID)) {
        request(&content, key, &kid);
        // The response to an invalid request must not repeat the key.
        let id = &content["input_content_id"];
        for body in [
            json!({"input_content_id": id, "key": key, "kid": format!("{kid}!")}),
            json!({"input_content_id": id, "key": format!("{key}!"), "kid": kid}),
            json!({"input_content_id": id, "key": [key], "kid": kid}),
            json!({"input_content_id": id, "key": key, "kid": kid, "scheme": key}),
            json!({"input_content_id": id, "key": key, "kid": kid, "encrypt": key}),
            json!({"input_content_id": id, "key": key, "kid": kid, "segment_seconds": key}),
            json!({"input_content_id": key, "key": key, "kid": kid}),
        ] {
            assert_eq!(post(&body).status, 400, "{body}");
        }
    }
    ready(package);
    let generated = package_of_upload(&content);
    ready(generated);
    api("/input_content");
    assert_eq!(key_of(package), KEY, "the package has the requested key");

    let places = places(&[package, generated]);
    for (place, found) in &places {
        let searched = ["a waiting or dead message"].contains(place) || contains(found, package.as_bytes());
        assert!(searched, "{place} does not mention the package");
    }
    for key in [KEY.to_owned(), key_of(generated), vpp_tests::decrypt::KEY.key.to_owned()] {
        let bytes = HEXLOWER.decode(key.as_bytes()).unwrap();
        // The raw bytes too, and the hex digits in base64.
        let hex_in_base64 = BASE64.encode(HEXLOWER.encode(&bytes).as_bytes());
        let texts = key_notations(&key)
            .into_iter()
            .chain([hex_in_base64])
            .map(|notation| notation.trim_end_matches('=').as_bytes().to_vec());
        for notation in texts.chain([bytes]) {
            for (place, found) in &places {
                assert!(!contains(found, &notation), "{} is in {place}", String::from_utf8_lossy(&notation));
            }
        }
    }
}
