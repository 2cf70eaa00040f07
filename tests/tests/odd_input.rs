//! Input as people have it: interrupted recordings, joined files, old and partly unsupported ones. What can be packaged is packaged,
//! and what is left out is reported.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;
use vpp_tests::ffmpeg::{self, Edits};
use vpp_tests::fixtures::{corpus, fixture};
use vpp_tests::package::{Package, Segment};
use vpp_tests::vpp;

/// Returns the code and the message of a refusal.
fn refusal(output: &Output) -> (String, String) {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let (code, message) = text.trim().split_once(": ").unwrap();
    (code.to_owned(), message.to_owned())
}

/// Packages a movie, and returns the sizes of the samples of each representation with the JSON that the command prints.
fn packaged(movie: &Path, options: &[&str]) -> (Vec<(String, Vec<usize>)>, Value) {
    let scratch = TempDir::new().unwrap();
    let output = vpp::package(movie, scratch.path(), &[options, &["--json"]].concat());
    assert!(output.status.success(), "{}: {}", movie.display(), String::from_utf8_lossy(&output.stderr));
    let package = Package::open(scratch.path());
    let sizes = package.representations.iter().map(|found| {
        let samples = found.segments.iter().flat_map(Segment::samples);
        (found.id.clone(), samples.map(|sample| usize::try_from(sample.size).unwrap()).collect())
    });
    (sizes.collect(), serde_json::from_slice(&output.stdout).unwrap())
}

fn codes(warnings: &Value) -> Vec<&str> {
    warnings.as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

/// Returns the sizes of the samples of a stream that ffmpeg reads.
fn sizes_by_ffmpeg(movie: &Path, stream: &str) -> Vec<usize> {
    let packets = ffmpeg::packets(movie, stream, Edits::Ignored);
    packets.iter().map(|packet| usize::try_from(packet.size).unwrap()).collect()
}

/// Checks that a package of `movie` has the samples that ffmpeg reads in `expected`: those of the first video and audio track.
fn check_samples(movie: &Path, expected: &Path, place: &str) -> Value {
    let (found, summary) = packaged(movie, &[]);
    for (id, stream) in [("v1", "0:v:0"), ("a1", "0:a:0")] {
        let (_, sizes) = found.iter().find(|(found, _)| found == id).unwrap();
        assert_eq!(*sizes, sizes_by_ffmpeg(expected, stream), "{place}: {id}");
    }
    summary
}

/// Returns the boxes at the top level: offset, type and size.
fn top_level(file: &[u8]) -> Vec<(usize, String, usize)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at + 8 <= file.len() {
        let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        found.push((at, String::from_utf8_lossy(&file[at + 4..at + 8]).into_owned(), size));
        at += size;
    }
    found
}

