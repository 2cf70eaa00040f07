//! The protected samples, the start of each protected range, and the key that decrypts it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY, OTHER_KEY};
use vpp_tests::ffmpeg::{self, Edits};
use vpp_tests::movies::for_every;
use vpp_tests::package::{Package, Representation, Segment};
use vpp_tests::{fixtures, rules, vpp};

use crate::packaging::{
    Packaged, assert_same_samples, has_codec, is_alac, is_dolby_vision, is_film, key_arguments, movies, packaged,
    stream,
};

#[test]
fn ffmpeg_decrypts_what_bento4_decrypts() {
    let movies: Vec<_> = movies().into_iter().filter(|movie| !is_dolby_vision(movie) && !is_alac(movie)).collect();
    for_every(&movies, |movie| {
        let Packaged { package, scratch } = packaged(movie, &[&key_arguments(KEY)[..], &["--encrypt", "all"]].concat());
        for representation in package.media() {
            let joined = decrypt::join(representation, scratch.path());
            let clear = scratch.path().join("ffmpeg.mp4");
            let mut command = ffmpeg::ffmpeg();
            command.args(["-y", "-decryption_key", KEY.key, "-i"]).arg(joined);
            let output = command.args(["-c", "copy", "-copyts"]).arg(&clear).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let hashes = |file: &Path, stream: &str| -> Vec<String> {
                ffmpeg::packets(file, stream, Edits::Ignored).into_iter().map(|packet| packet.sha256).collect()
            };
            assert_eq!(hashes(&clear, "0:0"), hashes(movie, &stream(representation)), "{}", representation.id);
        }
    });
}

/// A decrypter follows `senc`. An Apple decoder does not: it parses each slice header to find its end. This test does the same,
/// with ffmpeg's header parser.
#[test]
fn slice_data_is_protected_from_the_byte_where_ffmpeg_finds_it() {
    let has_slices = |movie: &PathBuf| !is_film(movie) && has_codec(movie, &["avc", "hvc", "hev", "dvh"]);
    let movies: Vec<_> = movies().into_iter().filter(has_slices).collect();
    for_every(&movies, |movie| {
        let (encrypted, clear) = (packaged(movie, &key_arguments(KEY)), packaged(movie, &["--scheme", "clear"]));
        let segments = |packaged: &Packaged| packaged.package.representation("v1").segments.clone();
        let found = segments(&encrypted).into_iter().flat_map(|segment| segment.protected_ranges());
        let samples = segments(&clear).into_iter().flat_map(|segment| segment.sample_bytes());
        let is_avc = encrypted.package.representation("v1").codecs.starts_with("avc");
        let mut headers = ffmpeg::slice_headers(movie, "0:v:0").into_iter();
        for (index, (found, sample)) in found.zip(samples).enumerate() {
            let expected = slice_data(&sample, is_avc, &mut headers);
            assert!(found.iter().all(|range| expected.contains(range)), "sample {index}: {found:?} of {expected:?}");
            // A clear range has no whole block, or is one of the smallest where `saiz` cannot count all ranges.
            let clear: Vec<_> = expected.iter().filter(|range| range.len() >= 16 && !found.contains(range)).collect();
            let smallest = found.iter().map(ExactSizeIterator::len).min().unwrap_or(usize::MAX);
            let too_many = expected.len() > 42 && clear.iter().all(|range| range.len() <= smallest);
            assert!(clear.is_empty() || too_many, "sample {index}: {clear:?} stay clear");
        }
        assert_eq!(headers.next(), None, "every slice is compared");
    });
}

/// Returns the ranges of the slice data in a sample of NAL units with four-byte lengths, given the header lengths of its
/// slices.
fn slice_data(sample: &[u8], is_avc: bool, headers: &mut impl Iterator<Item = usize>) -> Vec<std::ops::Range<usize>> {
    let (mut at, mut ranges) = (0, Vec::new());
    while at < sample.len() {
        let start = at + 4;
        at = start + u32::from_be_bytes(sample[at..start].try_into().unwrap()) as usize;
        let nal = &sample[start..at];
        if if is_avc { [1, 5].contains(&(nal[0] & 0x1f)) } else { nal[0] >> 1 < 32 } {
            let mut remaining = headers.next().expect("ffmpeg lists this slice too");
            let mut zeros = 0;
            let mut header = nal.iter().take_while(|byte| {
                let is_escape = zeros >= 2 && **byte == 3;
                zeros = if **byte == 0 { zeros + 1 } else { 0 };
                let is_header = remaining > 0;
                remaining -= usize::from(is_header && !is_escape);
                is_header
            });
            ranges.push(start + header.by_ref().count()..at);
        }
    }
    ranges
}

