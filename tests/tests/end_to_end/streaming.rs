//! From an upload to a stream: every kind of movie becomes Ready, matches the command's package, stays within the bounds on
//! requests, bytes and memory, and plays.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use vpp_tests::boxes;
use vpp_tests::decrypt::{self, KEY};
use vpp_tests::ffmpeg::{self, Edits};
use vpp_tests::fixtures::fixture;
use vpp_tests::package::Package;

use crate::aws;
use crate::platform::{
    assert_matches_command, assert_packaged, fetch, ingested, key_of, package_files, package_of_upload, ready, save,
    text,
};
use crate::stack::stack;

/// Bytes that ingest may read in addition to the index.
const HEADERS: u64 = 64 * 1024;
/// The part size of large uploads, which is that of the AWS command line.
const PART: usize = 8 * 1024 * 1024;

/// Memory that a function's process may use in addition to its data.
const BASE_MEMORY: u64 = 48 << 20;

/// Source bytes of a work unit.
const WORK_UNIT: u64 = 32 << 20;

/// Uploads a movie and checks two packages: the one that the upload starts, and one with the default key of the tests.
fn assert_streams(name: &str) {
    let movie = fixture(name);
    let content = ingested(&format!("streaming/{name}"), &movie);
    assert_package_of_upload(&content, &movie);
    assert_packaged(&content, &movie, KEY);
}

/// Waits for the package that the upload has started, and asserts that it matches the command's. Returns the package.
fn assert_package_of_upload(content: &serde_json::Value, movie: &Path) -> serde_json::Value {
    let id = package_of_upload(content);
    let package = ready(id);
    assert_matches_command(id, movie, &key_of(id), text(&package, "kid"));
    package
}

#[test]
fn the_sample_movie_becomes_the_stream_that_the_command_writes() {
    assert_streams("sample.mp4");
}

#[test]
fn a_quicktime_movie_becomes_a_stream() {
    assert_streams("quicktime.mov");
}

#[test]
fn a_movie_without_audio_becomes_a_stream() {
    assert_streams("video-only.mp4");
}

#[test]
fn a_movie_in_two_languages_becomes_a_stream() {
    assert_streams("two-languages.mp4");
}

#[test]
fn a_movie_with_late_audio_becomes_a_stream() {
    assert_streams("late-audio.mp4");
}

/// A ten-minute film, uploaded in parts. Checks the bytes that were moved, by the platform's counters and by the bucket.
#[test]
fn a_film_is_read_once_and_written_once() {
    let movie = fixture("film-moov-first.mp4");
    let key = "streaming/film-moov-first.mp4";
    let bytes = fs::read(&movie).unwrap();
    aws::put_in_parts(stack().output("uploads_bucket"), key, &bytes, PART);
    let content = crate::platform::content(key);
    let package = assert_package_of_upload(&content, &movie);

    let size = bytes.len() as u64;
    let count = |value: &serde_json::Value| value.as_u64().expect("a count");
    let progress = &package["progress"];
    assert_eq!(count(&progress["source_bytes"]), size);
    assert!(count(&progress["work_units_total"]) > 1, "{progress}");
    assert_eq!(progress["work_units_done"], progress["work_units_total"]);
    let (read, written) = (count(&progress["bytes_read"]), count(&progress["bytes_written"]));
    assert!(read * 100 <= size * 102, "read {read} of {size}");
    assert!(written * 100 <= size * 102, "written {written} of {size}");
    let objects = aws::list(stack().output("output_bucket"), package_of_upload(&content));
    let stored: u64 = objects.iter().map(|object| object.size).sum();
    assert_eq!(written, stored, "the counter is the size of the objects");

    let index = box_size(&bytes, *b"moov");
    let ingest_read = count(&content["bytes_read"]);
    assert!(ingest_read <= index + HEADERS, "ingest read {ingest_read}, the index has {index}");

    // The functions' processes report these. They have packaged for other tests too.
    let stages = &package["receipt"]["stages"];
    let memory = |stage: &str| count(&stages[stage]["peak_memory_bytes"]);
    let bound = BASE_MEMORY + WORK_UNIT + WORK_UNIT / 4;
    assert!(memory("encrypt") <= bound, "encrypt held {} of {bound} bytes", memory("encrypt"));
    for stage in ["ingest", "fragment"] {
        let bound = BASE_MEMORY + 4 * index;
        assert!(memory(stage) <= bound, "{stage} held {} of {bound} bytes", memory(stage));
    }
    let work_units = count(&progress["work_units_total"]);
    let requests = |kind: &str| count(&stages["encrypt"]["requests"][kind]);
    let segments =
        objects.iter().filter(|object| Path::new(&object.key).extension().is_some_and(|kind| kind == "m4s")).count()
            as u64;
    assert_eq!(requests("put"), segments, "a request for each segment");
    assert_eq!(
        requests("get"),
        2 * work_units,
        "for each work unit: its section of the plan, and one range of the film"
    );
}