fn written(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn an_interrupted_recording_is_packaged_up_to_its_last_whole_fragment() {
    // The corpus's README: Shaka Packager, Bento4 and ffmpeg read as many video samples.
    if let Some(movie) = corpus("edge/crash_cut_in_mdat.mp4") {
        let (samples, summary) = packaged(&movie, &[]);
        assert_eq!(
            samples.iter().find(|(id, _)| id == "v1").unwrap().1.len(),
            150,
            "the video of the last fragment is whole"
        );
        assert_eq!(codes(&summary["warnings"]), ["recording_cut_short"]);
    }
    let scratch = TempDir::new().unwrap();
    let whole = fs::read(fixture("fragments.mp4")).unwrap();
    let moofs: Vec<_> = top_level(&whole).into_iter().filter(|(_, kind, _)| kind == "moof").collect();
    let (last, _, moof_size) = moofs.last().unwrap().clone();
    // What ffmpeg reads in the file without its last fragment is expected of every file that ends inside it.
    let expected = written(&scratch, "expected.mp4", &whole[..last]);
    let (mdat, zeros) = (last + moof_size, vec![0; 100_000]);
    let mut unfinished = whole[..mdat + 60].to_vec();
    unfinished[mdat..mdat + 4].fill(0);
    for (bytes, place) in [
        (whole[..mdat + 60].to_vec(), "inside the media"),
        (unfinished, "inside media of size 0, to the end of the file"),
        (whole[..mdat].to_vec(), "before the media"),
        (whole[..mdat + 5].to_vec(), "inside the header of the media"),
        (whole[..last + 100].to_vec(), "inside the index of a fragment"),
        (whole[..last + 3].to_vec(), "inside the header of a fragment"),
        ([&whole[..last], &zeros].concat(), "before zeros of the file system"),
        ([&whole[..last], b"\0\0\0\x40sidx\0\0\0\0"].concat(), "inside a segment index"),
    ] {
        let summary = check_samples(&written(&scratch, "cut.mp4", &bytes), &expected, place);
        assert_eq!(codes(&summary["warnings"]), ["recording_cut_short"], "{place}");
    }
    let summary = check_samples(&expected, &expected, "between fragments");
    assert_eq!(codes(&summary["warnings"]), [""; 0], "nothing shows that there was more");
    // Only the first fragment: nothing is whole.
    let first = moofs[0].0;
    let cut = written(&scratch, "first.mp4", &whole[..first + moofs[0].2 + 100]);
    assert_eq!(refusal(&vpp::package(&cut, &scratch.path().join("none"), &[])).0, "truncated_media");
}

#[test]
fn tracks_of_a_recording_may_be_cut_at_different_times() {
    // Each fragment has one track. The file ends inside the last but one: that track loses a fragment, and the last is missing.
    let scratch = TempDir::new().unwrap();
    let whole = fs::read(fixture("fragments-separate.mp4")).unwrap();
    let moofs: Vec<_> = top_level(&whole).into_iter().filter(|(_, kind, _)| kind == "moof").collect();
    for (at, _, size) in moofs.iter().rev().take(4) {
        let movie = written(&scratch, "cut.mp4", &whole[..at + size + 60]);
        let expected = written(&scratch, "expected.mp4", &whole[..*at]);
        let summary = check_samples(&movie, &expected, "one track is longer");
        assert!(codes(&summary["warnings"]).contains(&"recording_cut_short"));
    }
}

#[test]
fn an_incomplete_movie_is_refused_and_the_message_does_not_ask_for_it_again() {
    for name in ["mdat-cut.mp4", "moov-cut.mp4"] {
        let scratch = TempDir::new().unwrap();
        let movie = fixture(name);
        let (_, message) = refusal(&vpp::package(&movie, scratch.path(), &[]));
        let bytes = format!("the file has {} bytes", fs::metadata(&movie).unwrap().len());
        assert!(message.starts_with(&bytes) && message.contains("sending it again does not help"), "{message}");
    }
}

#[test]
fn a_second_movie_in_a_file_is_refused_and_a_copy_of_the_index_is_not() {
    let scratch = TempDir::new().unwrap();
    let [one, two] = ["late-audio.mp4", "still.mp4"].map(|name| fs::read(fixture(name)).unwrap());
    let output = scratch.path().join("package");
    for (bytes, place) in [([&one[..], &two].concat(), one.len()), ([&two[..], &one].concat(), two.len())] {
        let (code, message) = refusal(&vpp::package(&written(&scratch, "joined.mp4", &bytes), &output, &[]));
        let second = top_level(&bytes[place..]).into_iter().find(|(_, kind, _)| kind == "moov").unwrap().0 + place;
        assert_eq!(code, "second_moov");
        assert!(message.contains(&format!("at byte {second} ")), "{message}");
    }
    let moov = top_level(&one).into_iter().find(|(_, kind, _)| kind == "moov").unwrap();
    let repeated = [&one[..], &one[moov.0..moov.0 + moov.2]].concat();
    let repeated = written(&scratch, "repeated.mp4", &repeated);
    assert!(vpp::package(&repeated, &output, &[]).status.success());
}

#[test]
fn encryption_is_found_wherever_a_file_declares_it() {
    let scratch = TempDir::new().unwrap();
    let output = scratch.path().join("package");
    let check = |movie: &Path, scheme: &str| {
        for options in [&[][..], &["--leave-out", "unsupported"]] {
            let (code, message) = refusal(&vpp::package(movie, &output, options));
            assert_eq!(code, "already_encrypted", "{}: {message}", movie.display());
            let is_named = scheme.split('|').any(|scheme| message.contains(&format!("({scheme})")));
            assert!(is_named, "{}: {message}", movie.display());
        }
    };
    for (name, scheme) in
        [("edge/wpt_clear_then_encrypted.mp4", "cenc"), ("edge/fairplay_drms.mp4", "drms"), ("bad/s12.mp4", "cenc")]
    {
        if let Some(movie) = corpus(name) {
            check(&movie, scheme);
        }
    }
    // The sample entry declares clear video: the fragments have the encryption information.
    if let Some(movie) = corpus("bad/s12.mp4") {
        let mut bytes = fs::read(movie).unwrap();
        let mut rename = |from: &[u8; 4], to: &[u8; 4]| {
            let places: Vec<_> = (0..bytes.len() - 4).filter(|at| &bytes[*at..at + 4] == from).collect();
            assert!(!places.is_empty());
            places.into_iter().for_each(|at| bytes[at..at + 4].copy_from_slice(to));
        };
        rename(b"encv", b"avc1");
        rename(b"sinf", b"free");
        check(&written(&scratch, "declared-clear.mp4", &bytes), "senc|saiz");
    }
}

#[test]
fn audio_is_packaged_beside_video_of_any_codec() {
    let output = TempDir::new().unwrap();
    let edge = corpus("edge/jpeg_still_with_aac.mp4");
    let movies = edge.into_iter().chain([fixture("prores.mov"), fixture("mpeg-4-part-2.mp4")]);
    for movie in movies {
        assert_eq!(refusal(&vpp::package(&movie, output.path(), &[])).0, "unsupported_codec");
        assert_eq!(
            refusal(&vpp::package(&movie, output.path(), &["--leave-out", "unsupported"])).0,
            "unsupported_codec"
        );
        let (samples, _) = packaged(&movie, &["--audio-only"]);
        assert_eq!(samples[0].1, sizes_by_ffmpeg(&movie, "0:a:0"), "{}", movie.display());
        assert_eq!(samples.len(), 1);
    }
}

#[test]
fn a_compressed_index_is_read() {
    let Some(movie) = corpus("edge/cmov.mov") else { return };
    // The corpus's README: 150 + 283 samples by ffprobe.
    let summary = check_samples(&movie, &movie, "compressed");
    assert_eq!(codes(&summary["warnings"]), [""; 0]);
    let (samples, _) = packaged(&movie, &[]);
    assert_eq!(samples.iter().map(|(_, samples)| samples.len()).collect::<Vec<_>>(), [150, 283]);
}

#[test]
fn tracks_without_samples_are_named() {
    let Some(movie) = corpus("edge/no_samples.mp4") else { return };
    let output = TempDir::new().unwrap();
    let (code, message) = refusal(&vpp::package(&movie, output.path(), &[]));
    assert_eq!(code, "no_samples");
    assert!(message.contains("have no samples"), "{message}");
}

#[test]
fn an_unsupported_track_is_left_out_on_request() {
    let movie = fixture("pcm.mov");
    let output = TempDir::new().unwrap();
    let (code, message) = refusal(&vpp::package(&movie, output.path(), &[]));
    assert_eq!(code, "unsupported_codec");
    assert!(message.contains("leaves unsupported tracks out"), "{message}");
    let leave_out = ["--leave-out", "unsupported"];
    let (samples, summary) = packaged(&movie, &leave_out);
    assert_eq!((samples.len(), &samples[0].1), (1, &sizes_by_ffmpeg(&movie, "0:v:0")));
    let skipped = &summary["skipped_tracks"];
    assert_eq!((skipped[0]["handler"].as_str(), skipped.as_array().unwrap().len()), (Some("soun"), 1));
    assert!(skipped[0]["reason"].as_str().unwrap().contains("sowt"), "{skipped}");
    let report: Value = serde_json::from_str(&vpp::inspect(&movie, &leave_out)).unwrap();
    assert!(codes(&report["warnings"]).contains(&"track_skipped"), "{report}");
}

#[test]
fn the_refused_one_of_several_inputs_is_named() {
    let scratch = TempDir::new().unwrap();
    let good = fixture("late-audio.mp4");
    for (bad, code) in [("pcm.mov", "unsupported_codec"), ("mdat-cut.mp4", "truncated_media"), ("text.mp4", "not_mp4")]
    {
        let bad = fixture(bad);
        let (found, message) = refusal(&vpp::package_inputs(&[&good, &bad], &scratch.path().join("package"), &[]));
        assert_eq!(found, code);
        assert!(message.starts_with(&bad.display().to_string()), "{message}");
    }
    let subtitles = written(&scratch, "en.vtt", b"WEBVTT\n\n00:03.000 --> 00:02.000\nNever\n");
    let option = format!("en={}", subtitles.display());
    let output = vpp::package(&good, &scratch.path().join("package"), &["--subtitles", &option]);
    let (code, message) = refusal(&output);
    assert_eq!(code, "malformed_subtitles");
    assert!(
        message.starts_with(&option[3..]) && message.contains("ends before it starts: correct its times"),
        "{message}"
    );
}

#[test]
fn boxes_that_the_stream_does_not_have_are_reported() {
    let scratch = TempDir::new().unwrap();
    let mut bytes = fs::read(fixture("fragments.mp4")).unwrap();
    for (kind, count) in [(b"emsg", 3), (b"prft", 2), (b"free", 1)] {
        for _ in 0..count {
            bytes.extend([&[0, 0, 0, 24][..], kind, &[0; 16]].concat());
        }
    }
    let movie = written(&scratch, "events.mp4", &bytes);
    let (_, summary) = packaged(&movie, &[]);
    let report: Value = serde_json::from_str(&vpp::inspect(&movie, &[])).unwrap();
    for warnings in [&summary["warnings"], &report["warnings"]] {
        let dropped = warnings.as_array().unwrap().iter().find(|warning| warning["code"] == "boxes_dropped").unwrap();
        let message = dropped["message"].as_str().unwrap();
        assert!(message.ends_with("not in the stream: emsg (3), prft (2)"), "{message}");
    }
}
