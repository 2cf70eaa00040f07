//! The command line with the deployed stack: `vpp` alone uploads, follows, plays and deletes a movie.

use std::ffi::OsStr;
use std::fs;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;
use vpp_tests::decrypt::KEY;
use vpp_tests::fixtures::fixture;
use vpp_tests::vpp;

use crate::platform::{api_token, assert_matches_command_in, fetch, player, text};
use crate::stack::stack;

/// Runs the command with the token of a role. Returns its exit status and the lines of JSON that it prints.
fn run<A: AsRef<OsStr>>(
    role: &str,
    home: &TempDir,
    arguments: impl IntoIterator<Item = A>,
) -> (Option<i32>, Vec<Value>) {
    let mut command = vpp::command();
    command.env("HOME", home.path()).env_remove("XDG_STATE_HOME").env_remove("VPP_TOKEN_FILE");
    command.env("VPP_API", stack().output("api_url")).env("VPP_TOKEN", api_token(role)).env("VPP_KEY", KEY.key);
    let Output { status, stdout, stderr } = command.args(arguments).arg("--json").output().unwrap();
    assert!(stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    let lines = String::from_utf8(stdout).unwrap();
    (status.code(), lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn the_command_line_uploads_follows_plays_and_deletes_a_movie() {
    let home = TempDir::new().unwrap();
    let movie = fixture("late-video.mp4");
    let options = ["--follow", "--layout", "single-file", "--kid", KEY.kid].map(OsStr::new);
    let arguments = [OsStr::new("upload"), movie.as_os_str()].into_iter().chain(options);
    let (status, lines) = run("operator", &home, arguments);
    assert_eq!(status, Some(0), "{lines:?}");
    let types: Vec<_> = lines.iter().map(|line| text(line, "type")).collect();
    assert_eq!(types[..3], ["upload", "upload", "content"]);
    let done = &lines[lines.len() - 1]["package"];
    assert_eq!((&done["status"], &done["layout"]), (&"Ready".into(), &"single-file".into()));
    let (id, content) = (text(done, "packaged_content_id"), text(done, "input_content_id"));
    assert_eq!(lines[1]["input_content_id"], content);
    assert_matches_command_in("single-file", id, &[&movie], KEY.key, KEY.kid);

    let (status, urls) = run("reader", &home, ["url", id, "--token"]);
    assert_eq!(status, Some(0));
    assert!(fetch(text(&urls[0], "dash"), None).expect("the manifest").text().contains("<MPD"));
    assert!(fetch(text(&urls[0], "hls"), None).expect("the playlist").text().starts_with("#EXTM3U"));
    let key_url = format!("{}/key?kid={}", text(&urls[0], "license_url"), KEY.kid);
    let key = player("GET", &key_url, Some(text(&urls[0], "token")), "").expect("the key");
    assert_eq!(data_encoding::HEXLOWER.encode(&key.body), KEY.key);

    let count_listed = |home: &TempDir| {
        let (status, lines) = run("reader", home, ["list", "--all", "--of", content]);
        assert_eq!(status, Some(0));
        lines.iter().filter(|line| line["package"]["packaged_content_id"] == id).count()
    };
    assert_eq!(count_listed(&home), 1);
    let (status, refused) = run("reader", &home, ["delete", id]);
    assert_eq!((status, text(&refused[0], "code")), (Some(5), "role_insufficient"));
    let (status, deleted) = run("operator", &home, ["delete", id, "--follow"]);
    assert_eq!((status, text(&deleted[0], "type")), (Some(0), "deleted"));
    assert_eq!(count_listed(&home), 0);
    assert_eq!(run("reader", &home, ["status", id]).0, Some(1));
    assert_eq!(run("reader", &home, ["status", content]).0, Some(0), "the content remains");
}

#[test]
fn a_file_that_is_refused_ends_the_command_with_the_code_of_the_refusal() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("not a movie.mp4");
    fs::write(&file, b"this is no movie").unwrap();
    let (status, lines) = run("operator", &home, [OsStr::new("upload"), file.as_os_str(), OsStr::new("--follow")]);
    let error = &lines[lines.len() - 1];
    assert_eq!((status, text(error, "type"), text(error, "about")), (Some(1), "error", "not a movie.mp4"));
    assert_eq!(text(error, "code"), text(&lines[lines.len() - 2]["content"], "code"));
}
