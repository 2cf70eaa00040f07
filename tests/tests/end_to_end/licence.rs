//! From a token to decrypted video: the licence server's key decrypts the segments from the CDN, and requires a token.

use std::fs;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::json;
use tempfile::TempDir;
use vpp_tests::boxes;
use vpp_tests::fixtures::fixture;

use crate::http::Answer;
use crate::platform::{
    call, content, fetch, ingested, package_of_upload, playback_token, player, post, ready, text, upload,
};
use crate::stack::{eventually, stack};

/// Asserts that the response is that to a request without a valid token.
fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("playback_token_invalid")), "{}", answer.text());
    assert_eq!(answer.header("access-control-allow-origin"), "*", "pages can read the reason");
}

#[test]
fn a_token_gives_the_key_that_decrypts_the_stream_and_nothing_else_does() {
    let content = ingested("licence/sample.mp4", &fixture("sample.mp4"));
    let other = ingested("licence/late-video.mp4", &fixture("late-video.mp4"));
    let package = ready(package_of_upload(&content));
    let id = package_of_upload(&content);
    ready(package_of_upload(&other));
    let kid = HEXLOWER.decode(text(&package, "kid").replace('-', "").as_bytes()).unwrap();
    let kid = BASE64URL_NOPAD.encode(&kid);
    let request = json!({"kids": [kid], "type": "temporary"}).to_string();

    // The manifest and the response with the token have the same URL.
    let manifest = fetch(text(&package, "url"), None).text();
    let issued = playback_token(id, "");
    let address = text(&issued, "license_url");
    assert!(manifest.contains(&format!(">{address}</dashif:laurl>")), "{manifest}");
    assert!(address.starts_with(stack().output("delivery_url")), "on the domain of the streams: {address}");
    let token = text(&issued, "token");

    let licence = player("POST", address, Some(token), &request);
    assert_eq!(licence.status, 200, "{}", licence.text());
    assert_eq!((licence.header("cache-control"), licence.header("access-control-allow-origin")), ("no-store", "*"));
    let key = &licence.json()["keys"][0];
    assert_eq!((&key["kty"], &key["kid"]), (&json!("oct"), &json!(kid)));
    let key = HEXLOWER.encode(&BASE64URL_NOPAD.decode(text(key, "k").as_bytes()).unwrap());

    // An HLS player fetches the raw key from the URL in its playlist.
    let playlist = fetch(&text(&package, "url").replace("stream.mpd", "v1/media.m3u8"), None).text();
    let (_, rest) = playlist.split_once("URI=\"http").unwrap();
    let key_url = format!("http{}", rest.split('"').next().unwrap());
    let raw = player("GET", &format!("{key_url}&token={token}"), None, "");
    assert_eq!((raw.status, HEXLOWER.encode(&raw.body)), (200, key.clone()));

    // The segments from the CDN decrypt to the source's samples.
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

    let foreign = playback_token(package_of_upload(&other), "");
    let tampered = format!("{}A", &token[..token.len() - 1]);
    let tampered = if tampered == token { format!("{}E", &token[..token.len() - 1]) } else { tampered };
    for invalid in [None, Some("v1.9999999999.AAAA"), Some(text(&foreign, "token")), Some(tampered.as_str())] {
        assert_refused(&player("POST", address, invalid, &request));
    }
    assert_refused(&player("GET", &key_url, None, ""));
    let short = playback_token(id, r#"{"seconds": 1}"#);
    eventually("a token to expire", || {
        let answer = player("POST", address, Some(text(&short, "token")), &request);
        (answer.status != 200).then(|| assert_refused(&answer))
    });
    let unknown_kid = json!({"kids": ["AAAAAAAAAAAAAAAAAAAAAQ"]}).to_string();
    assert_eq!(player("POST", address, Some(token), &unknown_kid).status, 404);
    for secret in [token, &key, &BASE64URL_NOPAD.encode(&HEXLOWER.decode(key.as_bytes()).unwrap())] {
        assert!(!stack().logs().contains(secret), "no log contains a token or a key");
    }
}

#[test]
fn a_clear_package_has_no_licence() {
    upload("licence/clear.mp4", &fixture("still.mp4"));
    let content = content("licence/clear.mp4");
    let requested = post(&json!({"input_content_id": content["input_content_id"], "scheme": "clear"})).json();
    let id = text(&requested, "packaged_content_id");
    ready(id);
    let answer = call("POST", &format!("/packaged_content/{id}/playback_tokens"), "");
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("package_not_encrypted")));
}
