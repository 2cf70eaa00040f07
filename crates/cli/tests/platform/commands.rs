//! The other commands: what they ask, what they say, and how they end.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{Fault, World, content, package};
use crate::{TOKEN, ended, lines, run, types, vpp};

#[test]
fn a_list_goes_on_over_pages_that_are_short_or_empty() {
    let world = World::start(1000);
    let page = |items: usize, cursor: Value| json!({"packaged_content": vec![package("Failed", 1); items], "next_cursor": cursor});
    world.script("/packaged_content", vec![page(2, json!("a+b")), page(0, json!("c")), page(1, json!("d"))]);
    let arguments = ["list", "--limit", "3", "--status", "Failed", "--of", "thecontent", "--json"];
    let (status, stdout, stderr) = run(&world.api(), arguments);
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(types(&stdout), ["package", "package", "package", "page"]);
    assert_eq!(lines(&stdout)[0]["package"], package("Failed", 1));
    assert_eq!(lines(&stdout)[3]["next_cursor"], "d");
    let rest = "status=Failed&input_content_id=thecontent";
    let queries =
        [format!("limit=3&{rest}"), format!("limit=1&{rest}&cursor=a%2Bb"), format!("limit=1&{rest}&cursor=c")];
    assert_eq!(world.seen(), queries.map(Value::from));

    world.script("/input_content", vec![json!({"input_content": [content("Refused")], "next_cursor": null})]);
    let (status, stdout, stderr) = run(&world.api(), ["list", "contents", "--origin", "s3://uploads/"]);
    let row = "thecontent  2026-01-01T00:00:00Z  Refused: no_video  1.0 kB  s3://uploads/a.mp4\n";
    assert_eq!((status, stdout.as_str(), stderr.as_str()), (0, row, ""));
}

#[test]
fn status_tells_of_packages_and_contents_and_ends_as_they_did() {
    let world = World::start(1000);
    for (answer, expected) in [(package("Fragmented", 1), 0), (package("Ready", 4), 0), (package("Failed", 1), 1)] {
        world.script("/packaged_content/thepackage", vec![answer.clone()]);
        let (status, stdout, _) = run(&world.api(), ["status", "thepackage", "--json"]);
        assert_eq!((status, &lines(&stdout)[0]["package"]), (expected, &answer));
    }
    let (_, stdout, stderr) = run(&world.api(), ["status", "thepackage"]);
    assert!(stdout.contains("Failed, 1 of 4 work units, 10 B of 40 B"), "{stdout}");
    assert!(stderr.contains("thepackage: source_changed: in encrypt: it was"), "{stderr}");
    world.script("/input_content/thecontent", vec![content("Ingested")]);
    assert_eq!(types(&run(&world.api(), ["status", "thecontent", "--json"]).1), ["content"]);
    let (status, _, stderr) = run(&world.api(), ["status", "nothing"]);
    assert_eq!(status, 1);
    assert!(stderr.contains("package_not_found") && stderr.contains("vpp list"), "{stderr}");
}

#[test]
fn status_follows_to_the_end_and_tells_of_every_change_once() {
    let world = World::start(1000);
    let stages = [
        package("Queued", 0),
        package("Fragmented", 1),
        package("Fragmented", 1),
        package("Fragmented", 2),
        package("Failed", 2),
    ];
    world.script("/packaged_content/thepackage", stages.to_vec());
    world.fail(|_, _, times| (times == 2).then_some(Fault::Lost));
    let (status, stdout, _) = run(&world.api(), ["status", "thepackage", "--follow", "--json"]);
    assert_eq!((status, types(&stdout)), (1, ["package", "package", "package", "error"].map(str::to_owned).to_vec()));
    let stages = [package("Queued", 0), package("Encrypted", 4), package("Ready", 4)];
    world.script("/packaged_content/thepackage", stages.to_vec());
    let (status, stdout, stderr) = run(&world.api(), ["status", "thepackage", "--follow"]);
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(stdout, "thepackage  Ready  https://cdn.example/thepackage/stream.mpd\n");
    assert_eq!(stderr.lines().next(), Some("thepackage: Encrypted, 4 of 4 work units, 40 B of 40 B"));
}

