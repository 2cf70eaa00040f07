//! Single files: what many functions assemble of parts is, byte by byte, what the command writes.

use std::fs;

use serde_json::{Value, json};
use vpp_tests::decrypt::KEY;
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::platform::{assert_as_the_command_writes_in, fetch, ingested, post, ready, text};
use crate::stack::stack;

/// Uploads a movie and has it packaged into single files; returns the answer when it is ready.
fn packaged(name: &str) -> Value {
    let movie = fixture(name);
    let content = ingested(&format!("layouts/{name}"), &movie);
    let asked = post(&json!({
        "input_content_id": content["input_content_id"], "key": KEY.key, "kid": KEY.kid, "layout": "single-file",
    }));
    assert_eq!(asked.status, 202, "{}", asked.text());
    let package = ready(text(&asked.json(), "packaged_content_id"));
    assert_eq!(package["layout"], "single-file");
    let id = text(&package, "packaged_content_id");
    assert_as_the_command_writes_in("single-file", id, &[&movie], KEY.key, KEY.kid);
    package
}

/// Bytes of the objects of a package, in the output bucket and in the work bucket.
fn stored(package: &Value) -> [u64; 2] {
    let id = text(package, "packaged_content_id");
    let places =
        [(stack().output("output_bucket"), id.to_owned()), (stack().output("work_bucket"), format!("parts/{id}/"))];
    places.map(|(bucket, prefix)| aws::list(bucket, &prefix).iter().map(|own| own.size).sum())
}

#[test]
fn the_single_files_of_a_short_movie_need_no_staged_parts() {
    let package = packaged("sample.mp4");
    let [output, kept] = stored(&package);
    assert_eq!((package["progress"]["bytes_written"].as_u64(), kept), (Some(output), 0));
    let url = text(&package, "url").replace("stream.mpd", "v1/media.mp4");
    let head = fetch(&url, Some("bytes=4-7"));
    assert_eq!((head.status, head.text().as_str()), (206, "ftyp"));
}

#[test]
fn a_film_is_assembled_of_parts_and_read_once() {
    let package = packaged("film-moov-first.mp4");
    let size = fs::metadata(fixture("film-moov-first.mp4")).unwrap().len();
    let progress = &package["progress"];
    let count = |name: &str| progress[name].as_u64().expect("a count");
    assert!(count("work_units_total") > 1, "{progress}");
    assert!(count("bytes_read") * 100 <= size * 102, "{progress}");
    let [output, kept] = stored(&package);
    assert!(output * 100 <= size * 102, "{output} of {size}");
    assert_eq!(count("bytes_written"), output + kept, "what is counted is what lies there");
    // The sound, and the start of the picture.
    assert!(kept * 10 <= size, "{kept} of {size} were kept to be gathered");
}
