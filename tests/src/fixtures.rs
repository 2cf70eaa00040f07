//! The media the tests run on: fixtures made by `tests/media/make.py`, and a corpus of real files beside the checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the checkout.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}

/// The path of a fixture, which is made first when it is not there.
#[must_use]
pub fn fixture(name: &str) -> PathBuf {
    let media = root().join("tests/media");
    if name == "sample.mp4" {
        return media.join(name);
    }
    make(&[name]);
    media.join("made").join(name)
}

/// The names of all fixtures that must package, the committed sample first.
#[must_use]
pub fn good() -> Vec<String> {
    make(&["--list-good"]).lines().map(str::to_owned).collect()
}

/// The names of all fixtures that must be refused.
#[must_use]
pub fn bad() -> Vec<String> {
    make(&["--list-bad"]).lines().map(str::to_owned).collect()
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
