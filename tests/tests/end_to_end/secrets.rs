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

/// Where keys could have gone, and what is there: of the whole run so far.
fn places() -> Vec<(&'static str, String)> {
    let queues = ["fragment", "encrypt", "dash"].map(|stage| format!("{stage}_queue_url"));
    let messages = queues.iter().flat_map(|queue| aws::sent_messages(stack().output(queue)));
    vec![
        ("a log", stack().logs()),
        ("an item", aws::items().iter().map(ToString::to_string).collect()),
        ("a message", messages.collect()),
        ("a waiting or dead message", aws::waiting_messages()),
        ("a request to the table", aws::requests_to_the_table()),
        ("an event", aws::events().iter().map(ToString::to_string).collect()),
        ("a webhook", format!("{:?}", receiver().deliveries())),
        ("an answer of the API", answers().concat()),
    ]
}

#[test]
fn no_key_is_in_any_log_message_item_or_answer() {
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

    let places = places();
    for (place, text) in &places {
        let searched = ["a waiting or dead message"].contains(place) || text.contains(package);
        assert!(searched, "this run is not in {place}");
    }
    for key in [KEY.to_owned(), key_of(own), vpp_tests::decrypt::KEY.key.to_owned()] {
        for form in forms(&key) {
            let form = form.trim_end_matches('=');
            for (place, text) in &places {
                assert!(!text.contains(form), "{form} is in {place}");
            }
        }
        // As bytes that someone wrapped in hex or base64 once more.
        let bytes = HEXLOWER.decode(key.as_bytes()).unwrap();
        let twice = BASE64.encode(HEXLOWER.encode(&bytes).as_bytes());
        assert!(places.iter().all(|(_, text)| !text.contains(twice.trim_end_matches('='))));
    }
}
