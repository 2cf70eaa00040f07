//! The bytes of a package depend only on the movie's content and the options. A package is hardly larger than its source.

use std::fs;
use std::path::PathBuf;

use vpp_tests::decrypt::{KEY, OTHER_KEY};
use vpp_tests::fixtures;

use crate::packaging::{Packaged, key_arguments, packaged};

#[test]
fn the_same_request_gives_the_same_bytes_and_another_key_other_ones() {
    let movie = fixtures::fixture("late-audio.mp4");
    let [first, again, other] = [KEY, KEY, OTHER_KEY].map(|key| packaged(&movie, &key_arguments(key)));
    assert_eq!(files(&first), files(&again));
    let (first, other) = (files(&first), files(&other));
    assert_eq!(first.len(), other.len());
    for ((name, first), (_, other)) in first.iter().zip(&other) {
        let is_video =
            name.starts_with("v1") || ["stream.mpd", "stream.m3u8"].iter().any(|manifest| name.ends_with(manifest));
        assert_eq!(first != other, is_video, "{}", name.display());
    }
}

#[test]
fn the_position_of_the_index_does_not_matter() {
    let [front, back] = ["film-moov-first.mp4", "film-moov-last.mp4"]
        .map(|name| packaged(&fixtures::fixture(name), &key_arguments(KEY)));
    let (front, back) = (files(&front), files(&back));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&front), names(&back));
    assert!(front.iter().zip(&back).all(|(front, back)| front == back), "the files differ");
}

#[test]
fn a_package_is_hardly_larger_than_its_source() {
    let movie = fixtures::fixture("film-moov-first.mp4");
    let source = fs::metadata(&movie).unwrap().len();
    let written: usize = files(&packaged(&movie, &key_arguments(KEY))).iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(written as u64 * 100 <= source * 102, "{written} of {source} bytes");
}

/// Reads every file of a package: path and content.
fn files(packaged: &Packaged) -> Vec<(PathBuf, Vec<u8>)> {
    let read = |path: PathBuf| (path.clone(), fs::read(packaged.package.directory.join(path)).unwrap());
    packaged.package.files().into_iter().map(read).collect()
}
