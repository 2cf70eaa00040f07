//! Uploads through the API with presigned URLs: in one request or in parts, interrupted and resumed.

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::http::{Answer, Body, send};
use crate::platform::{api_token, call, call_as, package_of_upload, ready, text};
use crate::stack::{eventually, stack};

const MIB: u64 = 1024 * 1024;

fn begin(name: &str, bytes: u64) -> Value {
    let answer = call("POST", "/uploads", &json!({"name": name, "bytes": bytes}).to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Returns the path and query of a URL of the stack.
fn target(url: &str) -> &str {
    let rest = url.strip_prefix("http://").and_then(|rest| rest.strip_prefix(stack().address()));
    rest.unwrap_or_else(|| panic!("{url} is not at {}", stack().address()))
}

/// Sends bytes to a presigned URL, without credentials.
fn put(url: &str, bytes: &[u8]) -> Answer {
    send(stack().address(), "PUT", target(url), &[], Body::Bytes(bytes))
}

/// Sends half of the bytes and closes the connection.
fn send_half(url: &str, bytes: &[u8]) {
    let mut stream = TcpStream::connect(stack().address()).unwrap();
    let (host, length) = (stack().address(), bytes.len());
    let head = format!("PUT {} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n", target(url));
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&bytes[..length / 2]).unwrap();
}

/// Returns the bytes of a part, which are different for every number.
fn part(number: u64, length: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let words = std::iter::repeat_with(word).take(usize::try_from(length.div_ceil(8)).unwrap());
    let mut bytes: Vec<u8> = words.flatten().collect();
    bytes.truncate(usize::try_from(length).unwrap());
    bytes
}

#[test]
fn a_movie_that_is_sent_by_its_url_becomes_a_stream() {
    let movie = std::fs::read(fixture("still.mp4")).unwrap();
    let upload = begin("my still + 100%.mp4", movie.len() as u64);
    let path = format!("/uploads/{}", text(&upload, "upload_id"));
    assert_eq!(call("POST", &format!("{path}/complete"), "").json()["code"], "upload_incomplete");
    assert_eq!(put(text(&upload["urls"][0], "url"), &movie).status, 200);
    let done = call("POST", &format!("{path}/complete"), "");
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(call("POST", &format!("{path}/complete"), "").json(), done.json(), "requested twice");
    let id = text(&done.json(), "input_content_id").to_owned();
    let content = eventually("the verdict", || {
        let answer = call("GET", &format!("/input_content/{id}"), "");
        (answer.status == 200).then(|| answer.json())
    });
    assert_eq!(
        (text(&content, "input_content_origin"), text(&content, "status")),
        (text(&done.json(), "input_content_origin"), "Ingested")
    );
    ready(package_of_upload(&content));
}

#[test]
fn a_gibibyte_is_interrupted_resumed_and_arrives_complete() {
    let bytes = 1024 * MIB + 12_345;
    let upload = begin("film.mp4", bytes);
    let (parts, part_bytes) = (upload["parts"].as_u64().unwrap(), upload["part_bytes"].as_u64().unwrap());
    let length = |number: u64| part_bytes.min(bytes - (number - 1) * part_bytes);
    let path = format!("/uploads/{}", text(&upload, "upload_id"));
    let urls = |answer: &Value| -> Vec<(u64, String)> {
        let urls = answer["urls"].as_array().expect("URLs").iter();
        urls.map(|url| (url["part"].as_u64().unwrap(), text(url, "url").to_owned())).collect()
    };
    // Sends every other part, the last first. Then interrupts one part, and sends wrong bytes as another.
    let all = urls(&upload);
    assert_eq!(all.len() as u64, parts.min(100));
    for (number, url) in all.iter().rev().step_by(2) {
        assert_eq!(put(url, &part(*number, length(*number))).status, 200, "part {number}");
    }
    let (interrupted, url) = &all[all.len() - 2];
    send_half(url, &part(*interrupted, length(*interrupted)));
    let (wrong, url) = &all[all.len() - 4];
    assert_eq!(put(url, b"too short").status, 403, "the URL is signed for the length of the part");

    let incomplete = call("POST", &format!("{path}/complete"), "");
    assert_eq!((incomplete.status, &incomplete.json()["code"]), (409, &json!("upload_incomplete")));
    let missing: Vec<u64> =
        incomplete.json()["missing"].as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
    assert!(missing.contains(interrupted) && missing.contains(wrong), "{missing:?}");
    // The upload is resumed: the API lists the missing parts with new URLs.
    let mut sent = 0;
    loop {
        let remaining = call("GET", &format!("{path}?limit=7"), "").expect("the missing parts").json();
        let remaining = urls(&remaining);
        if remaining.is_empty() {
            break;
        }
        for (number, url) in remaining {
            assert!(missing.contains(&number), "part {number} had arrived");
            assert_eq!(put(&url, &part(number, length(number))).status, 200, "part {number}");
            sent += 1;
        }
    }
    assert_eq!(sent, missing.len());
    let done = call("POST", &format!("{path}/complete"), "").expect("it is complete").json();
    let origin = text(&done, "input_content_origin");
    let (bucket, key) = origin.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).unwrap();
    assert_eq!(aws::size(bucket, key), bytes);
    for number in 1..=parts {
        let start = (number - 1) * part_bytes;
        let stored = aws::get_range(bucket, key, start, length(number));
        assert!(stored == part(number, length(number)), "part {number} differs");
    }
    assert_eq!(call("POST", &format!("{path}/complete"), "").json(), done);
    // Deletes the gibibyte, which the emulator stores in memory.
    let id = text(&done, "input_content_id").to_owned();
    eventually("the verdict", || (call("GET", &format!("/input_content/{id}"), "").status == 200).then_some(()));
    assert_eq!(call("DELETE", &format!("/input_content/{id}"), "").status, 202);
}

