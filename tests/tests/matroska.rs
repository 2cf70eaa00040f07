//! Matroska and WebM: every frame is in the package, at its time. ffmpeg's demuxer reads the source, Bento4 decrypts the package.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY};
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::package::Package;
use vpp_tests::{fixtures, movies, vpp};

/// Packages a movie, and returns what the command printed.
fn package(movie: &Path, output: &Path, arguments: &[&str]) -> Value {
    let packaged = vpp::package(movie, output, &[arguments, &["--json"]].concat());
    assert!(packaged.status.success(), "{}", String::from_utf8_lossy(&packaged.stderr));
    serde_json::from_slice(&packaged.stdout).unwrap()
}

/// Returns the file whose packets a package must have: the movie, unless ffmpeg's demuxer warns of it. Then it is the file that the
/// movie was made of.
fn reference(movie: &Path) -> PathBuf {
    match movie.file_name().and_then(|name| name.to_str()).unwrap() {
        // ffmpeg estimates decode times, which frames of different durations do not fit.
        "variable-rate.mkv" => fixtures::fixture("variable-rate.mp4"),
        // It is the beginning of this file.
        "cut.mkv" => fixtures::fixture("live.mkv"),
        _ => movie.to_owned(),
    }
}

/// Returns the hash of each packet.
fn hashes(packets: &[Packet]) -> Vec<&str> {
    packets.iter().map(|packet| packet.sha256.as_str()).collect()
}

/// Returns the times of packets in microseconds, from the first one.
fn times(packets: &[Packet], timescale: i64) -> Vec<i64> {
    let start = packets.iter().map(|packet| packet.pts).min().unwrap();
    packets.iter().map(|packet| (packet.pts - start) * 1_000_000 / timescale).collect()
}

#[test]
fn every_frame_of_matroska_is_in_the_package_at_its_time() {
    movies::for_every(&fixtures::fixtures(&fixtures::matroska()), |movie| {
        let (scratch, original) = (TempDir::new().unwrap(), reference(movie));
        // `cbcs` is not defined for VP9.
        let scheme = if movie.extension().unwrap() == "webm" { "cenc" } else { "cbcs" };
        for layout in ["segments", "single-file"] {
            let output = scratch.path().join(layout);
            package(
                movie,
                &output,
                &["--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all", "--scheme", scheme, "--layout", layout],
            );
            let package = Package::open(&output);
            let mut streams: BTreeMap<&str, usize> = BTreeMap::new();
            for representation in package.media() {
                let kind = if representation.content_type == "video" { "v" } else { "a" };
                let number = streams.entry(kind).or_default();
                let stream = format!("0:{kind}:{number}");
                let mut expected = ffmpeg::source_packets(&original, &stream, Edits::Applied);
                *number += 1;
                assert!(representation.protection.is_some(), "{}", representation.id);
                let clear = decrypt::decrypted(representation, KEY, scratch.path());
                let found = ffmpeg::packets(&clear, "0:0", Edits::Ignored);
                if movie.ends_with("cut.mkv") {
                    assert!(found.len() > 300);
                    expected.truncate(found.len());
                }
                assert_eq!(hashes(&found), hashes(&expected), "{}", representation.id);
                let synced = |packets: &[Packet]| packets.iter().map(|packet| packet.sync).collect::<Vec<_>>();
                assert_eq!(synced(&found), synced(&expected), "{}", representation.id);
                let timescale = ffmpeg::timescale(&clear, "0:0");
                let is_mp4 = original.extension().unwrap() == "mp4";
                // Times in Matroska are whole milliseconds.
                let units = if is_mp4 { ffmpeg::timescale(&original, &stream) } else { 1000 };
                let (found, expected) = (times(&found, timescale), times(&expected, units));
                let differs = |(found, expected): &(&i64, &i64)| found.abs_diff(**expected) > 1000;
                let wrong: Vec<_> = found.iter().zip(&expected).filter(differs).collect();
                assert!(wrong.is_empty(), "{}: {wrong:?}", representation.id);
            }
            assert!(!streams.is_empty());
        }
    });
}

/// The MP4 that a Matroska file was made of has exact times. Those of the Matroska file are rounded.
#[test]
fn rounded_times_become_those_of_the_original() {
    let durations = |file: &Path, stream: &str| {
        let timescale = ffmpeg::timescale(file, stream);
        let mut packets = ffmpeg::packets(file, stream, Edits::Applied);
        packets.sort_by_key(|packet| packet.pts);
        let start = packets.first().unwrap().pts;
        // In units of 24000 and 48000, which are exact.
        packets.iter().map(|packet| (packet.pts - start) * 48_000 / timescale).collect::<Vec<_>>()
    };
    for (matroska, original) in [("avc.mkv", "sample.mp4"), ("live.mkv", "sample.mp4"), ("hevc.mkv", "hevc.mp4")] {
        let scratch = TempDir::new().unwrap();
        package(&fixtures::fixture(matroska), scratch.path(), &["--layout", "single-file"]);
        for (representation, stream) in [("v1", "0:v:0"), ("a1", "0:a:0")] {
            let found = durations(&scratch.path().join(representation).join("media.mp4"), "0:0");
            assert_eq!(found, durations(&fixtures::fixture(original), stream), "{matroska} {representation}");
        }
    }
}

