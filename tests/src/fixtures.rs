//! The media files of the tests: fixtures that `tests/media/make.py` generates, and a corpus of real files next to the
//! checkout.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The fixture that is committed.
const SAMPLE: &str = "sample.mp4";

/// Returns the root of the checkout.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are in the workspace")
}

/// Returns the path of a fixture. Generates the fixture first if it is missing.
#[must_use]
pub fn fixture(name: &str) -> PathBuf {
    fixtures(&[name.to_owned()]).remove(0)
}

/// Returns the paths of fixtures. Generates missing ones first, in one call. Each name is checked once per process.
#[must_use]
pub fn fixtures(names: &[String]) -> Vec<PathBuf> {
    static CHECKED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    // The set is extended after `make` succeeds, so it is valid even if a test panicked while it held the lock.
    let mut checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    let new: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| *name != SAMPLE && !checked.contains(*name)).collect();
    if !new.is_empty() {
        make(&new);
        checked.extend(new.into_iter().map(str::to_owned));
    }
    let media = root().join("tests/media");
    names.iter().map(|name| if name == SAMPLE { media.join(name) } else { media.join("made").join(name) }).collect()
}

/// Returns the names of all fixtures that must be packaged, the committed sample first.
#[must_use]
pub fn good() -> Vec<String> {
    static GOOD: OnceLock<Vec<String>> = OnceLock::new();
    GOOD.get_or_init(|| make(&["--list-good"]).lines().map(str::to_owned).collect()).clone()
}

/// Returns the names of all fixtures in Matroska and WebM that must be packaged.
#[must_use]
pub fn matroska() -> Vec<String> {
    make(&["--list-matroska"]).lines().map(str::to_owned).collect()
}

/// Returns the names of all fixtures that must be refused.
#[must_use]
pub fn bad() -> Vec<String> {
    static BAD: OnceLock<Vec<String>> = OnceLock::new();
    BAD.get_or_init(|| make(&["--list-bad"]).lines().map(str::to_owned).collect()).clone()
}

/// Runs `make.py` and returns its output. A file lock serialises the calls of several processes.
///
/// # Panics
/// When it fails.
pub fn make(arguments: &[&str]) -> String {
    let script = root().join("tests/media/make.py");
    let output = Command::new("python3").arg(script).args(arguments).output().expect("python3 starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "make.py {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("make.py prints text")
}

/// Returns a file of the corpus of real files: `$VPP_CORPUS`, or `shared/corpus` next to the checkout. The corpus's README
/// describes each file.
///
/// Returns `None` if there is no corpus: a checkout need not have one. Under `CI` it must, so that its tests are not skipped
/// silently.
///
/// # Panics
/// When the corpus exists without the file, and under `CI` when there is no corpus.
#[must_use]
pub fn corpus(name: &str) -> Option<PathBuf> {
    let file = corpus_root()?.join(name);
    assert!(file.is_file(), "{name} is not in the corpus");
    Some(file)
}

/// Returns a folder of the corpus, if there is a corpus.
///
/// # Panics
/// Under `CI`, when there is no corpus.
#[must_use]
pub fn corpus_folder(name: &str) -> Option<PathBuf> {
    corpus_root().map(|corpus| corpus.join(name))
}

fn corpus_root() -> Option<PathBuf> {
    let corpus = std::env::var_os("VPP_CORPUS").map_or_else(|| root().join("../shared/corpus"), PathBuf::from);
    assert!(corpus.is_dir() || std::env::var_os("CI").is_none(), "there is no corpus at {}", corpus.display());
    corpus.is_dir().then_some(corpus)
}
