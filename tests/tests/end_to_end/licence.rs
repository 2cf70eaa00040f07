//! From a token to a picture: what the licence server hands out decrypts what the CDN delivers, and nobody else gets it.

use std::fs;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use tempfile::TempDir;
use vpp_tests::boxes;
use vpp_tests::fixtures::fixture;

use crate::http::Answer;
use crate::platform::{call, content, fetch, ingested, own_package, player, post, ready, text, upload};
use crate::stack::{eventually, stack};

/// What is answered to whoever has no token.
fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("playback_token_invalid")), "{}", answer.text());
    assert_eq!(answer.header("access-control-allow-origin"), "*", "pages may read why");
}

pub(crate) fn token(package: &str, body: &str) -> Value {
    let answer = call("POST", &format!("/packaged_content/{package}/playback_tokens"), body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

#[test]
fn a_token_gives_the_key_that_decrypts_the_stream_and_nothing_else_does() {
    let one = ingested("licence/sample.mp4", &fixture("sample.mp4"));
    let other = ingested("licence/late-video.mp4", &fixture("late-video.mp4"));
    let package = ready(own_package(&one));
    let id = own_package(&one);
    ready(own_package(&other));
    let kid = HEXLOWER.decode(text(&package, "kid").replace('-', "").as_bytes()).unwrap();
    let kid = BASE64URL_NOPAD.encode(&kid);
    let asked = json!({"kids": [kid], "type": "temporary"}).to_string();

    // The manifest says where; the address is what the token's answer says too.
    let manifest = fetch(text(&package, "url"), None).text();
    let issued = token(id, "");
    let address = text(&issued, "license_url");
    assert!(manifest.contains(&format!(">{address}</dashif:laurl>")), "{manifest}");
    let right = text(&issued, "token");

    let licence = player("POST", address, Some(right), &asked);
    assert_eq!(licence.status, 200, "{}", licence.text());
    assert_eq!((licence.header("cache-control"), licence.header("access-control-allow-origin")), ("no-store", "*"));
    let key = &licence.json()["keys"][0];
    assert_eq!((&key["kty"], &key["kid"]), (&json!("oct"), &json!(kid)));
    let key = HEXLOWER.encode(&BASE64URL_NOPAD.decode(text(key, "k").as_bytes()).unwrap());

    // A player of HLS fetches the bytes alone, from the address in its playlist.
    let playlist = fetch(&text(&package, "url").replace("stream.mpd", "v1/media.m3u8"), None).text();
    let (_, rest) = playlist.split_once("URI=\"http").unwrap();
    let key_url = format!("http{}", rest.split('"').next().unwrap());
    let raw = player("GET", &format!("{key_url}&token={right}"), None, "");
    assert_eq!((raw.status, HEXLOWER.encode(&raw.body)), (200, key.clone()));

    // What the CDN delivers is decrypted to the source's very samples.
    let scratch = TempDir::new().unwrap();
    let base = text(&package, "url").trim_end_matches("stream.mpd");
    let joined: Vec<u8> =
        ["init.mp4", "1.m4s"].iter().flat_map(|name| fetch(&format!("{base}v1/{name}"), None).body).collect();
    let (encrypted, clear) = (scratch.path().join("encrypted.mp4"), scratch.path().join("clear.mp4"));
    fs::write(&encrypted, joined).unwrap();
    let kid = text(&package, "kid").replace('-', "");
    let decrypter = mp4decrypt::Ap4CencDecryptingProcessor::new().key(&kid, &key).unwrap().build().unwrap();
    decrypter.decrypt_file(&encrypted, &clear, None).unwrap();
    let samples = boxes::all(&fs::read(clear).unwrap(), "mdat").concat();
    let movie = fs::read(fixture("sample.mp4")).unwrap();
    assert!(movie.windows(4096).any(|window| window == &samples[..4096]), "the source's bytes");

    let foreign = token(own_package(&other), "");
    let tampered = format!("{}A", &right[..right.len() - 1]);
    let tampered = if tampered == right { format!("{}E", &right[..right.len() - 1]) } else { tampered };
    for wrong in [None, Some("v1.9999999999.AAAA"), Some(text(&foreign, "token")), Some(tampered.as_str())] {
        assert_refused(&player("POST", address, wrong, &asked));
    }
    assert_refused(&player("GET", &key_url, None, ""));
    let short = token(id, r#"{"seconds": 1}"#);
    eventually("a token to be over", || {
        let answer = player("POST", address, Some(text(&short, "token")), &asked);
        (answer.status != 200).then(|| assert_refused(&answer))
    });
    let strange = json!({"kids": ["AAAAAAAAAAAAAAAAAAAAAQ"]}).to_string();
    assert_eq!(player("POST", address, Some(right), &strange).status, 404);
    for secret in [right, &key, &BASE64URL_NOPAD.encode(&HEXLOWER.decode(key.as_bytes()).unwrap())] {
        assert!(!stack().logs().contains(secret), "no log shows a token or a key");
    }
}

#[test]
fn a_clear_package_has_no_licence() {
    upload("licence/clear.mp4", &fixture("still.mp4"));
    let content = content("licence/clear.mp4");
    let asked = post(&json!({"input_content_id": content["input_content_id"], "scheme": "clear"})).json();
    let id = text(&asked, "packaged_content_id");
    ready(id);
    let answer = call("POST", &format!("/packaged_content/{id}/playback_tokens"), "");
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("package_not_encrypted")));
}
