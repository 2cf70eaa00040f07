//! The pinned packages from npm, and what two of them understand of manifests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::fixtures;

/// The folder that holds `node_modules`.
pub fn packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| fixtures::make(&["--node"]).trim().into())
}

/// What `mpd-parser` and `m3u8-parser` say of these manifests: an object with `said` and `understood` for each path.
///
/// # Panics
/// When one of them throws.
#[must_use]
pub fn understood(manifests: &[PathBuf]) -> Value {
    let mut command = Command::new("node");
    command.arg(fixtures::root().join("tests/oracles/manifests.cjs")).arg(packages()).args(manifests);
    let output = command.output().expect("node starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}
