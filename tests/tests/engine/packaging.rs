//! Packages the movies of the tests.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::decrypt::Key;
use vpp_tests::ffmpeg::{self, Edits};
use vpp_tests::package::{Package, Representation};
use vpp_tests::{fixtures, movies, vpp};

/// Returns whether a movie is the ten-minute film. Decoding it takes minutes, so a separate test does that.
pub(crate) fn is_film(movie: &Path) -> bool {
    movie.file_name().is_some_and(|name| name.to_string_lossy().starts_with("film-"))
}

/// Returns whether a movie is in Dolby Vision. ffmpeg mistakes the original format `dvh1` of an encrypted track for a tape
/// format.
pub(crate) fn is_dolby_vision(movie: &Path) -> bool {
    movie.ends_with("dolby-vision.mp4")
}

/// Returns whether a movie has ALAC. ffmpeg reads the sample entry of an encrypted track before its original format, and so misses
/// the configuration.
pub(crate) fn is_alac(movie: &Path) -> bool {
    ["alac.mp4", "alac.mov"].iter().any(|name| movie.ends_with(name))
}

/// Returns the ten-minute film. The variant with the index at the end gives the same bytes:
/// `the_position_of_the_index_does_not_matter`.
pub(crate) fn film() -> PathBuf {
    fixtures::fixture("film-moov-first.mp4")
}

/// Returns the movies whose codecs every scheme can protect, with the film.
pub(crate) fn movies() -> Vec<PathBuf> {
    movies::all().into_iter().filter(|movie| movies::supports_scheme(movie, "cbcs")).chain([film()]).collect()
}

/// Returns the movies of every codec, with the film.
pub(crate) fn all_movies() -> Vec<PathBuf> {
    movies::all().into_iter().chain([film()]).collect()
}

/// Returns whether a movie uses one of these codecs, by the prefix of the codec string.
pub(crate) fn has_codec(movie: &Path, codecs: &[&str]) -> bool {
    let clear = packaged(movie, &["--scheme", "clear"]);
    let mut representations = clear.package.representations.iter();
    representations.any(|representation| codecs.iter().any(|codec| representation.codecs.starts_with(codec)))
}

/// A package in a temporary directory, which is deleted with this value.
pub(crate) struct Packaged {
    pub(crate) package: Package,
    pub(crate) scratch: TempDir,
}

/// Packages a movie and reads the package.
pub(crate) fn packaged(movie: &Path, arguments: &[&str]) -> Packaged {
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path().join("package");
    let arguments = [arguments, if movies::is_audio_only(movie) { &["--audio-only"] } else { &[] }].concat();
    let output = vpp::package(movie, &directory, &arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "vpp package {} {arguments:?}: {errors}", movie.display());
    Packaged { package: Package::open(&directory), scratch }
}

/// Returns the arguments that request encryption with a key.
pub(crate) fn key_arguments(key: Key) -> [&'static str; 4] {
    ["--key", key.key, "--kid", key.kid]
}

/// Returns ffmpeg's name of the source stream of a representation.
pub(crate) fn stream(representation: &Representation) -> String {
    let (kind, ordinal) = representation.id.split_at(1);
    format!("0:{kind}:{}", ordinal.parse::<u32>().unwrap() - 1)
}

/// Asserts that a clear file of one representation holds every sample of its source track, unchanged except for a constant
/// shift of the times.
pub(crate) fn assert_same_samples(movie: &Path, representation: &Representation, clear: &Path) {
    let source = ffmpeg::source_packets(movie, &stream(representation), Edits::Ignored);
    let mut found = ffmpeg::packets(clear, "0:0", Edits::Ignored);
    assert!(!source.is_empty());
    assert_eq!(found.len(), source.len(), "{}: number of samples", representation.id);
    let shift = found[0].dts - source[0].dts;
    for packet in &mut found {
        (packet.dts, packet.pts) = (packet.dts - shift, packet.pts - shift);
    }
    for (index, (found, source)) in found.iter().zip(&source).enumerate() {
        assert_eq!(found, source, "{}: sample {index}", representation.id);
    }
}
