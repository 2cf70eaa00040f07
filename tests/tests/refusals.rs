//! Refusals: every bad file gets its code, `docs/refusals-and-warnings.md` lists exactly the codes in the source, and a refusal
//! takes at most one second of processor time.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use vpp_tests::decrypt::KEY;
use vpp_tests::{fixtures, vpp};

/// Reads the codes in the first column of the tables of `docs/refusals-and-warnings.md` whose heading starts with `code`.
fn documented_codes() -> BTreeSet<String> {
    let text = fs::read_to_string(fixtures::root().join("docs/refusals-and-warnings.md")).unwrap();
    let mut codes = BTreeSet::new();
    let mut in_table = false;
    for line in text.lines() {
        in_table = line.starts_with("| code |") || in_table && line.starts_with('|');
        if let Some(row) = line.strip_prefix("| `").filter(|_| in_table) {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            assert!(cells.len() == 3 && cells.iter().all(|cell| !cell.is_empty()), "{line}");
            let (first, _) = row.split_once(" |").unwrap();
            for code in first.split('`').filter(|code| is_code(code)) {
                assert!(codes.insert(code.to_owned()), "{code} is listed twice");
            }
        }
    }
    codes
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Reads the codes of the engine and the pipeline from their source.
fn source_codes() -> BTreeSet<String> {
    let engine = fs::read_to_string(fixtures::root().join("crates/media/src/error.rs")).unwrap();
    let (_, arms) = engine.split_once("pub fn code(").unwrap();
    let mut codes: BTreeSet<String> = arms.lines().filter_map(|line| quoted_code(line.split_once("=> ")?.1)).collect();
    assert!(codes.len() > 10, "the match arms of `code` are found");

    let mut sources = Vec::new();
    sources_below(&fixtures::root().join("crates/pipeline/src"), &mut sources);
    let sources: Vec<_> = sources.iter().map(|path| production_code(path)).collect();
    let constants: BTreeMap<_, _> = sources.iter().flat_map(|text| text.lines().filter_map(constant)).collect();
    for text in &sources {
        for (at, marker) in ["code: ", "permanent("].into_iter().flat_map(|marker| text.match_indices(marker)) {
            // A literal, a constant, or a field or variable whose code is found elsewhere.
            let argument = text[at + marker.len()..].trim_start();
            codes.extend(quoted_code(argument));
            codes.extend(constants.get(word(argument)).cloned());
        }
    }
    codes
}

fn sources_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("testing") {
            sources_below(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// Returns a source file without its tests.
fn production_code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// Returns name and value of a constant if the line defines one whose value is a code.
fn constant(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once("const ")?.1.split_once(": &str = ")?;
    Some((name.to_owned(), quoted_code(value)?))
}

/// Returns the code in quotation marks at the start of a text.
fn quoted_code(text: &str) -> Option<String> {
    let (code, _) = text.strip_prefix('"')?.split_once('"')?;
    is_code(code).then(|| code.to_owned())
}

fn word(text: &str) -> &str {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default()
}

#[test]
fn the_documentation_lists_every_code_and_no_other() {
    assert_eq!(documented_codes(), source_codes());
}

/// The processor time that a refusal may take. The kernel counts it and ends a process that exceeds it, so a busy machine fails
/// no test, and a process that hangs fails this one.
const SECONDS: &str = "1";

#[test]
fn every_bad_file_gets_a_documented_code_within_a_second() {
    let documented = documented_codes();
    let corpus = ["bad/s12.mp4", "bad/s17.mp4"].iter().filter_map(|name| fixtures::corpus(name));
    let files = fixtures::fixtures(&fixtures::bad()).into_iter().chain(corpus);
    let mut failures = Vec::new();
    for file in files {
        let scratch = TempDir::new().unwrap();
        let output = Command::new("sh")
            .args(["-c", "ulimit -t \"$0\" && exec \"$@\"", SECONDS])
            .arg(vpp::command().get_program())
            .arg("package")
            .arg(&file)
            .arg("-o")
            .arg(scratch.path().join("package"))
            .args(["--key", KEY.key, "--kid", KEY.kid])
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        let has_code = message.split_once(": ").is_some_and(|(code, _)| documented.contains(code));
        if output.status.code() != Some(1) || !has_code {
            failures.push(format!("{}: {} {message}", file.display(), output.status));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every fixture that must be refused, with its code.
const REFUSALS: [(&str, &str); 16] = [
    ("empty.mp4", "empty_file"),
    ("text.mp4", "not_mp4"),
    ("picture.mp4", "not_mp4"),
    ("sound.mp4", "not_mp4"),
    ("transport-stream.mp4", "not_mp4"),
    ("vorbis.webm", "unsupported_codec"),
    ("no-video.mp4", "no_video"),
    ("moov-cut.mp4", "truncated_index"),
    ("mdat-cut.mp4", "truncated_media"),
    ("moov-missing.mp4", "moov_missing"),
    ("encrypted.mp4", "already_encrypted"),
    ("mpeg-4-part-2.mp4", "unsupported_codec"),
    ("prores.mov", "unsupported_codec"),
    ("pcm.mov", "unsupported_codec"),
    ("moov-too-large.mp4", "moov_too_large"),
    ("absurd-table.mp4", "malformed"),
];

#[test]
fn what_cannot_be_packaged_is_refused_with_its_code() {
    assert_eq!(fixtures::bad(), REFUSALS.map(|(name, _)| name), "every bad fixture has a code");
    let corpus = [("bad/s12.mp4", "already_encrypted"), ("bad/s17.mp4", "truncated_index")];
    let corpus = corpus.iter().filter_map(|(name, code)| Some((fixtures::corpus(name)?, *code)));
    let refusals = REFUSALS.iter().map(|(name, code)| (fixtures::fixture(name), *code)).chain(corpus);
    let mut failures = Vec::new();
    for (movie, code) in refusals {
        let scratch = TempDir::new().unwrap();
        let output = vpp::package(&movie, &scratch.path().join("package"), &["--key", KEY.key, "--kid", KEY.kid]);
        let message = String::from_utf8_lossy(&output.stderr);
        let written = scratch.path().join("package/stream.mpd").exists();
        if output.status.code() != Some(1) || !message.starts_with(&format!("{code}: ")) || written {
            failures.push(format!("{}: {} {message}", movie.display(), output.status));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn an_unsupported_codec_is_named() {
    for (name, codec) in [("mpeg-4-part-2.mp4", "mp4v"), ("prores.mov", "apcn"), ("pcm.mov", "sowt")] {
        let scratch = TempDir::new().unwrap();
        let output = vpp::package(&fixtures::fixture(name), scratch.path(), &["--key", KEY.key, "--kid", KEY.kid]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains(codec), "{name}: {message}");
    }
}