/// Returns the size of a top-level box of a file.
fn box_size(bytes: &[u8], kind: [u8; 4]) -> u64 {
    let found = boxes::children(bytes).find(|(found, _)| *found == kind);
    found.expect("the box exists").1.len() as u64 + 8
}

#[test]
fn only_the_video_is_encrypted_and_the_audio_plays_without_a_key() {
    let movie = fixture("two-languages.mp4");
    let content = ingested("streaming/clear audio.mp4", &movie);
    let id = package_of_upload(&content);
    ready(id);
    let scratch = TempDir::new().unwrap();
    save(&package_files(id), scratch.path());
    let package = Package::open(scratch.path());
    let entry = |name: &str| {
        let init = fs::read(&package.representation(name).init).unwrap();
        let entries = &boxes::one(&init, "moov/trak/mdia/minf/stbl/stsd")[8..];
        let kinds: Vec<_> =
            boxes::children(entries).map(|(kind, _)| String::from_utf8_lossy(kind).into_owned()).collect();
        kinds.concat()
    };
    assert_eq!([entry("v1"), entry("a1"), entry("a2")], ["encv", "mp4a", "mp4a"]);
    for (name, stream) in [("a1", "0:a:0"), ("a2", "0:a:1")] {
        let joined = decrypt::join(package.representation(name), scratch.path());
        let hashes = |file: &Path, stream: &str| -> Vec<String> {
            ffmpeg::packets(file, stream, Edits::Ignored).into_iter().map(|packet| packet.sha256).collect()
        };
        assert_eq!(hashes(&joined, "0:0"), hashes(&movie, stream), "{name}");
    }
}

#[test]
fn the_cdn_answers_a_player_on_any_page() {
    let content = ingested("streaming/delivery.mp4", &fixture("sample.mp4"));
    let package = ready(package_of_upload(&content));
    let url = text(&package, "url");
    assert!(url.starts_with(stack().output("delivery_url")), "{url}");
    let at = |path: &str| url.replace("stream.mpd", path);
    let immutable = "public, max-age=31536000, immutable";
    for (path, media_type, caching) in [
        ("stream.mpd", "application/dash+xml", "public, max-age=60"),
        ("stream.m3u8", "application/vnd.apple.mpegurl", "public, max-age=60"),
        ("v1/init.mp4", "video/mp4", immutable),
        ("v1/1.m4s", "video/mp4", immutable),
        ("a1/init.mp4", "audio/mp4", immutable),
        ("a1/1.m4s", "audio/mp4", immutable),
    ] {
        let answer = fetch(&at(path), None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let headers = ["content-type", "cache-control", "access-control-allow-origin"].map(|name| answer.header(name));
        assert_eq!(headers, [media_type, caching, "*"], "{path}");
        let part = fetch(&at(path), Some("bytes=10-29"));
        assert_eq!((part.status, &part.body[..]), (206, &answer.body[10..30]), "{path}");
        assert_eq!(part.header("content-range"), format!("bytes 10-29/{}", answer.body.len()), "{path}");
    }
    assert!(matches!(fetch(&at("v1/9999.m4s"), None).status, 403 | 404));
    assert!(matches!(fetch(&at("../plan"), None).status, 400..=404));
}