/// Start, end, codecs and warnings of the tracks are those of the MP4 with the same streams.
#[test]
fn the_verdict_is_that_of_the_mp4_with_the_same_streams() {
    let view = |name: &str| {
        let inspection: Value = serde_json::from_str(&vpp::inspect(&fixtures::fixture(name), &[])).unwrap();
        let tracks = inspection["tracks"].as_array().unwrap().iter().map(|track| {
            let start = track["start_ms"].as_i64().unwrap();
            (track["name"].to_string(), track["codecs"].to_string(), start, track["gops"].to_string())
        });
        tracks.collect::<Vec<_>>()
    };
    for (matroska, original) in [
        ("avc.mkv", "sample.mp4"),
        ("live.mkv", "sample.mp4"),
        ("hevc.mkv", "hevc.mp4"),
        ("av1.mkv", "av1.mp4"),
        ("late-audio.mkv", "late-audio.mp4"),
        ("anamorphic.mkv", "anamorphic.mp4"),
    ] {
        assert_eq!(view(matroska), view(original), "{matroska}");
    }
}

#[test]
fn the_display_aspect_ratio_of_matroska_is_kept() {
    let scratch = TempDir::new().unwrap();
    package(&fixtures::fixture("anamorphic.mkv"), scratch.path(), &[]);
    let playlist = fs::read_to_string(scratch.path().join("stream.m3u8")).unwrap();
    assert!(playlist.contains("RESOLUTION=1024x576"), "{playlist}");
}

#[test]
fn chapters_names_and_roles_of_matroska_are_kept() {
    let movie = fixtures::fixture("labels.mkv");
    let inspection: Value = serde_json::from_str(&vpp::inspect(&movie, &[])).unwrap();
    let chapters = inspection["chapters"]["chapters"].as_array().unwrap();
    let chapters: Vec<_> = chapters
        .iter()
        .map(|chapter| (chapter["start_ms"].as_u64().unwrap(), chapter["title"].as_str().unwrap()))
        .collect();
    // As the recipe of `chapters.mp4` states them.
    assert_eq!(chapters, [(0, "Anfang"), (2500, "Zweites & <größtes> Kapitel"), (4040, "Ende")]);

    let scratch = TempDir::new().unwrap();
    package(&movie, scratch.path(), &[]);
    let mpd = fs::read_to_string(scratch.path().join("stream.mpd")).unwrap();
    assert!(mpd.contains("Kommentar") && mpd.contains(r#"value="commentary""#), "{mpd}");
}

#[test]
fn an_interrupted_recording_is_packaged_up_to_its_last_whole_block() {
    let scratch = TempDir::new().unwrap();
    let movie = fixtures::fixture("cut.mkv");
    let summary = package(&movie, scratch.path(), &[]);
    let codes: Vec<_> = summary["warnings"].as_array().unwrap().iter().map(|warning| &warning["code"]).collect();
    assert_eq!(codes, ["recording_cut_short"]);
}

#[test]
fn what_of_matroska_cannot_be_packaged_is_named() {
    let scratch = TempDir::new().unwrap();
    let refused = vpp::package(&fixtures::fixture("vorbis.webm"), &scratch.path().join("refused"), &[]);
    let reason = String::from_utf8_lossy(&refused.stderr);
    assert!(reason.starts_with("unsupported_codec: track 2 uses the codec A_VORBIS,"), "{reason}");
    let output = scratch.path().join("without");
    let summary = package(&fixtures::fixture("vorbis.webm"), &output, &["--leave-out", "unsupported"]);
    assert_eq!(summary["skipped_tracks"][0]["reason"], "its codec A_VORBIS is not supported");
}

/// Each byte is damaged in turn at places all over the file: a verdict follows, and never a panic or a hang.
#[test]
fn damaged_matroska_gets_a_verdict() {
    let movie = fs::read(fixtures::fixture("vp9-opus.webm")).unwrap();
    let places = (0..600).chain((600..movie.len()).step_by(movie.len() / 200));
    for place in places {
        for value in [0x00, 0xff, movie[place] ^ 0x10] {
            let mut bytes = movie.clone();
            bytes[place] = value;
            let index = vpp_tests::planning::index(&bytes);
            let verdict =
                index.and_then(|index| vpp_media::track::Movie::parse(&index).map(|movie| movie.tracks.len()));
            if let Err(error) = verdict {
                assert!(!error.code().is_empty());
            }
        }
    }
}
