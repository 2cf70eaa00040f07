//! The commands that work with a platform, against a fake platform that injects faults: lost responses, broken connections, error
//! responses and hanging requests. `end_to_end` tests them against the deployed platform.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod commands;
mod fake_platform;
mod server;
mod shell;
mod tls;
mod upload;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The token of the fake platform.
const TOKEN: &str = "token-of-an-operator-000000";

/// Returns the command, with an empty environment and a separate home folder.
fn vpp<A: AsRef<OsStr>>(api: &str, home: &Path, arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vpp"));
    command.env_clear().env("HOME", home).env("VPP_API", api).env("VPP_TOKEN", TOKEN).args(arguments);
    command
}

/// Runs the command and returns its exit status, standard output and standard error.
fn run<A: AsRef<OsStr>>(api: &str, arguments: impl IntoIterator<Item = A>) -> (i32, String, String) {
    outcome(&vpp(api, TempDir::new().unwrap().path(), arguments).output().unwrap())
}

fn outcome(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Parses the JSON lines of a command's output.
fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the types of the JSON lines.
fn types(stdout: &str) -> Vec<String> {
    lines(stdout).iter().map(|line| line["type"].as_str().unwrap().to_owned()).collect()
}
