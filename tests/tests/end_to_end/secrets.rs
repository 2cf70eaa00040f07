//! No key, in any form that people hold keys in, where anyone but KMS could find it.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::json;
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::platform::{answers, api, ingested, key_of, own_package, post, ready, request, text};
use crate::receiver::receiver;
use crate::requests::forms;
use crate::stack::stack;

/// A key that no other test uses.
const KEY: &str = "5ec2e75ec2e75ec2e7fade0ddba11c0d";
const KID: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

/// Where keys could have gone, and what is there: of the whole run so far, and of these packages all objects.
fn places(packages: &[&str]) -> Vec<(&'static str, Vec<u8>)> {
    let queues = ["fragment", "encrypt", "dash"].map(|stage| format!("{stage}_queue_url"));
    let messages = queues.iter().flat_map(|queue| aws::sent_messages(stack().output(queue)));
    let texts = vec![
        ("a log", stack().logs()),
        ("an item", aws::items().iter().map(ToString::to_string).collect()),
        ("a message", messages.collect()),
        ("a waiting or dead message", aws::waiting_messages()),
        ("a request to the table", aws::requests_to_the_table()),
        ("an event", aws::events().iter().map(ToString::to_string).collect()),
        ("a webhook", format!("{:?}", receiver().deliveries())),
        ("an answer of the API", answers().concat()),
    ];
    let mut places: Vec<_> = texts.into_iter().map(|(place, text)| (place, text.into_bytes())).collect();
    places.push(("a file", packages.iter().flat_map(|package| files(package)).collect()));
    places
}

/// What is delivered of a package, and what the stages have left for each other.
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

fn holds(place: &[u8], part: &[u8]) -> bool {
    place.windows(part.len()).any(|window| window == part)
}

#[test]
fn no_key_is_in_any_log_message_item_answer_or_file() {
    let content = ingested("secrets/movie.mp4", &fixture("sample.mp4"));
    let asked = request(&content, KEY, KID);
    let package = text(&asked, "packaged_content_id");
    for (key, kid) in forms(KEY).iter().zip(forms(KID)) {
        request(&content, key, &kid);
        // What is wrong with a request is said without repeating it.
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
    let own = own_package(&content);
    ready(own);
    api("/input_content");
    assert_eq!(key_of(package), KEY, "the key is the one that was given");

    let places = places(&[package, own]);
    for (place, found) in &places {
        let searched = ["a waiting or dead message"].contains(place) || holds(found, package.as_bytes());
        assert!(searched, "this run is not in {place}");
    }
    for key in [KEY.to_owned(), key_of(own), vpp_tests::decrypt::KEY.key.to_owned()] {
        let bytes = HEXLOWER.decode(key.as_bytes()).unwrap();
        // The bytes themselves too, and as someone might wrap them in base64 once more.
        let twice = BASE64.encode(HEXLOWER.encode(&bytes).as_bytes());
        let texts = forms(&key).into_iter().chain([twice]).map(|form| form.trim_end_matches('=').as_bytes().to_vec());
        for form in texts.chain([bytes]) {
            for (place, found) in &places {
                assert!(!holds(found, &form), "{} is in {place}", String::from_utf8_lossy(&form));
            }
        }
    }
}
