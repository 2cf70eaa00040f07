//! Every test that `GUARANTEES.md` and `SECURITY.md` name exists.

#![expect(clippy::expect_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Collects every `fn name`, `def name` and `function name` below a folder, except in build output and dependencies.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                functions(&path, found);
            }
        } else if path
            .extension()
            .is_some_and(|extension| ["rs", "py", "mjs"].iter().any(|source| extension == *source))
        {
            let text = fs::read_to_string(&path).expect("a source file");
            let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
            let named = words.windows(2).filter(|pair| matches!(pair[0], "fn" | "def" | "function"));
            found.extend(named.map(|pair| pair[1].to_owned()));
        }
    }
}

#[test]
fn every_promise_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut existing = BTreeSet::new();
    functions(root, &mut existing);
    let text = fs::read_to_string(root.join("GUARANTEES.md")).expect("the guarantees");
    let mut promises = 0;
    for row in text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise")) {
        let proofs = row.rsplit(" | ").next().unwrap_or_default();
        let named: Vec<&str> = proofs.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test is named: {row}");
        for name in named {
            assert!(existing.contains(name), "`{name}` does not exist: {row}");
        }
        promises += 1;
    }
    assert!(promises > 20, "the tables are found");
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut existing = BTreeSet::new();
    functions(root, &mut existing);
    let text = fs::read_to_string(root.join("SECURITY.md")).expect("the threat model");
    // A name with three underscores or more is the name of a test.
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() >= 3).collect();
    for name in &named {
        assert!(existing.contains(*name), "`{name}` does not exist");
    }
    assert!(named.len() > 20, "test names are found");
}
