//! `vpp completions` and `vpp manual`.

use tempfile::TempDir;

use crate::run;

#[test]
fn every_command_has_completions_and_a_manual_page() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (status, script, _) = run("", ["completions", shell]);
        assert!(status == 0 && ["upload", "retry", "follow"].iter().all(|word| script.contains(word)), "{shell}");
    }
    let folder = TempDir::new().unwrap();
    assert_eq!(run("", ["manual", folder.path().to_str().unwrap()]).0, 0);
    for command in ["package", "inspect", "upload", "request", "list", "status", "url", "delete", "retry"] {
        let page = std::fs::read_to_string(folder.path().join(format!("vpp-{command}.1"))).unwrap();
        assert!(page.contains(".SH OPTIONS"), "{command}");
    }
}
