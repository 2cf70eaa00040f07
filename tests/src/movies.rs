//! Every movie the platform must package, and checks that go through all of them before they fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::fixtures;

/// The files of the corpus that must package.
const CORPUS: [&str; 16] =
    ["s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s13", "s14", "s15", "s16", "s18"];

/// Those of them without video, which are packaged when asked for as such.
const SOUND_ALONE: [&str; 2] = ["s09.mp4", "s10.mp4"];

/// The movies for which `cbcs` is not defined.
const VP9: [&str; 2] = ["vp9.mp4", "s06.mp4"];

/// Every good fixture but the ten-minute films, and every good file of the corpus.
pub fn all() -> Vec<PathBuf> {
    let names: Vec<_> = fixtures::good().into_iter().filter(|name| !name.starts_with("film-")).collect();
    fixtures::fixtures(&names)
        .into_iter()
        .chain(CORPUS.iter().filter_map(|name| fixtures::corpus(&format!("good/{name}.mp4"))))
        .collect()
}

/// Whether a movie has no video, so that packaging it takes `--audio-only`.
#[must_use]
pub fn is_sound_alone(movie: &Path) -> bool {
    SOUND_ALONE.iter().any(|name| movie.ends_with(name))
}

/// Whether a scheme is defined for the codecs of a movie.
#[must_use]
pub fn can_have(movie: &Path, scheme: &str) -> bool {
    scheme != "cbcs" || !VP9.iter().any(|name| movie.ends_with(name))
}

/// Runs a check on every movie, and fails with the names of those that did not pass.
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
