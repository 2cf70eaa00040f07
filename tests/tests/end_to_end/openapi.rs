//! The API responds as its `OpenAPI` document describes, to thousands of requests that schemathesis generates from it.

use std::process::Command;

use vpp_tests::fixtures::root;

/// Uses a separate stack, because the generated requests delete what they find.
#[test]
fn every_answer_to_a_generated_request_conforms_to_the_document() {
    let mut command = Command::new("python3");
    command.args(["-m", "infra.local", "fuzz"]).current_dir(root()).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().expect("python3 starts");
    let report = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
}
