//! The API answers what its document says, to thousands of requests that schemathesis makes up of it.

use std::process::Command;

use vpp_tests::fixtures::root;

/// On a stack of its own: what it finds, it also deletes.
#[test]
fn whatever_is_asked_the_answer_is_in_the_document_and_nothing_breaks() {
    let mut command = Command::new("python3");
    command.args(["-m", "infra.local", "fuzz"]).current_dir(root()).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().expect("python3 starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
