//! A CDN that requires signed paths (`PrivatePlayback`).

use serde_json::{Value, json};
use vpp_tests::fixtures::fixture;

use crate::http::Answer;
use crate::platform::{Files, fetch, ingested, package_files, playback_token, post, ready, text};
use crate::stack::{eventually, stack, use_private_stack};

fn assert_refused(answer: &Answer, request: &str) {
    let head = (answer.status, answer.header("content-type"), answer.header("cache-control"));
    assert_eq!(head, (403, "application/problem+json", "no-store"), "{request}: {}", answer.text());
    assert_eq!(answer.json()["code"], "signed_path_invalid", "{request}");
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{request}: pages can read the reason");
}

/// Returns the signed segment of the path of a stream's URL.
fn signed_segment(url: &str) -> &str {
    url.split('/').nth(3).expect("a signed segment")
}

/// Packages a movie with options. Returns the id and the files of the package when it is Ready.
fn packaged(key: &str, options: &Value) -> (String, Files) {
    let content = ingested(key, &fixture("sample.mp4"));
    let mut body = json!({"input_content_id": content["input_content_id"]});
    body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let requested = post(&body).json();
    let id = text(&requested, "packaged_content_id");
    assert_eq!(ready(id)["private"], true);
    (id.to_owned(), package_files(id))
}

#[test]
fn one_signed_path_opens_every_file_of_a_private_stream_and_nothing_else_does() {
    use_private_stack();
    let base = stack().output("delivery_url");
    let (other, _) = packaged("private/other.mp4", &json!({}));
    let foreign = playback_token(&other, "");
    let foreign = signed_segment(text(&foreign["urls"], "dash")).to_owned();
    for (name, options) in [
        ("cbcs", json!({"scheme": "cbcs"})),
        ("clear", json!({"scheme": "clear"})),
        ("single", json!({"layout": "single-file"})),
    ] {
        let (id, files) = packaged(&format!("private/{name}.mp4"), &options);
        let issued = playback_token(&id, "");
        let urls = &issued["urls"];
        let segment = signed_segment(text(urls, "dash"));
        assert_eq!(text(urls, "dash"), format!("{base}/{segment}/{id}/stream.mpd"));
        assert_eq!(text(urls, "hls"), format!("{base}/{segment}/{id}/stream.m3u8"));
        assert_eq!(issued["token"].is_string(), name != "clear", "a clear stream has a signed path and no keys");

        let (_, mac) = segment.rsplit_once('.').unwrap();
        let invalid = [
            String::new(),
            format!("{foreign}/"),
            format!("v1.9999999999.{mac}/"),
            format!("{}/", &segment[1..]),
            "v1.9999999999.AAAA/".to_owned(),
        ];
        for (path, bytes) in &files {
            let path = path.to_str().unwrap();
            let address = format!("{base}/{segment}/{id}/{path}");
            let answer = fetch(&address, None);
            assert_eq!((answer.status, &answer.body), (200, bytes), "{path}");
            let part = fetch(&address, Some("bytes=1-4"));
            assert_eq!((part.status, &part.body[..]), (206, &bytes[1..5]), "{path}");
            for first in &invalid {
                let address = format!("{base}/{first}{id}/{path}");
                assert_refused(&fetch(&address, None), &address);
            }
        }
        assert_refused(&fetch(&format!("{base}/{segment}/{other}/stream.mpd"), None), "another package");
        assert_refused(
            &fetch(&format!("{base}/{segment}/{id}/../{other}/stream.mpd"), None),
            "a path to another package",
        );
    }
}

#[test]
fn a_signed_path_expires() {
    use_private_stack();
    let (id, _) = packaged("private/short.mp4", &json!({}));
    let short = playback_token(&id, r#"{"seconds": 1}"#);
    eventually("a signed path to expire", || {
        let answer = fetch(text(&short["urls"], "hls"), None);
        (answer.status != 200).then(|| assert_refused(&answer, "expired"))
    });
    assert_eq!(fetch(text(&playback_token(&id, "")["urls"], "hls"), None).status, 200, "a new signed path is valid");
}
