//! The media the tests run on: fixtures made by `tests/media/make.py`, and a corpus of real files beside the checkout.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The one that is committed.
const SAMPLE: &str = "sample.mp4";

/// The root of the checkout.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}

/// The path of a fixture, which is made first when it is not there.
#[must_use]
pub fn fixture(name: &str) -> PathBuf {
    fixtures(&[name.to_owned()]).remove(0)
}

/// The paths of fixtures; those that are not there are made first. Each is looked at once in a process, and many at a time.
#[must_use]
pub fn fixtures(names: &[String]) -> Vec<PathBuf> {
    static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    // What panicked while it was held has seen what is in it all the same.
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let new: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| *name != SAMPLE && !seen.contains(*name)).collect();
    if !new.is_empty() {
        make(&new);
        seen.extend(new.into_iter().map(str::to_owned));
    }
    let media = root().join("tests/media");
    names.iter().map(|name| if name == SAMPLE { media.join(name) } else { media.join("made").join(name) }).collect()
}

/// The names of all fixtures that must package, the committed sample first.
#[must_use]
pub fn good() -> Vec<String> {
    static GOOD: OnceLock<Vec<String>> = OnceLock::new();
    GOOD.get_or_init(|| make(&["--list-good"]).lines().map(str::to_owned).collect()).clone()
}

/// The names of all fixtures that must be refused.
#[must_use]
pub fn bad() -> Vec<String> {
    static BAD: OnceLock<Vec<String>> = OnceLock::new();
    BAD.get_or_init(|| make(&["--list-bad"]).lines().map(str::to_owned).collect()).clone()
}

/// Runs `make.py`, which takes turns with other processes by a file lock, and returns what it prints.
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

/// A file of the corpus of real files: `$VPP_CORPUS`, or `shared/corpus` beside the checkout. Its README says what each file is.
///
/// A checkout without the corpus is no fault, so `None` then, unless `CI` is set: there it must not be missed silently.
///
/// # Panics
/// When the corpus is there but the file is not, and under `CI` when there is no corpus.
#[must_use]
pub fn corpus(name: &str) -> Option<PathBuf> {
    let home = std::env::var_os("VPP_CORPUS").map_or_else(|| root().join("../shared/corpus"), PathBuf::from);
    if !home.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "there is no corpus at {}", home.display());
        return None;
    }
    let file = home.join(name);
    assert!(file.is_file(), "{name} is not in the corpus");
    Some(file)
}
