//! A CDN that asks for leave (`PrivatePlayback`).

use serde_json::{Value, json};
use vpp_tests::fixtures::fixture;

use crate::http::Answer;
use crate::licence::token;
use crate::platform::{Files, fetch, ingested, output, post, ready, text};
use crate::stack::{eventually, go_private, stack};

fn assert_refused(answer: &Answer, what: &str) {
    let said = (answer.status, answer.header("content-type"), answer.header("cache-control"));
    assert_eq!(said, (403, "application/problem+json", "no-store"), "{what}: {}", answer.text());
    assert_eq!(answer.json()["code"], "signed_path_invalid", "{what}");
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{what}: pages may read why");
}

/// The first part of the path of a stream's address.
fn leave(url: &str) -> &str {
    url.split('/').nth(3).expect("leave")
}

/// A package of a movie, Ready, with its files.
fn packaged(key: &str, options: &Value) -> (String, Files) {
    let content = ingested(key, &fixture("sample.mp4"));
    let mut body = json!({"input_content_id": content["input_content_id"]});
    body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let asked = post(&body).json();
    let id = text(&asked, "packaged_content_id");
    assert_eq!(ready(id)["private"], true);
    (id.to_owned(), output(id))
}

#[test]
fn one_signed_path_opens_every_file_of_a_private_stream_and_nothing_else_does() {
    go_private();
    let base = stack().output("delivery_url");
    let (other, _) = packaged("private/other.mp4", &json!({}));
    let foreign = token(&other, "");
    let foreign = leave(text(&foreign["urls"], "dash")).to_owned();
    for (name, options) in [
        ("cbcs", json!({"scheme": "cbcs"})),
        ("clear", json!({"scheme": "clear"})),
        ("single", json!({"layout": "single-file"})),
    ] {
        let (id, files) = packaged(&format!("private/{name}.mp4"), &options);
        let given = token(&id, "");
        let urls = &given["urls"];
        let leave = leave(text(urls, "dash"));
        assert_eq!(text(urls, "dash"), format!("{base}/{leave}/{id}/stream.mpd"));
        assert_eq!(text(urls, "hls"), format!("{base}/{leave}/{id}/stream.m3u8"));
        assert_eq!(given["token"].is_string(), name != "clear", "a clear stream has leave and no keys");

        let (_, mac) = leave.rsplit_once('.').unwrap();
        let wrong = [
            String::new(),
            format!("{foreign}/"),
            format!("v1.9999999999.{mac}/"),
            format!("{}/", &leave[1..]),
            "v1.9999999999.AAAA/".to_owned(),
        ];
        for (path, bytes) in &files {
            let path = path.to_str().unwrap();
            let address = format!("{base}/{leave}/{id}/{path}");
            let whole = fetch(&address, None);
            assert_eq!((whole.status, &whole.body), (200, bytes), "{path}");
            let part = fetch(&address, Some("bytes=1-4"));
            assert_eq!((part.status, &part.body[..]), (206, &bytes[1..5]), "{path}");
            for first in &wrong {
                let address = format!("{base}/{first}{id}/{path}");
                assert_refused(&fetch(&address, None), &address);
            }
        }
        assert_refused(&fetch(&format!("{base}/{leave}/{other}/stream.mpd"), None), "another package");
        assert_refused(&fetch(&format!("{base}/{leave}/{id}/../{other}/stream.mpd"), None), "a way out");
    }
}

#[test]
fn a_signed_path_expires() {
    go_private();
    let (id, _) = packaged("private/short.mp4", &json!({}));
    let short = token(&id, r#"{"seconds": 1}"#);
    eventually("leave to be over", || {
        let answer = fetch(text(&short["urls"], "hls"), None);
        (answer.status != 200).then(|| assert_refused(&answer, "over"))
    });
    assert_eq!(fetch(text(&token(&id, "")["urls"], "hls"), None).status, 200, "another is given");
}
