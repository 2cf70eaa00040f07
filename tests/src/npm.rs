//! The pinned packages from npm, and what they make of manifests and of events.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::fixtures;

/// The folder that holds `node_modules`.
pub fn packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| fixtures::make(&["--node"]).trim().into())
}

/// What `mpd-parser` and `m3u8-parser` say of these manifests: an object with `messages` and `parsed` for each path.
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

/// What `ajv` and `standardwebhooks` have to complain of: events that their schema does not allow, and deliveries (`headers`,
/// `body`, `secret`) whose signatures are wrong.
///
/// # Panics
/// When one of them throws.
#[must_use]
pub fn complaints(events: &[Value], deliveries: &[Value]) -> Vec<String> {
    let root = fixtures::root();
    let mut command = Command::new("node");
    command.arg(root.join("tests/oracles/events.cjs")).arg(packages()).arg(root.join("infra/events.schema.json"));
    answer(&mut command, &serde_json::json!({"events": events, "deliveries": deliveries}))
}

/// What `ajv` has to complain of documents that a schema does not allow.
///
/// # Panics
/// When it throws.
#[must_use]
pub fn not_valid(schema: &Path, documents: &[Value]) -> Vec<String> {
    let mut command = Command::new("node");
    command.arg(fixtures::root().join("tests/oracles/json-schema.cjs")).arg(packages()).arg(schema);
    answer(&mut command, &Value::from(documents))
}

/// The list that a command answers when it is asked something in JSON.
fn answer(command: &mut Command, asked: &Value) -> Vec<String> {
    let mut node = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node starts");
    node.stdin.take().expect("a pipe").write_all(asked.to_string().as_bytes()).expect("node reads");
    let output = node.wait_with_output().expect("node ends");
    assert!(output.status.success(), "node says why above");
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}
