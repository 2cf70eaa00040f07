//! Unusual names of uploaded files.

use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::http::Body;
use crate::platform::{find_content, ingested, package_of_upload, ready, text};
use crate::stack::stack;

const NAMES: [&str; 9] = [
    "a summer holiday.mp4",
    "one+one=two.mp4",
    "100% %20 %2B.mp4",
    "Überraschung 映画 🎬.mp4",
    "LOUD.MP4",
    "no extension",
    "very/deeply/nested folder/movie.mp4",
    "quote's \"quoted\" & <tagged>; #1?.mp4",
    ".hidden..mp4",
];

#[test]
fn every_name_a_person_could_choose_becomes_a_stream() {
    let movie = fixture("still.mp4");
    let contents: Vec<_> = NAMES.iter().map(|key| ingested(&format!("names/{key}"), &movie)).collect();
    for content in contents {
        assert_eq!(text(&ready(package_of_upload(&content)), "status"), "Ready", "{content}");
    }
}

#[test]
fn a_folder_marker_is_not_a_content() {
    let bucket = stack().output("uploads_bucket");
    let etag = aws::put(bucket, "names/a folder/", Body::Bytes(b""));
    // Invokes ingest once more directly, to wait for its response.
    aws::ingest(&aws::object_created(bucket, "names/a folder/", &etag, 0));
    assert_eq!(find_content("names/a folder/"), None);
}
