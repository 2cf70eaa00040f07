//! From a plain PUT to a stream: every kind of movie becomes Ready, is what it should be, costs what it may, and plays.

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
    assert_as_the_command_writes, assert_packaged, fetch, ingested, key_of, output, own_package, ready, save, text,
};
use crate::stack::stack;

/// What ingest may read besides the index.
const HEADERS: u64 = 64 * 1024;
/// Bytes of a part of a large upload, as the AWS command line cuts it.
const PART: usize = 8 * 1024 * 1024;

/// Bytes of memory that a function's process may hold beside what it works on.
const PROCESS: u64 = 48 << 20;

/// Source bytes in a work unit.
const WORK_UNIT: u64 = 32 << 20;

/// Uploads a movie and proves both its packages: the one that the upload starts, and one with the key of the tests.
fn assert_streams(name: &str) {
    let movie = fixture(name);
    let content = ingested(&format!("streaming/{name}"), &movie);
    assert_own_package(&content, &movie);
    assert_packaged(&content, &movie, KEY);
}

/// The package that the upload has started becomes Ready and is what the command writes with its key. Returns its answer.
fn assert_own_package(content: &serde_json::Value, movie: &Path) -> serde_json::Value {
    let id = own_package(content);
    let package = ready(id);
    assert_as_the_command_writes(id, movie, &key_of(id), text(&package, "kid"));
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

/// Ten minutes, uploaded in parts, and what moving them cost: by the platform's own count, and by what lies in the bucket.
#[test]
fn a_film_is_read_once_and_written_once() {
    let movie = fixture("film-moov-first.mp4");
    let key = "streaming/film-moov-first.mp4";
    let bytes = fs::read(&movie).unwrap();
    aws::put_in_parts(stack().output("uploads_bucket"), key, &bytes, PART);
    let content = crate::platform::content(key);
    let package = assert_own_package(&content, &movie);

    let size = bytes.len() as u64;
    let count = |value: &serde_json::Value| value.as_u64().expect("a count");
    let progress = &package["progress"];
    assert_eq!(count(&progress["source_bytes"]), size);
    assert!(count(&progress["work_units_total"]) > 1, "{progress}");
    assert_eq!(progress["work_units_done"], progress["work_units_total"]);
    let (read, written) = (count(&progress["bytes_read"]), count(&progress["bytes_written"]));
    assert!(read * 100 <= size * 102, "read {read} of {size}");
    assert!(written * 100 <= size * 102, "written {written} of {size}");
    let objects = aws::list(stack().output("output_bucket"), own_package(&content));
    let stored: u64 = objects.iter().map(|own| own.size).sum();
    assert_eq!(written, stored, "what is counted is what lies there");

    let index = boxes_size(&bytes, *b"moov");
    let judged = count(&content["bytes_read"]);
    assert!(judged <= index + HEADERS, "ingest read {judged}, the index has {index}");

    // By the meters of the functions' own processes, which have made packages of other tests too.
    let stages = &package["receipt"]["stages"];
    let memory = |stage: &str| count(&stages[stage]["peak_memory_bytes"]);
    let bound = PROCESS + WORK_UNIT + WORK_UNIT / 4;
    assert!(memory("encrypt") <= bound, "encrypt held {} of {bound} bytes", memory("encrypt"));
    for stage in ["ingest", "fragment"] {
        let bound = PROCESS + 4 * index;
        assert!(memory(stage) <= bound, "{stage} held {} of {bound} bytes", memory(stage));
    }
    let work_units = count(&progress["work_units_total"]);
    let requests = |kind: &str| count(&stages["encrypt"]["requests"][kind]);
    let segments =
        objects.iter().filter(|own| Path::new(&own.key).extension().is_some_and(|own| own == "m4s")).count() as u64;
    assert_eq!(requests("put"), segments, "a request for each segment");
    assert_eq!(
        requests("get"),
        2 * work_units,
        "for each work unit its section of the plan, and one range of the film"
    );
}

/// The size of a box at the top of a file.
fn boxes_size(bytes: &[u8], kind: [u8; 4]) -> u64 {
    let found = boxes::children(bytes).find(|(own, _)| *own == kind);
    found.expect("the box is there").1.len() as u64 + 8
}

#[test]
fn only_the_video_is_encrypted_and_the_audio_plays_without_a_key() {
    let movie = fixture("two-languages.mp4");
    let content = ingested("streaming/clear sound.mp4", &movie);
    let id = own_package(&content);
    ready(id);
    let scratch = TempDir::new().unwrap();
    save(&output(id), scratch.path());
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
        let sound = |file: &Path, stream: &str| -> Vec<String> {
            ffmpeg::packets(file, stream, Edits::Ignored).into_iter().map(|packet| packet.sha256).collect()
        };
        assert_eq!(sound(&joined, "0:0"), sound(&movie, stream), "{name}");
    }
}

#[test]
fn the_cdn_answers_a_player_on_any_page() {
    let content = ingested("streaming/delivery.mp4", &fixture("sample.mp4"));
    let package = ready(own_package(&content));
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
