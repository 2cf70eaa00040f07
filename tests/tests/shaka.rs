//! Shaka Packager and we encrypt the same bytes of every sample, and into the same bytes.
//!
//! Both are given the same movie, key and IV. Then every sample's protected ranges are the same, and, the ciphers being what
//! they are, so is every encrypted byte. Where that is not so, [`DIFFERENCES`] has a row that says how, in which movies and
//! by which clause, and the test holds the difference to just that.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY};
use vpp_tests::ffmpeg::ffmpeg;
use vpp_tests::package::Package;
use vpp_tests::shaka::{self, Encrypted};
use vpp_tests::{boxes, movies, vpp};

/// The protected ranges of a sample.
type Ranges = [Range<usize>];

/// A way in which the protected ranges of a sample may differ.
struct Difference {
    /// Whether the ranges, ours and theirs, differ in this way by this scheme.
    is: fn(scheme: &str, ours: &Ranges, theirs: &Ranges) -> bool,
    /// The clause that decides.
    clause: &'static str,
    /// What it says, and what follows.
    why: &'static str,
    /// The movies that have such samples: each must, and no other may.
    movies: &'static [&'static str],
}

const DIFFERENCES: [Difference; 1] = [Difference {
    is: leaves_the_smallest_clear,
    clause: "ISO/IEC 14496-12 8.7.8, sample_info_size; ISO/IEC 23001-7 7.2",
    why: "saiz counts the auxiliary information of a sample in eight bits: 2 bytes, 6 for each subsample, and 8 for the IV of \
          cenc. So 42 subsamples can be signalled, 40 with an IV. Of more slices we leave the smallest clear; Shaka lists all in \
          senc, and the sizes in its saiz wrap around.",
    movies: &["many-slices.mp4"],
}];

fn leaves_the_smallest_clear(scheme: &str, ours: &Ranges, theirs: &Ranges) -> bool {
    let most = if scheme == "cenc" { 40 } else { 42 };
    let smallest = ours.iter().map(ExactSizeIterator::len).min().unwrap_or(0);
    let left = theirs.iter().filter(|range| !ours.contains(range));
    // Clear bytes behind the last range take an entry too.
    let is_full = [most, most - 1].contains(&ours.len());
    theirs.len() > ours.len()
        && is_full
        && ours.iter().all(|range| theirs.contains(range))
        && left.clone().all(|range| range.len() <= smallest)
}

/// What Shaka Packager cannot read, and reads when ffmpeg has written the same samples into a plain file: QuickTime sound
/// descriptions, a trailing edit of no duration, a media box of size 0. Of `far-offsets.mp4` it would read the hole of 5 GiB.
const REMUXED: [&str; 6] =
    ["quicktime.mov", "dolby.mov", "mp3.mov", "trimmed.mp4", "open-ended.mp4", "far-offsets.mp4"];

/// Further arguments of `vpp package`: a layout each. What is encrypted does not depend on it.
const LAYOUTS: [&[&str]; 1] = [&[]];

fn same_bytes(scheme: &str) {
    let has_rules = |movie: &PathBuf| !movies::is_sound_alone(movie) && movies::can_have(movie, scheme);
    let movies: Vec<_> = movies::all().into_iter().filter(has_rules).collect();
    movies::for_every(&movies, |movie| {
        for layout in LAYOUTS {
            compare(movie, scheme, layout);
        }
    });
}

fn compare(movie: &Path, scheme: &str, layout: &[&str]) {
    let scratch = TempDir::new().unwrap();
    let ours = packaged(movie, scheme, layout, scratch.path());
    let theirs = shaka::encrypted(&plain(movie, scratch.path()), scheme, &ours.iv, scratch.path());
    assert_eq!(ours.samples.len(), theirs.samples.len());
    assert!(ours.samples.iter().any(|sample| !sample.protected.is_empty()), "nothing is protected");

    let mut met = [false; DIFFERENCES.len()];
    for (index, (ours, theirs)) in ours.samples.iter().zip(&theirs.samples).enumerate() {
        if ours.protected == theirs.protected {
            assert!(ours.bytes == theirs.bytes, "sample {index}: other bytes in the same ranges");
            continue;
        }
        let kind = DIFFERENCES.iter().position(|kind| (kind.is)(scheme, &ours.protected, &theirs.protected));
        let kind =
            kind.unwrap_or_else(|| panic!("sample {index}: {:?}, theirs {:?}", ours.protected, theirs.protected));
        met[kind] = true;
    }
    for (kind, met) in DIFFERENCES.iter().zip(met) {
        let expected = kind.movies.iter().any(|name| movie.ends_with(name));
        assert_eq!(met, expected, "{}: {}", kind.clause, kind.why);
    }
    let clear = |encrypted: &Encrypted| {
        let file = scratch.path().join("clear.mp4");
        decrypt::decrypt(&encrypted.joined, KEY, &file);
        boxes::all(&fs::read(file).unwrap(), "mdat").concat()
    };
    assert!(clear(&ours) == clear(&theirs), "Bento4 decrypts them to other bytes");
}

/// The picture of a movie in our package.
fn packaged(movie: &Path, scheme: &str, layout: &[&str], scratch: &Path) -> Encrypted {
    let folder = scratch.join("package");
    let arguments = [&["--key", KEY.key, "--kid", KEY.kid, "--scheme", scheme], layout].concat();
    let output = vpp::package(movie, &folder, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Encrypted::read(decrypt::join(Package::open(&folder).representation("v1"), scratch))
}

/// The movie as Shaka Packager can read it.
fn plain(movie: &Path, scratch: &Path) -> PathBuf {
    if !REMUXED.iter().any(|name| movie.ends_with(name)) {
        return movie.to_owned();
    }
    let plain = scratch.join("plain.mp4");
    let mut command = ffmpeg();
    command.args(["-y", "-ignore_editlist", "1", "-i"]).arg(movie);
    let output = command.args(["-map", "0:v:0", "-c", "copy"]).arg(&plain).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    plain
}

#[test]
fn shaka_packager_protects_the_same_bytes_by_cbcs() {
    same_bytes("cbcs");
}

#[test]
fn shaka_packager_protects_the_same_bytes_by_cenc() {
    same_bytes("cenc");
}
