//! The pinned packages from npm: manifest parsers, a JSON schema validator, and a verifier of webhook signatures.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::fixtures;

/// Returns the folder that holds `node_modules`.
pub fn packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| fixtures::make(&["--node"]).trim().into())
}

/// Parses manifests with `mpd-parser` and `m3u8-parser`. Returns an object with `messages` and `parsed` for each path.
///
/// # Panics
/// When a parser throws.
#[must_use]
pub fn parse_manifests(manifests: &[PathBuf]) -> Value {
    let mut command = Command::new("node");
    command.arg(fixtures::root().join("tests/oracles/manifests.cjs")).arg(packages()).args(manifests);
    let output = command.output().expect("node starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the output is JSON")
}

/// Validates events against their schema with `ajv`, and the signatures of deliveries (`headers`, `body`, `secret`) with
/// `standardwebhooks`. Returns the errors.
///
/// # Panics
/// When a validator throws.
#[must_use]
pub fn event_errors(events: &[Value], deliveries: &[Value]) -> Vec<String> {
    let root = fixtures::root();
    let mut command = Command::new("node");
    command.arg(root.join("tests/oracles/events.cjs")).arg(packages()).arg(root.join("infra/events.schema.json"));
    run_with_json(&mut command, &serde_json::json!({"events": events, "deliveries": deliveries}))
}

/// Validates documents against a JSON schema with `ajv`. Returns the errors.
///
/// # Panics
/// When `ajv` throws.
#[must_use]
pub fn schema_errors(schema: &Path, documents: &[Value]) -> Vec<String> {
    let mut command = Command::new("node");
    command.arg(fixtures::root().join("tests/oracles/json-schema.cjs")).arg(packages()).arg(schema);
    run_with_json(&mut command, &Value::from(documents))
}

/// Runs a command with JSON as its input, and returns the list that it prints.
fn run_with_json(command: &mut Command, input: &Value) -> Vec<String> {
    let mut node = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node starts");
    node.stdin.take().expect("a pipe").write_all(input.to_string().as_bytes()).expect("node reads its input");
    let output = node.wait_with_output().expect("node ends");
    assert!(output.status.success(), "node failed: its output is above");
    serde_json::from_slice(&output.stdout).expect("the output is JSON")
}
