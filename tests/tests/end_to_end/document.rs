//! The API answers what its document says, to thousands of requests that schemathesis makes up of it.

use std::process::Command;

use vpp_tests::fixtures::root;

/// On a stack of its own: what it finds, it also deletes.
#[test]
fn every_answer_to_a_generated_request_conforms_to_the_document() {
    let mut command = Command::new("python3");
    command.args(["-m", "infra.local", "fuzz"]).current_dir(root()).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().expect("python3 starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
