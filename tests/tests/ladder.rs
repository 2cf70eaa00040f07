//! Packages of several movies: every sample of every movie is present, and the manifests let players switch.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY};
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::fixtures::fixture;
use vpp_tests::package::{Package, Representation};
use vpp_tests::{rules, vpp};

/// Returns the rungs, and a file with audio in another language.
fn inputs() -> Vec<PathBuf> {
    ["ladder-low.mp4", "ladder-high.mp4", "ladder-french.mp4"].map(fixture).into()
}

/// The source of each representation: its name, the index of the movie, and ffmpeg's name of the stream.
const SOURCES: [(&str, usize, &str); 4] =
    [("v1", 0, "0:v:0"), ("a1", 0, "0:a:0"), ("v2", 1, "0:v:0"), ("a2", 2, "0:a:0")];

fn packaged(inputs: &[PathBuf], arguments: &[&str]) -> (Package, TempDir) {
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path().join("package");
    let paths: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let output = vpp::package_inputs(&paths, &directory, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (Package::open(&directory), scratch)
}

/// Shifts the times of packets so that the first decode time is zero.
fn from_zero(mut packets: Vec<Packet>) -> Vec<Packet> {
    let first = packets[0].dts;
    for packet in &mut packets {
        (packet.dts, packet.pts) = (packet.dts - first, packet.pts - first);
    }
    packets
}

#[test]
fn every_sample_of_every_rung_comes_back_by_each_scheme() {
    let inputs = inputs();
    for scheme in ["cbcs", "cenc"] {
        let arguments = ["--key", KEY.key, "--kid", KEY.kid, "--scheme", scheme, "--encrypt", "all"];
        let (package, scratch) = packaged(&inputs, &arguments);
        let mut names: Vec<&str> =
            package.representations.iter().map(|representation| representation.id.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a1", "a2", "v1", "v2"], "the audio that both rungs contain is packaged once");
        for (name, movie, stream) in SOURCES {
            let clear = decrypt::decrypted(package.representation(name), KEY, scratch.path());
            let source = ffmpeg::packets(&inputs[movie], stream, Edits::Ignored);
            assert_eq!(from_zero(ffmpeg::packets(&clear, "0:0", Edits::Ignored)), from_zero(source), "{name} {scheme}");
        }
    }
}

#[test]
fn rungs_are_presented_when_their_movies_are() {
    let inputs = inputs();
    let (package, scratch) = packaged(&inputs, &["--scheme", "clear"]);
    for (name, movie, stream) in SOURCES {
        let representation = package.representation(name);
        let joined = decrypt::join(representation, scratch.path());
        let [source, found] = [(&inputs[movie], stream, Edits::Applied), (&joined, "0:0", Edits::Ignored)]
            .map(|(file, stream, edits)| ffmpeg::packets(file, stream, edits));
        let offset = i64::try_from(representation.presentation_time_offset).unwrap();
        let presented: Vec<i64> = found.iter().map(|packet| packet.pts - offset).collect();
        assert_eq!(presented, source.iter().map(|packet| packet.pts).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn rungs_in_single_files_keep_the_rules_and_every_sample() {
    let inputs = inputs();
    let arguments = ["--key", KEY.key, "--kid", KEY.kid, "--layout", "single-file"];
    let (package, scratch) = packaged(&inputs, &arguments);
    let violations = rules::violations(&package);
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    for (name, movie, stream) in SOURCES {
        let clear = decrypt::decrypted(package.representation(name), KEY, scratch.path());
        let source = ffmpeg::packets(&inputs[movie], stream, Edits::Ignored);
        assert_eq!(from_zero(ffmpeg::packets(&clear, "0:0", Edits::Ignored)), from_zero(source), "{name}");
    }
}

/// Returns the presentation times of the segments' starts, in a unit that every timescale here divides.
fn starts(representation: &Representation) -> Vec<u64> {
    let common_timescale = 57_600_000;
    assert_eq!(common_timescale % representation.timescale, 0);
    representation
        .segments
        .iter()
        .map(|segment| {
            (segment.start - representation.presentation_time_offset) * (common_timescale / representation.timescale)
        })
        .collect()
}

#[test]
fn players_may_switch_between_rungs_and_choose_among_languages() {
    let inputs = inputs();
    let (package, _scratch) = packaged(&inputs, &["--key", KEY.key, "--kid", KEY.kid, "--segment-duration", "4"]);
    let violations = rules::violations(&package);
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert_eq!(ffmpeg::warnings(&package.directory.join("stream.mpd"), &["-cenc_decryption_key", KEY.key]), "");

    let sets = &package.mpd.periods[0].adaptations;
    let members = |set: usize| {
        sets[set].representations.iter().map(|representation| representation.id.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(
        (sets.len(), members(0), members(1), members(2)),
        (4, vec!["v1".into(), "v2".into()], vec!["a1".into()], vec!["a2".into()])
    );
    assert!(sets.iter().all(|set| set.segmentAlignment == Some(true)));
    assert_eq!(sets.iter().map(|set| set.lang.as_deref()).collect::<Vec<_>>(), [None, Some("en"), Some("fr"), None]);
    let [low, high] = ["v1", "v2"].map(|name| starts(package.representation(name)));
    assert_eq!(low, high, "segments are aligned, as the manifest states");
    assert_eq!(low.len(), 3, "segments of about four seconds, at key frames two seconds apart");

    let master = fs::read_to_string(package.directory.join("stream.m3u8")).unwrap();
    let variants: Vec<_> = master.lines().filter(|line| line.starts_with("#EXT-X-STREAM-INF")).collect();
    assert!(
        matches!(variants[..], [low, high] if low.contains("320x180") && high.contains("640x360") && high.contains("50.000"))
    );
    let audio: Vec<_> = master.lines().filter(|line| line.starts_with("#EXT-X-MEDIA:TYPE=AUDIO")).collect();
    assert!(matches!(audio[..], [eng, fra] if eng.contains("\"en\"") && fra.contains("\"fr\"")), "{master}");
}

#[test]
fn trick_mode_refers_to_the_segments_of_the_lowest_rung() {
    // By the recipes: 25 and 50 frames per second, with a key frame every two seconds.
    for (layout, name) in [("segments", "v1/2.m4s"), ("single-file", "v1/media.mp4")] {
        let options = ["--key", KEY.key, "--kid", KEY.kid, "--segment-duration", "2", "--layout", layout];
        let (package, _scratch) = packaged(&inputs(), &options);
        let [trick] = package.trick_modes.as_slice() else { panic!("{} sets", package.trick_modes.len()) };
        let [representation] = trick.representations.as_slice() else { panic!("not one representation") };
        assert_eq!((trick.main.as_str(), representation.id.as_str()), ("0", "v1-trick"), "{layout}");
        let path = |of: &Representation| of.segments[1].path.clone();
        assert_eq!(path(representation), package.directory.join(name), "{layout}");
        assert_eq!(representation.segments, package.representation("v1").segments, "{layout}");
        assert_eq!(representation.protection, package.representation("v1").protection, "{layout}");
        let set = package.text.split("<AdaptationSet ").last().unwrap();
        let key_frames = "<SubRepresentation codingDependency=\"false\" maxPlayoutRate=\"50\"/>";
        assert!(set.contains(key_frames), "{layout}: {set}");
    }
}

#[test]
fn video_of_one_segment_has_no_trick_mode() {
    let options = ["--scheme", "clear", "--segment-duration", "30"];
    let (package, _scratch) = packaged(&inputs()[..1], &options);
    assert_eq!(package.representation("v1").segments.len(), 1);
    assert!(package.trick_modes.is_empty());
}

#[test]
fn a_rung_has_the_same_samples_as_when_packaged_alone() {
    // Clear media does not depend on the other inputs of the package.
    let inputs = inputs();
    let (together, _scratch) = packaged(&inputs, &["--scheme", "clear"]);
    let (alone, _scratch_alone) = packaged(&inputs[1..2], &["--scheme", "clear"]);
    let [rung, single] = [together.representation("v2"), alone.representation("v1")];
    assert_eq!(rung.segments.len(), single.segments.len());
    for (a, b) in rung.segments.iter().zip(&single.segments) {
        let samples = |segment: &vpp_tests::package::Segment| segment.sample_bytes();
        assert_eq!(samples(a), samples(b), "segment {}", a.number);
    }
}

#[test]
fn rungs_whose_key_frames_do_not_match_are_refused_with_the_table() {
    let scratch = TempDir::new().unwrap();
    let inputs = ["ladder-low.mp4", "ladder-off.mp4"].map(fixture);
    let output = vpp::package_inputs(&[&inputs[0], &inputs[1]], &scratch.path().join("package"), &[]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.starts_with("inputs_misaligned: "), "{message}");
    let key_frames = |movie: &Path| {
        let packets = ffmpeg::packets(movie, "0:v:0", Edits::Applied).into_iter().filter(|packet| packet.sync);
        packets.map(|packet| packet.pts).collect::<Vec<_>>()
    };
    for (low, off) in key_frames(&inputs[0]).into_iter().zip(key_frames(&inputs[1])).skip(1).take(4) {
        let [low, off] =
            [low, off].map(|units| format!("{}.{:06} s", units / 12_800, units % 12_800 * 1_000_000 / 12_800));
        assert!(message.contains(&format!("; {low} | {off}")), "{low} | {off} in {message}");
    }
    assert!(!scratch.path().join("package").exists(), "nothing is written");
}