#[test]
fn url_is_of_what_is_ready_and_brings_a_token_when_asked() {
    let world = World::start(1000);
    world.script("/packaged_content/thepackage", vec![package("Fragmented", 1)]);
    let (status, stdout, stderr) = run(&world.api(), ["url", "thepackage"]);
    assert_eq!((status, stdout.as_str()), (1, ""));
    assert!(stderr.contains("package_not_ready") && stderr.contains("--follow"), "{stderr}");
    world.script("/packaged_content/thepackage", vec![package("Ready", 4)]);
    let hls = run(&world.api(), ["url", "thepackage", "--hls"]);
    assert_eq!((hls.0, hls.1.as_str()), (0, "https://cdn.example/thepackage/main.m3u8\n"));
    let (_, stdout, _) = run(&world.api(), ["url", "thepackage", "--token", "--seconds", "60", "--json"]);
    let urls = &lines(&stdout)[0];
    assert_eq!((&urls["type"], &urls["token"]), (&json!("urls"), &json!("playback")));
    assert_eq!(urls["dash"], "https://cdn.example/leave/stream.mpd", "the address that the token is good for");
    assert_eq!(world.seen(), [json!({"seconds": 60})]);
}

#[test]
fn delete_and_retry_follow_their_jobs_when_asked() {
    let world = World::start(1000);
    world.script("/packaged_content/thepackage", vec![package("Deleting", 0), package("Deleting", 0), Value::Null]);
    let (status, stdout, stderr) = run(&world.api(), ["delete", "thepackage", "--follow"]);
    assert_eq!((status, stdout.as_str()), (0, "thepackage  deleted\n"), "{stderr}");
    assert_eq!(world.count("GET /packaged_content/thepackage"), 3);
    assert_eq!(run(&world.api(), ["delete", "thecontent", "--contents"]).0, 0);
    assert_eq!(world.count("DELETE /input_content/thecontent"), 1);
    world.script("/packaged_content/thepackage", vec![package("Queued", 0), package("Ready", 4)]);
    let (status, stdout, _) = run(&world.api(), ["retry", "thepackage", "--follow", "--json"]);
    assert_eq!((status, types(&stdout)), (0, vec!["package".to_owned(); 2]));
}

#[test]
fn how_it_ends_says_what_was_wrong() {
    let world = World::start(1000);
    let ends = |arguments: &[&str]| run(&world.api(), arguments).0;
    assert_eq!(ends(&["list", "--tries", "0"]), 2);
    assert_eq!(ends(&["status", "../health"]), 2, "an id is no path");
    assert_eq!(ends(&["status", "unknown"]), 1);
    world.fail(|_, _, _| Some(Fault::Status(503)));
    world.forget_calls();
    assert_eq!(ends(&["list", "--tries", "3"]), 4);
    assert_eq!(world.calls().len(), 3, "what fails in passing is tried again");
    world.fail(|_, _, _| Some(Fault::Status(403)));
    world.forget_calls();
    assert_eq!(ends(&["list"]), 5);
    assert_eq!(world.calls().len(), 1, "what is refused is not");
    assert_eq!(run("http://127.0.0.1:1", ["list", "--tries", "1"]).0, 4);
    assert_eq!(run("http://api.example.com", ["list"]).0, 2, "a token is not shown to everybody");
}

#[test]
fn the_token_comes_from_a_file_too_and_names_below_localhost_are_this_machine() {
    let world = World::start(1000);
    world.script("/packaged_content", vec![json!({"packaged_content": [], "next_cursor": null})]);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("secret.json");
    std::fs::write(&file, json!({"current": TOKEN, "previous": "old"}).to_string()).unwrap();
    let api = world.api().replace("127.0.0.1", "id.execute-api.localhost");
    let mut command = vpp(&api, folder.path(), ["list", "--token-file", file.to_str().unwrap()]);
    let (status, _, stderr) = ended(&command.env_remove("VPP_TOKEN").output().unwrap());
    assert_eq!(status, 0, "{stderr}");
}
