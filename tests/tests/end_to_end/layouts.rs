//! Single files that many functions assemble from parts are byte for byte those of the command.

use std::fs;

use serde_json::{Value, json};
use vpp_tests::decrypt::KEY;
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::platform::{assert_matches_command_in, fetch, ingested, post, ready, text};
use crate::stack::stack;

/// Uploads a movie and requests a package of single files. Returns the package when it is Ready.
fn packaged(name: &str) -> Value {
    let movie = fixture(name);
    let content = ingested(&format!("layouts/{name}"), &movie);
    let requested = post(&json!({
        "input_content_id": content["input_content_id"], "key": KEY.key, "kid": KEY.kid, "layout": "single-file",
    }));
    assert_eq!(requested.status, 202, "{}", requested.text());
    let package = ready(text(&requested.json(), "packaged_content_id"));
    assert_eq!(package["layout"], "single-file");
    let id = text(&package, "packaged_content_id");
    assert_matches_command_in("single-file", id, &[&movie], KEY.key, KEY.kid);
    package
}

/// Returns the bytes of a package's objects in the output bucket, and of its staged parts in the work bucket.
fn stored(package: &Value) -> [u64; 2] {
    let id = text(package, "packaged_content_id");
    let places =
        [(stack().output("output_bucket"), id.to_owned()), (stack().output("work_bucket"), format!("parts/{id}/"))];
    places.map(|(bucket, prefix)| aws::list(bucket, &prefix).iter().map(|object| object.size).sum())
}

#[test]
fn the_single_files_of_a_short_movie_need_no_staged_parts() {
    let package = packaged("sample.mp4");
    let [output, staged] = stored(&package);
    assert_eq!((package["progress"]["bytes_written"].as_u64(), staged), (Some(output), 0));
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
    let [output, staged] = stored(&package);
    assert!(output * 100 <= size * 102, "{output} of {size}");
    assert_eq!(count("bytes_written"), output + staged, "the counter is the size of the objects");
    // The audio, and the start of the video.
    assert!(staged * 10 <= size, "{staged} of {size} bytes were staged");
}

/// The index of a Matroska file is read from the whole of it, by every function that needs it.
#[test]
fn a_recording_in_matroska_becomes_the_same_stream_as_by_the_command() {
    let package = packaged("live.mkv");
    assert_eq!(package["status"], "Ready");
}
