//! `vpp package --jobs`: the result does not depend on the number of threads.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::Path;

use tempfile::TempDir;
use vpp_tests::decrypt::KEY;
use vpp_tests::vpp::files;
use vpp_tests::{fixtures, movies, vpp};

/// Packages a movie with each number of threads, to a folder named by it. Returns what the command printed to its error stream.
fn package(movie: &Path, folder: &Path, layout: &str, threads: &str) -> String {
    let arguments = ["--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all", "--layout", layout, "--jobs", threads];
    let output = vpp::package(movie, &folder.join(threads), &arguments);
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn every_number_of_threads_writes_the_same_files() {
    for movie in ["sample.mp4", "two-languages.mp4", "webvtt.mp4", "film-moov-first.mp4"].map(fixtures::fixture) {
        for layout in ["segments", "single-file"] {
            let scratch = TempDir::new().unwrap();
            for threads in ["1", "2", "7"] {
                assert_eq!(package(&movie, scratch.path(), layout, threads), "");
            }
            let expected = files(&scratch.path().join("1"));
            assert!(expected.contains_key(Path::new("stream.mpd")));
            for threads in ["2", "7"] {
                let differs = files(&scratch.path().join(threads)) != expected;
                assert!(!differs, "{} as {layout}, {threads} threads", movie.display());
            }
        }
    }
}

#[test]
fn of_several_failures_the_first_of_the_movie_is_reported() {
    let scratch = TempDir::new().unwrap();
    // The last video samples of three work units, so that threads fail in any order.
    let movie = movies::with_bad_video_samples(&scratch.path().join("bad.mp4"), |sample, _| sample % 150 == 149);
    for layout in ["segments", "single-file"] {
        let expected = package(&movie, scratch.path(), layout, "1");
        assert!(expected.starts_with("malformed_sample: "), "{expected}");
        for _ in 0..20 {
            assert_eq!(package(&movie, scratch.path(), layout, "8"), expected);
        }
    }
}
