//! The engine and Shaka Packager encrypt the same ranges of every sample to the same bytes.
//!
//! Both get the same movie, key and IV, so every protected range and every encrypted byte must be equal. [`DIFFERENCES`] lists
//! each exception with its clause and the movies that have it; the test allows no other.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY};
use vpp_tests::ffmpeg::ffmpeg;
use vpp_tests::package::Package;
use vpp_tests::shaka::{self, EncryptedTrack};
use vpp_tests::{boxes, movies, vpp};

/// The protected ranges of a sample.
type Ranges = [Range<usize>];

/// An allowed difference between the protected ranges of a sample.
struct Difference {
    /// Returns whether the engine's and Shaka's ranges differ in this way.
    is: fn(scheme: &str, ours: &Ranges, theirs: &Ranges) -> bool,
    /// The clause that the engine follows.
    clause: &'static str,
    /// The reason.
    why: &'static str,
    /// The movies that have such samples: each must have one, and no other movie may.
    movies: &'static [&'static str],
}

const DIFFERENCES: [Difference; 1] = [Difference {
    is: smallest_ranges_are_clear,
    clause: "ISO/IEC 14496-12 8.7.8, sample_info_size; ISO/IEC 23001-7 7.2",
    why: "saiz has eight bits for the size of a sample's auxiliary information: 2 bytes, 6 for each subsample, and 8 for the IV of \
          cenc. So 42 subsamples can be signalled, 40 with an IV. With more slices the engine leaves the smallest clear; Shaka \
          lists all in senc, and the sizes in its saiz wrap around.",
    movies: &["many-slices.mp4"],
}];

fn smallest_ranges_are_clear(scheme: &str, ours: &Ranges, theirs: &Ranges) -> bool {
    let max = if scheme == "cenc" { 40 } else { 42 };
    let smallest = ours.iter().map(ExactSizeIterator::len).min().unwrap_or(0);
    let clear = theirs.iter().filter(|range| !ours.contains(range));
    // Clear bytes after the last range need an entry too.
    let is_full = [max, max - 1].contains(&ours.len());
    theirs.len() > ours.len()
        && is_full
        && ours.iter().all(|range| theirs.contains(range))
        && clear.clone().all(|range| range.len() <= smallest)
}

/// Movies that Shaka Packager cannot read until ffmpeg has remuxed their samples into a plain file: QuickTime sound
/// descriptions, AAC whose channels are listed in a program configuration element, a trailing edit without a duration, an
/// `mdat` of size 0. In `far-offsets.mp4` it would read the hole of 5 GiB.
const REMUXED: [&str; 9] = [
    "aac-channels.mp4",
    "quicktime.mov",
    "quicktime-languages.mov",
    "dolby.mov",
    "mp3.mov",
    "alac.mov",
    "trimmed.mp4",
    "open-ended.mp4",
    "far-offsets.mp4",
];

/// Further arguments of `vpp package`, one list for each layout. Encryption does not depend on the layout.
const LAYOUTS: [&[&str]; 1] = [&[]];

fn assert_same_bytes(scheme: &str) {
    let has_rules = |movie: &PathBuf| !movies::is_audio_only(movie) && movies::supports_scheme(movie, scheme);
    let movies: Vec<_> = movies::all().into_iter().filter(has_rules).collect();
    movies::for_every(&movies, |movie| {
        for layout in LAYOUTS {
            assert_same_samples(movie, scheme, layout);
        }
    });
}

fn assert_same_samples(movie: &Path, scheme: &str, layout: &[&str]) {
    let scratch = TempDir::new().unwrap();
    let ours = packaged(movie, scheme, layout, scratch.path());
    let theirs = shaka::encrypt(&readable_by_shaka(movie, scratch.path()), scheme, &ours.iv, scratch.path());
    assert_eq!(ours.samples.len(), theirs.samples.len());
    assert!(ours.samples.iter().any(|sample| !sample.protected.is_empty()), "nothing is protected");

    let mut found = [false; DIFFERENCES.len()];
    for (index, (ours, theirs)) in ours.samples.iter().zip(&theirs.samples).enumerate() {
        if ours.protected == theirs.protected {
            assert!(ours.bytes == theirs.bytes, "sample {index}: other bytes in the same ranges");
            continue;
        }
        let kind = DIFFERENCES.iter().position(|kind| (kind.is)(scheme, &ours.protected, &theirs.protected));
        let kind =
            kind.unwrap_or_else(|| panic!("sample {index}: {:?}, theirs {:?}", ours.protected, theirs.protected));
        found[kind] = true;
    }
    for (kind, found) in DIFFERENCES.iter().zip(found) {
        let expected = kind.movies.iter().any(|name| movie.ends_with(name));
        assert_eq!(found, expected, "{}: {}", kind.clause, kind.why);
    }
    let clear = |encrypted: &EncryptedTrack| {
        let file = scratch.path().join("clear.mp4");
        decrypt::decrypt(&encrypted.joined, KEY, &file);
        boxes::all(&fs::read(file).unwrap(), "mdat").concat()
    };
    assert!(clear(&ours) == clear(&theirs), "Bento4 decrypts them to other bytes");
}

/// Packages a movie with the engine, and returns its encrypted video.
fn packaged(movie: &Path, scheme: &str, layout: &[&str], scratch: &Path) -> EncryptedTrack {
    let folder = scratch.join("package");
    let arguments = [&["--key", KEY.key, "--kid", KEY.kid, "--scheme", scheme], layout].concat();
    let output = vpp::package(movie, &folder, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    EncryptedTrack::read(decrypt::join(Package::open(&folder).representation("v1"), scratch))
}

/// Returns a file of the movie that Shaka Packager can read.
fn readable_by_shaka(movie: &Path, scratch: &Path) -> PathBuf {
    if !REMUXED.iter().any(|name| movie.ends_with(name)) {
        return movie.to_owned();
    }
    let remuxed = scratch.join("plain.mp4");
    let mut command = ffmpeg();
    command.args(["-y", "-ignore_editlist", "1", "-i"]).arg(movie);
    let output = command.args(["-map", "0:v:0", "-c", "copy"]).arg(&remuxed).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    remuxed
}

#[test]
fn shaka_packager_protects_the_same_bytes_by_cbcs() {
    assert_same_bytes("cbcs");
}

#[test]
fn shaka_packager_protects_the_same_bytes_by_cenc() {
    assert_same_bytes("cenc");
}