#[test]
fn an_aborted_upload_accepts_no_more_parts_and_a_url_permits_one_part() {
    let upload = begin("film.mp4", 100 * MIB);
    let path = format!("/uploads/{}", text(&upload, "upload_id"));
    let (first, second) = (text(&upload["urls"][0], "url"), text(&upload["urls"][1], "url"));
    let bytes = part(1, upload["part_bytes"].as_u64().unwrap());
    assert_eq!(put(first, &bytes).status, 200);
    assert_eq!(put(first, &bytes[1..]).status, 403, "the URL is signed for one length");
    assert_ne!(
        put(&first.replace("partNumber=1", "partNumber=2"), &bytes).status,
        200,
        "the URL is signed for one part"
    );
    let elsewhere = first.replace("film.mp4", "other.mp4");
    assert_ne!(put(&elsewhere, &bytes).status, 200, "the URL is signed for one object");
    assert_eq!(call_as(Some(&api_token("reader")), "GET", &path, "").status, 403, "readers get no upload URLs");
    assert_eq!(call("DELETE", &path, "").status, 200);
    assert_ne!(put(second, &bytes).status, 200);
    assert_eq!(call("GET", &path, "").json()["code"], "upload_not_found");
}

#[test]
fn a_small_upload_is_withdrawn_and_takes_no_other_length() {
    let movie = std::fs::read(fixture("still.mp4")).unwrap();
    let announced = begin("announced.mp4", 4);
    let url = text(&announced["urls"][0], "url");
    assert_eq!(put(url, &movie).status, 403, "4 bytes were announced");
    let upload = begin("withdrawn.mp4", movie.len() as u64);
    let path = format!("/uploads/{}", text(&upload, "upload_id"));
    assert_eq!(call("DELETE", &path, "").status, 200);
    assert_eq!(put(text(&upload["urls"][0], "url"), &movie).status, 404, "there is no such upload");
    for upload in [announced, upload] {
        let origin = text(&upload, "upload_id");
        let listed = call("GET", "/input_content?limit=100", "").json();
        assert!(!listed.to_string().contains(origin), "{listed}");
    }
}
