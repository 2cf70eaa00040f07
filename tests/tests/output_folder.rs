//! The output folder of `vpp package`: a package replaces an earlier one completely, and a package that is not complete leaves
//! the folder as it was.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use vpp_scale::movie::Movie;
use vpp_tests::decrypt::KEY;
use vpp_tests::vpp::files;
use vpp_tests::{fixtures, movies, vpp};

const ENCRYPTED: [&str; 4] = ["--key", KEY.key, "--kid", KEY.kid];

fn package(movie: &str, output: &Path, arguments: &[&str]) {
    let packaged = vpp::package(&fixtures::fixture(movie), output, arguments);
    assert!(packaged.status.success(), "{}", String::from_utf8_lossy(&packaged.stderr));
}

/// Writes a movie of a tebibyte as a sparse file: packaging it takes far longer than any test waits.
fn endless(folder: &Path) -> PathBuf {
    let (movie, path) = (Movie::new(1 << 40, 24 * 60 * 60, 1), folder.join("endless.mp4"));
    let mut file = File::create(&path).unwrap();
    file.write_all(&movie.read(0..movie.header_len())).unwrap();
    file.set_len(movie.len()).unwrap();
    path
}

/// Writes the sample movie with an invalid NAL unit length in its last video sample.
fn with_bad_sample(folder: &Path) -> PathBuf {
    movies::with_bad_video_samples(&folder.join("bad-sample.mp4"), |sample, count| sample + 1 == count)
}

#[test]
fn a_package_replaces_an_earlier_one_completely_and_nothing_else() {
    let scratch = TempDir::new().unwrap();
    let (output, fresh) = (scratch.path().join("deep/output"), scratch.path().join("fresh"));
    package("sample.mp4", &output, &[]);
    fs::write(output.join("index.html"), "a page of the user").unwrap();
    fs::create_dir(output.join("v0")).unwrap();

    package("video-only.mp4", &output, &["--layout", "single-file"]);
    package("video-only.mp4", &fresh, &["--layout", "single-file"]);

    let mut expected = files(&fresh);
    expected.insert("index.html".into(), b"a page of the user".to_vec());
    assert_eq!(files(&output), expected);
    assert!(output.join("v0").is_dir(), "a folder that no package has stays");
}

#[test]
fn a_refused_movie_leaves_the_folder_as_it_was() {
    let scratch = TempDir::new().unwrap();
    let (new, used) = (scratch.path().join("a/new"), scratch.path().join("used"));
    package("sample.mp4", &used, &[]);
    let before = files(&used);
    // Refused by its index, and, for the second one, by its last video sample.
    let refused_early = (fixtures::fixture("mdat-cut.mp4"), "truncated_media");
    for (movie, code) in [refused_early, (with_bad_sample(scratch.path()), "malformed_sample")] {
        for layout in ["segments", "single-file"] {
            for output in [&new, &used] {
                let arguments = [&ENCRYPTED[..], &["--layout", layout]].concat();
                let refused = vpp::package(&movie, output, &arguments);
                let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
                assert!(refused.status.code() == Some(1) && errors.starts_with(code), "{}: {errors}", movie.display());
            }
            assert!(
                !scratch.path().join("a").exists(),
                "its folder and the parent of it are removed: {}",
                movie.display()
            );
            assert_eq!(files(&used), before, "{}", movie.display());
        }
    }
}

#[test]
fn an_interrupted_command_leaves_the_folder_as_it_was() {
    let scratch = TempDir::new().unwrap();
    let movie = endless(scratch.path());
    let output = scratch.path().join("output");
    package("sample.mp4", &output, &[]);
    let before = files(&output);

    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
        let mut command = vpp::command();
        command.arg("package").arg(&movie).arg("-o").arg(&output).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let has_segments = || output.join(".vpp-staging/v1/1.m4s").exists();
        while !has_segments() {
            assert!(child.try_wait().unwrap().is_none(), "the command ended early");
            std::thread::yield_now();
        }
        let second = vpp::package(&fixtures::fixture("sample.mp4"), &output, &[]);
        let errors = String::from_utf8_lossy(&second.stderr);
        assert!(second.status.code() == Some(2) && errors.contains("another command is writing"), "{errors}");

        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        if signal == Signal::KILL {
            assert_eq!(status.signal(), Some(signal.as_raw()));
        } else {
            assert_eq!(status.code(), Some(128 + signal.as_raw()));
            assert_eq!(files(&output), before);
        }
    }
    // A killed command cannot clean up. The next one does.
    let published: BTreeMap<_, _> =
        files(&output).into_iter().filter(|(path, _)| !path.starts_with(".vpp-staging")).collect();
    assert_eq!(published, before);
    package("sample.mp4", &output, &[]);
    assert_eq!(files(&output), before);
}

#[test]
fn entries_that_are_not_part_of_a_package_are_not_deleted() {
    let scratch = TempDir::new().unwrap();
    fs::create_dir(scratch.path().join("v1")).unwrap();
    fs::write(scratch.path().join("v1/holiday.jpg"), "an image").unwrap();
    let before = files(scratch.path());
    let refused = vpp::package(&fixtures::fixture("sample.mp4"), scratch.path(), &[]);
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(2) && errors.contains("contains v1"), "{errors}");
    assert_eq!(files(scratch.path()), before);
}

#[test]
fn the_working_directory_can_be_the_output_folder() {
    let scratch = TempDir::new().unwrap();
    let run = || {
        let mut command: Command = vpp::command();
        command.arg("package").arg(fixtures::fixture("sample.mp4")).args(["-o", "."]).current_dir(scratch.path());
        command.output().unwrap()
    };
    assert!(run().status.success());
    let first = files(scratch.path());
    assert!(first.contains_key(Path::new("stream.mpd")));
    assert!(run().status.success());
    assert_eq!(files(scratch.path()), first);
}
