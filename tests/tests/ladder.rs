//! Several movies as one package, judged from outside: every sample of every movie, and manifests that let a player switch.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY};
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::fixtures::fixture;
use vpp_tests::package::{Package, Representation};
use vpp_tests::{rules, vpp};

/// The rungs, and a file with sound in another language.
fn inputs() -> Vec<PathBuf> {
    ["ladder-low.mp4", "ladder-high.mp4", "ladder-french.mp4"].map(fixture).into()
}

/// What each representation is made of: the movie, and ffmpeg's name of its track.
const MADE_OF: [(&str, usize, &str); 4] =
    [("v1", 0, "0:v:0"), ("a1", 0, "0:a:0"), ("v2", 1, "0:v:0"), ("a2", 2, "0:a:0")];

fn packaged(inputs: &[PathBuf], arguments: &[&str]) -> (Package, TempDir) {
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path().join("package");
    let paths: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let output = vpp::package_together(&paths, &directory, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (Package::open(&directory), scratch)
}

/// Packets as they are but for when they are: moved, all by the same time, to start at zero.
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
        let mut names: Vec<&str> = package.representations.iter().map(|own| own.id.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a1", "a2", "v1", "v2"], "the sound that both rungs bring is packaged once");
        for (name, movie, stream) in MADE_OF {
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
    for (name, movie, stream) in MADE_OF {
        let own = package.representation(name);
        let joined = decrypt::join(own, scratch.path());
        let [source, found] = [(&inputs[movie], stream, Edits::Applied), (&joined, "0:0", Edits::Ignored)]
            .map(|(file, stream, edits)| ffmpeg::packets(file, stream, edits));
        let offset = i64::try_from(own.presentation_time_offset).unwrap();
        let presented: Vec<i64> = found.iter().map(|packet| packet.pts - offset).collect();
        assert_eq!(presented, source.iter().map(|packet| packet.pts).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn rungs_in_single_files_keep_the_rules_and_every_sample() {
    let inputs = inputs();
    let arguments = ["--key", KEY.key, "--kid", KEY.kid, "--layout", "single-file"];
    let (package, scratch) = packaged(&inputs, &arguments);
    let broken = rules::broken(&package);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    for (name, movie, stream) in MADE_OF {
        let clear = decrypt::decrypted(package.representation(name), KEY, scratch.path());
        let source = ffmpeg::packets(&inputs[movie], stream, Edits::Ignored);
        assert_eq!(from_zero(ffmpeg::packets(&clear, "0:0", Edits::Ignored)), from_zero(source), "{name}");
    }
}

/// Starts of the segments on the presentation, in parts of a second that every timescale here divides.
fn starts(own: &Representation) -> Vec<u64> {
    let parts = 57_600_000;
    assert_eq!(parts % own.timescale, 0);
    own.segments
        .iter()
        .map(|own_segment| (own_segment.start - own.presentation_time_offset) * (parts / own.timescale))
        .collect()
}

#[test]
fn players_may_switch_between_rungs_and_choose_among_languages() {
    let inputs = inputs();
    let (package, _scratch) = packaged(&inputs, &["--key", KEY.key, "--kid", KEY.kid, "--segment-duration", "4"]);
    let broken = rules::broken(&package);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(ffmpeg::complaints(&package.directory.join("stream.mpd"), &["-cenc_decryption_key", KEY.key]), "");

    let sets = &package.mpd.periods[0].adaptations;
    let members = |set: usize| sets[set].representations.iter().map(|own| own.id.clone().unwrap()).collect::<Vec<_>>();
    assert_eq!(
        (sets.len(), members(0), members(1), members(2)),
        (3, vec!["v1".into(), "v2".into()], vec!["a1".into()], vec!["a2".into()])
    );
    assert!(sets.iter().all(|set| set.segmentAlignment == Some(true)));
    assert_eq!(sets.iter().map(|set| set.lang.as_deref()).collect::<Vec<_>>(), [None, Some("en"), Some("fr")]);
    let [low, high] = ["v1", "v2"].map(|name| starts(package.representation(name)));
    assert_eq!(low, high, "proven here, and so the manifest may say it");
    assert_eq!(low.len(), 3, "near four seconds each, at key pictures two seconds apart");

    let master = fs::read_to_string(package.directory.join("stream.m3u8")).unwrap();
    let variants: Vec<_> = master.lines().filter(|line| line.starts_with("#EXT-X-STREAM-INF")).collect();
    assert!(
        matches!(variants[..], [low, high] if low.contains("320x180") && high.contains("640x360") && high.contains("50.000"))
    );
    let sounds: Vec<_> = master.lines().filter(|line| line.starts_with("#EXT-X-MEDIA:TYPE=AUDIO")).collect();
    assert!(matches!(sounds[..], [eng, fra] if eng.contains("\"en\"") && fra.contains("\"fr\"")), "{master}");
}

#[test]
fn a_rung_has_the_same_samples_as_when_packaged_alone() {
    // Clear media does not depend on what else is in the package.
    let inputs = inputs();
    let (together, _scratch) = packaged(&inputs, &["--scheme", "clear"]);
    let (alone, _own) = packaged(&inputs[1..2], &["--scheme", "clear"]);
    let [rung, single] = [together.representation("v2"), alone.representation("v1")];
    assert_eq!(rung.segments.len(), single.segments.len());
    for (a, b) in rung.segments.iter().zip(&single.segments) {
        let samples = |own: &vpp_tests::package::Segment| own.sample_bytes();
        assert_eq!(samples(a), samples(b), "segment {}", a.number);
    }
}

#[test]
fn rungs_whose_key_frames_do_not_match_are_refused_with_the_table() {
    let scratch = TempDir::new().unwrap();
    let inputs = ["ladder-low.mp4", "ladder-off.mp4"].map(fixture);
    let output = vpp::package_together(&[&inputs[0], &inputs[1]], &scratch.path().join("package"), &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("inputs_misaligned: "), "{said}");
    let keys = |movie: &Path| {
        let packets = ffmpeg::packets(movie, "0:v:0", Edits::Applied).into_iter().filter(|packet| packet.sync);
        packets.map(|packet| packet.pts).collect::<Vec<_>>()
    };
    for (low, off) in keys(&inputs[0]).into_iter().zip(keys(&inputs[1])).skip(1).take(4) {
        let [low, off] =
            [low, off].map(|units| format!("{}.{:06} s", units / 12_800, units % 12_800 * 1_000_000 / 12_800));
        assert!(said.contains(&format!("; {low} | {off}")), "{low} | {off} in {said}");
    }
    assert!(!scratch.path().join("package").exists(), "no byte was written");
}
