//! The movies that the platform must package, and a runner that checks all of them before it fails.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use vpp_media::track::Movie;

use crate::fixtures;
use crate::planning::index;

/// The files of the corpus that must be packaged.
const CORPUS: [&str; 16] =
    ["s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s13", "s14", "s15", "s16", "s18"];

/// The files without video, which are packaged only with `--audio-only`.
const AUDIO_ONLY: [&str; 2] = ["s09.mp4", "s10.mp4"];

/// The movies in VP9, for which `cbcs` is not defined.
const VP9: [&str; 2] = ["vp9.mp4", "s06.mp4"];

/// Returns every good fixture except the ten-minute films, and every good file of the corpus.
pub fn all() -> Vec<PathBuf> {
    let names: Vec<_> = fixtures::good().into_iter().filter(|name| !name.starts_with("film-")).collect();
    fixtures::fixtures(&names)
        .into_iter()
        .chain(CORPUS.iter().filter_map(|name| fixtures::corpus(&format!("good/{name}.mp4"))))
        .collect()
}

/// Returns whether a movie has no video, so that packaging it requires `--audio-only`.
#[must_use]
pub fn is_audio_only(movie: &Path) -> bool {
    AUDIO_ONLY.iter().any(|name| movie.ends_with(name))
}

/// Returns whether a protection scheme is defined for the codecs of a movie.
#[must_use]
pub fn supports_scheme(movie: &Path, scheme: &str) -> bool {
    scheme != "cbcs" || !VP9.iter().any(|name| movie.ends_with(name))
}

/// Runs a check on every movie, and fails with the names of the movies that did not pass.
///
/// # Panics
/// When a check panicked, or there is no movie.
pub fn for_every(movies: &[PathBuf], check: impl Fn(&Path)) {
    let failed: Vec<_> = movies
        .iter()
        .filter(|movie| {
            let passed = catch_unwind(AssertUnwindSafe(|| check(movie))).is_ok();
            if !passed {
                eprintln!("^^^ {}", movie.display());
            }
            !passed
        })
        .map(|movie| movie.file_name().unwrap().to_string_lossy())
        .collect();
    assert!(!movies.is_empty() && failed.is_empty(), "{} of {} movies: {failed:?}", failed.len(), movies.len());
}

/// Writes the sample movie to `path`, with an invalid NAL unit length in the video samples for which `is_bad` holds. It is called
/// with the position of the sample and the number of samples. Returns the path.
#[must_use]
pub fn with_bad_video_samples(path: &Path, is_bad: impl Fn(usize, usize) -> bool) -> PathBuf {
    let mut bytes = fs::read(fixtures::fixture("sample.mp4")).unwrap();
    let index = index(&bytes).unwrap();
    let movie = Movie::parse(&index).unwrap();
    let video = movie.tracks.iter().find(|track| track.video().is_some()).unwrap();
    let count = video.samples.samples().count();
    let bad = video.samples.samples().enumerate().filter(|(position, _)| is_bad(*position, count));
    for (_, sample) in bad {
        let offset = usize::try_from(sample.offset).unwrap();
        bytes[offset..offset + 4].fill(0xff);
    }
    fs::write(path, bytes).unwrap();
    path.to_owned()
}
