//! The CDN's functions in `template.yaml`, run in Node.js as their runtime runs them.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::fixtures;

/// Returns the code of the function that is the resource with this name.
pub fn code(resource: &str) -> String {
    let template = fs::read_to_string(fixtures::root().join("template.yaml")).unwrap();
    let (_, rest) = template.split_once(&format!("\n  {resource}:\n")).expect("the resource");
    let (_, rest) = rest.split_once("FunctionCode: ").expect("the function");
    let lines = rest.lines().skip(1).take_while(|line| line.is_empty() || line.starts_with("        "));
    lines.flat_map(|line| [line.trim_start_matches("        "), "\n"]).collect()
}

/// Returns the result of the function for each of `events`. The clock of the function is at `now`, in milliseconds.
pub fn results(code: &str, now: u64, events: &[Value]) -> Vec<Value> {
    run(&json!({"code": code, "now": now, "events": events}))
}

/// Returns whether the function passes a request for each of `paths` on to the cache.
pub fn passes(code: &str, paths: &[String]) -> Vec<bool> {
    run(&json!({"code": code, "now": 0, "paths": paths}))
}

fn run<T: serde::de::DeserializeOwned>(input: &Value) -> Vec<T> {
    let mut command = Command::new("node");
    command.arg(fixtures::root().join("tests/oracles/cloudfront-function.cjs"));
    let mut node = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node starts");
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
