//! The commands that work with a platform, against a small platform of the tests' own: one that loses answers, cuts connections,
//! refuses and hangs when it is told to. The real one is in `end_to_end`.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod commands;
mod server;
mod shell;
mod tls;
mod upload;
mod world;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The token of the tests' platform.
const TOKEN: &str = "token-of-an-operator-000000";

/// The command, with nothing of this machine's environment, and a home of its own.
fn vpp<A: AsRef<OsStr>>(api: &str, home: &Path, arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vpp"));
    command.env_clear().env("HOME", home).env("VPP_API", api).env("VPP_TOKEN", TOKEN).args(arguments);
    command
}

/// Runs the command, and answers its exit status and what it said on both streams.
fn run<A: AsRef<OsStr>>(api: &str, arguments: impl IntoIterator<Item = A>) -> (i32, String, String) {
    ended(&vpp(api, TempDir::new().unwrap().path(), arguments).output().unwrap())
}

fn ended(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// The lines of JSON that a command printed.
fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Their types.
fn types(stdout: &str) -> Vec<String> {
    lines(stdout).iter().map(|line| line["type"].as_str().unwrap().to_owned()).collect()
}
