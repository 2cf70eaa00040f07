//! The packaging engine in the page, as WebAssembly: its verdicts are those of the command, and it is small.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use vpp_tests::fixtures::{self, bad, corpus_folder, fixtures, good, root};
use vpp_tests::vpp;

/// The most bytes of the module as it is sent.
const MAX_COMPRESSED: u64 = 1_000_000;

/// Builds the web console, and returns the folder of its module.
fn module() -> PathBuf {
    let arguments = ["-m", "infra.local", "console"];
    let built = Command::new("python3").args(arguments).current_dir(root()).stderr(Stdio::inherit()).output().unwrap();
    assert!(built.status.success(), "the web console does not build");
    Path::new(String::from_utf8(built.stdout).unwrap().trim()).join("assets/engine")
}

/// Inspects files by the module.
fn inspected_in_page(module: &Path, files: &[PathBuf]) -> Vec<Value> {
    let script = root().join("tests/oracles/engine.mjs");
    let node = Command::new("node").arg(script).arg(module).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut node = node.unwrap();
    node.stdin.take().unwrap().write_all(json!(files).to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "node failed: its output is above");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Inspects a file by the command. Returns the report, or the code and the message of the refusal.
fn inspected(file: &Path) -> Result<Value, String> {
    let output = vpp::command().arg("inspect").arg(file).arg("--json").output().unwrap();
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    Err(String::from_utf8(output.stderr).unwrap().trim().to_owned())
}

#[test]
fn the_page_and_the_command_have_the_same_verdict_on_every_file() {
    let mut files = fixtures(&[good(), bad()].concat());
    for folder in ["good", "edge", "bad"].iter().filter_map(|name| corpus_folder(name)) {
        files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    let in_page = inspected_in_page(&module(), &files);
    assert_eq!(in_page.len(), files.len());
    for (file, page) in files.iter().zip(&in_page) {
        let name = file.display();
        match inspected(file) {
            Ok(report) => assert_eq!((&page["status"], &page["preflight"]), (&json!("Ingested"), &report), "{name}"),
            // The command inspects movies only.
            Err(refusal) if page["media"] == "subtitles" => {
                assert!(refusal.starts_with("not_mp4: "), "{name}: {refusal}");
            }
            Err(refusal) => {
                let text = |member: &str| page[member].as_str().unwrap_or_default();
                assert_eq!(refusal, format!("{}: {}", text("code"), text("message")), "{name}");
            }
        }
    }
    let refused = in_page.iter().filter(|page| page["status"] == "Refused").count();
    assert!(refused > 10 && in_page.len() - refused > 50, "{refused} of {} are refused", in_page.len());
}

#[test]
fn the_module_takes_less_than_a_megabyte_to_send() {
    let bytes = fs::metadata(module().join("vpp_web_bg.wasm.gz")).unwrap().len();
    assert!(bytes < MAX_COMPRESSED, "{bytes}");
}

#[test]
fn a_refusal_that_other_options_avoid_lists_them() {
    let inspection = inspected_in_page(&module(), &[fixtures::fixture("no-video.mp4")]).remove(0);
    assert_eq!(
        (&inspection["code"], &inspection["packageable_with"]),
        (&json!("no_video"), &json!([{"audio_only": true}]))
    );
}
