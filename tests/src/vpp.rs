//! Runs the command `vpp` as a user does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::fixtures::root;

/// Returns the command. The first call builds it in the release profile, so that no test runs an outdated binary.
///
/// # Panics
/// When it does not build.
#[must_use]
pub fn command() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    Command::new(BINARY.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = ["build", "--release", "--quiet", "--package", "vpp-cli"];
        let built = Command::new(cargo).args(arguments).current_dir(root()).status().expect("cargo starts");
        assert!(built.success(), "vpp does not build");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        target.join("release/vpp")
    }))
}

/// Runs `vpp inspect INPUT --json` with further arguments, and returns its output.
///
/// # Panics
/// When the movie is refused.
#[must_use]
pub fn inspect(input: &Path, arguments: &[&str]) -> String {
    let output = command().arg("inspect").arg(input).arg("--json").args(arguments).output().expect("vpp starts");
    assert!(output.status.success(), "{}: {}", input.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("JSON is text")
}

/// Runs `vpp package INPUT -o OUTPUT` with further arguments.
///
/// # Panics
/// When the command does not start.
#[must_use]
pub fn package(input: &Path, output: &Path, arguments: &[&str]) -> Output {
    package_inputs(&[input], output, arguments)
}

/// Runs `vpp package INPUT... -o OUTPUT` with further arguments.
///
/// # Panics
/// When the command does not start.
#[must_use]
pub fn package_inputs(inputs: &[&Path], output: &Path, arguments: &[&str]) -> Output {
    let mut command = command();
    command.arg("package").args(inputs).arg("-o").arg(output).args(arguments);
    command.output().expect("vpp starts")
}

/// Returns the content of every file below `folder`, by path.
///
/// # Panics
/// When a file cannot be read.
#[must_use]
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)
            .expect("the folder can be read")
            .map(|entry| entry.expect("the folder can be read").path())
        {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                found.insert(
                    entry.strip_prefix(folder).expect("the folder can be read").to_owned(),
                    fs::read(&entry).expect("the folder can be read"),
                );
            }
        }
    }
    found
}