/// ffmpeg's `cenc` protects the last whole blocks of each tile, so that they end with the tile.
#[test]
fn tiles_are_protected_where_ffmpeg_finds_them() {
    // ffmpeg aborts on frames with several tile groups.
    let has_tiles = |movie: &PathBuf| has_codec(movie, &["av01"]) && !movie.ends_with("av1-groups.mp4");
    let movies: Vec<_> = movies().into_iter().filter(has_tiles).collect();
    for_every(&movies, |movie| {
        let Packaged { package, scratch } = packaged(movie, &key_arguments(KEY));
        let segments = &package.representation("v1").segments;
        let whole_blocks = |range: std::ops::Range<usize>| range.start + range.len() % 16..range.end;
        let found = segments
            .iter()
            .flat_map(Segment::protected_ranges)
            .map(|tiles| tiles.into_iter().map(whole_blocks).filter(|range| !range.is_empty()).collect::<Vec<_>>());
        let expected = ffmpeg::cenc_ranges(movie, "0:v:0", scratch.path());
        assert_eq!(found.collect::<Vec<_>>(), expected);
    });
}

#[test]
fn only_the_video_is_encrypted_by_default() {
    let movie = fixtures::fixture("two-languages.mp4");
    let (encrypted, clear) = (packaged(&movie, &key_arguments(KEY)), packaged(&movie, &["--scheme", "clear"]));
    let protected = |representation: &Representation| (representation.id.clone(), representation.protection.is_some());
    let protected: Vec<_> = encrypted.package.representations.iter().map(protected).collect();
    assert_eq!(protected, [("v1".into(), true), ("a1".into(), false), ("a2".into(), false)]);
    let samples = |packaged: &Packaged, id: &str| -> Vec<Vec<u8>> {
        packaged.package.representation(id).segments.iter().flat_map(Segment::sample_bytes).collect()
    };
    for id in ["a1", "a2"] {
        assert_eq!(samples(&encrypted, id), samples(&clear, id), "{id}");
    }
    let (encrypted, clear) = (samples(&encrypted, "v1"), samples(&clear, "v1"));
    // A slice with less than one block of data stays clear; these frames have no such slice.
    assert!(encrypted.iter().zip(&clear).all(|(encrypted, clear)| encrypted != clear));
}

#[test]
fn video_and_audio_are_decrypted_with_separate_keys() {
    let movie = fixtures::fixture("sample.mp4");
    let keys = ["--encrypt", "all", "--audio-key", OTHER_KEY.key, "--audio-kid", OTHER_KEY.kid];
    for scheme in ["cbcs", "cenc"] {
        let Packaged { package, scratch } =
            packaged(&movie, &[&key_arguments(KEY)[..], &keys, &["--scheme", scheme]].concat());
        assert_eq!(rules::violations(&package), [""; 0], "{scheme}");
        for (id, key, wrong) in [("v1", KEY, OTHER_KEY), ("a1", OTHER_KEY, KEY)] {
            let representation = package.representation(id);
            assert_same_samples(&movie, representation, &decrypt::decrypted(representation, key, scratch.path()));
            let decrypted = fs::read(decrypt::decrypted(representation, key, scratch.path())).unwrap();
            assert!(
                fs::read(decrypt::decrypted(representation, wrong, scratch.path())).unwrap() != decrypted,
                "{scheme}"
            );
        }
    }
}

/// The command states how many samples of a track are encrypted, and says so if none is. The expected number is that of the
/// samples that differ from the clear package.
#[test]
fn a_track_of_which_nothing_is_encrypted_is_reported() {
    let samples = |directory: &Path, id: &str| -> Vec<Vec<u8>> {
        Package::open(directory).representation(id).segments.iter().flat_map(Segment::sample_bytes).collect()
    };
    let mut totals = Vec::new();
    for (name, scheme) in
        [("silence.mp4", "cbcs"), ("silence.mp4", "cenc"), ("many-slices.mp4", "cbcs"), ("still.mp4", "cbcs")]
    {
        let (movie, scratch) = (fixtures::fixture(name), TempDir::new().unwrap());
        let (clear, encrypted) = (scratch.path().join("clear"), scratch.path().join("encrypted"));
        assert!(vpp::package(&movie, &clear, &["--scheme", "clear"]).status.success());
        let arguments = [&key_arguments(KEY)[..], &["--scheme", scheme, "--encrypt", "all", "--json"]].concat();
        let output = vpp::package(&movie, &encrypted, &arguments);
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for representation in summary["representations"].as_array().unwrap() {
            let id = representation["name"].as_str().unwrap();
            let (before, after) = (samples(&clear, id), samples(&encrypted, id));
            let differ = before.iter().zip(&after).filter(|(before, after)| before != after).count();
            assert_eq!(representation["encrypted_samples"], differ, "{name} {scheme} {id}");
            totals.push((name, scheme, id.to_owned(), differ, before.len()));
        }
        let output = vpp::package(&movie, &encrypted, &arguments[..arguments.len() - 1]);
        let is_reported = String::from_utf8_lossy(&output.stdout).contains("no sample is large enough to encrypt");
        assert_eq!(
            is_reported,
            totals.iter().any(|total| (total.0, total.1) == (name, scheme) && total.3 == 0),
            "{name}"
        );
    }
    let of_audio =
        |scheme| totals.iter().find(|total| total.1 == scheme && total.2 == "a1").map(|total| (total.3, total.4));
    assert!(of_audio("cbcs").is_some_and(|(encrypted, samples)| encrypted == 0 && samples > 400), "{totals:?}");
    assert!(of_audio("cenc").is_some_and(|(encrypted, samples)| encrypted == samples), "{totals:?}");
}
