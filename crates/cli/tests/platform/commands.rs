//! The commands other than `vpp upload`: their requests, output and exit status.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake_platform::{FakePlatform, Fault, content, package};
use crate::{TOKEN, lines, outcome, run, types, vpp};

#[test]
fn a_list_continues_over_short_and_empty_pages() {
    let platform = FakePlatform::start(1000);
    let page = |items: usize, cursor: Value| json!({"packaged_content": vec![package("Failed", 1); items], "next_cursor": cursor});
    platform.set_responses("/packaged_content", vec![page(2, json!("a+b")), page(0, json!("c")), page(1, json!("d"))]);
    let arguments = ["list", "--limit", "3", "--status", "Failed", "--of", "thecontent", "--json"];
    let (status, stdout, stderr) = run(&platform.api(), arguments);
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(types(&stdout), ["package", "package", "package", "page"]);
    assert_eq!(lines(&stdout)[0]["package"], package("Failed", 1));
    assert_eq!(lines(&stdout)[3]["next_cursor"], "d");
    let rest = "status=Failed&input_content_id=thecontent";
    let queries =
        [format!("limit=3&{rest}"), format!("limit=1&{rest}&cursor=a%2Bb"), format!("limit=1&{rest}&cursor=c")];
    assert_eq!(platform.recorded(), queries.map(Value::from));

    platform.set_responses("/input_content", vec![json!({"input_content": [content("Refused")], "next_cursor": null})]);
    let (status, stdout, stderr) = run(&platform.api(), ["list", "contents", "--origin", "s3://uploads/"]);
    let row = "thecontent  2026-01-01T00:00:00Z  Refused: no_video  1.0 kB  s3://uploads/a.mp4\n";
    assert_eq!((status, stdout.as_str(), stderr.as_str()), (0, row, ""));
}

/// Names of objects are those of whoever uploaded them.
#[test]
fn text_output_escapes_what_a_terminal_would_interpret() {
    let platform = FakePlatform::start(1000);
    let mut hostile = content("Refused");
    hostile["input_content_origin"] =
        json!("s3://uploads/\u{1b}]0;owned\u{7}\nthecontent  Ready\u{202e}4pm.exe\u{9b}2J");
    hostile["message"] = json!("it is\u{1b}[31m red\nand has two lines");
    platform.set_responses("/input_content", vec![json!({"input_content": [hostile], "next_cursor": null})]);
    platform.set_responses("/input_content/thecontent", vec![hostile.clone()]);
    let outputs = [run(&platform.api(), ["list", "contents"]), run(&platform.api(), ["status", "thecontent"])];
    for (_, stdout, stderr) in outputs {
        let is_plain = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
        assert!(stdout.chars().chain(stderr.chars()).all(is_plain), "{stdout:?} {stderr:?}");
        assert_eq!(stdout.lines().count(), 1, "{stdout:?}");
        assert!(stdout.contains(r"\u{1b}]0;owned\u{7}\u{a}thecontent"), "{stdout}");
    }
    let (_, stdout, _) = run(&platform.api(), ["list", "contents", "--json"]);
    assert_eq!(lines(&stdout)[0]["content"], hostile, "programs get the name as it is");
}

#[test]
fn an_unreadable_record_is_listed_with_its_problem() {
    let platform = FakePlatform::start(1000);
    let record =
        json!({"packaged_content_id": "thepackage", "status": "Unreadable", "created_at": null, "problem": "damaged"});
    platform.set_responses("/packaged_content", vec![json!({"packaged_content": [record], "next_cursor": null})]);
    platform.set_responses("/packaged_content/thepackage", vec![record.clone()]);
    let (status, stdout, _) = run(&platform.api(), ["list"]);
    assert_eq!((status, stdout.as_str()), (0, "thepackage    Unreadable: damaged\n"));
    let (status, _, stderr) = run(&platform.api(), ["status", "thepackage"]);
    assert_eq!((status, stderr.trim()), (1, "thepackage: unreadable_record: damaged"));
}

#[test]
fn status_reports_packages_and_contents_and_exits_accordingly() {
    let platform = FakePlatform::start(1000);
    for (answer, expected) in [(package("Fragmented", 1), 0), (package("Ready", 4), 0), (package("Failed", 1), 1)] {
        platform.set_responses("/packaged_content/thepackage", vec![answer.clone()]);
        let (status, stdout, _) = run(&platform.api(), ["status", "thepackage", "--json"]);
        assert_eq!((status, &lines(&stdout)[0]["package"]), (expected, &answer));
    }
    let (_, stdout, stderr) = run(&platform.api(), ["status", "thepackage"]);
    assert!(stdout.contains("Failed, 1 of 4 work units, 10 B of 40 B"), "{stdout}");
    assert!(stderr.contains("thepackage: source_changed: in encrypt: it was"), "{stderr}");
    platform.set_responses("/input_content/thecontent", vec![content("Ingested")]);
    assert_eq!(types(&run(&platform.api(), ["status", "thecontent", "--json"]).1), ["content"]);
    let (status, _, stderr) = run(&platform.api(), ["status", "nothing"]);
    assert_eq!(status, 1);
    assert!(stderr.contains("package_not_found") && stderr.contains("vpp list"), "{stderr}");
}

#[test]
fn status_follows_to_the_end_and_reports_every_change_once() {
    let platform = FakePlatform::start(1000);
    let stages = [
        package("Queued", 0),
        package("Fragmented", 1),
        package("Fragmented", 1),
        package("Fragmented", 2),
        package("Failed", 2),
    ];
    platform.set_responses("/packaged_content/thepackage", stages.to_vec());
    platform.inject(|_, _, times| (times == 2).then_some(Fault::LostResponse));
    let (status, stdout, _) = run(&platform.api(), ["status", "thepackage", "--follow", "--json"]);
    assert_eq!((status, types(&stdout)), (1, ["package", "package", "package", "error"].map(str::to_owned).to_vec()));
    let stages = [package("Queued", 0), package("Encrypted", 4), package("Ready", 4)];
    platform.set_responses("/packaged_content/thepackage", stages.to_vec());
    let (status, stdout, stderr) = run(&platform.api(), ["status", "thepackage", "--follow"]);
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(stdout, "thepackage  Ready  https://cdn.example/thepackage/stream.mpd\n");
    assert_eq!(stderr.lines().next(), Some("thepackage: Encrypted, 4 of 4 work units, 40 B of 40 B"));
}

#[test]
fn a_package_on_demand_is_complete_when_it_is_playable_and_can_be_made_ahead() {
    let platform = FakePlatform::start(1000);
    let mut on_demand = package("Fragmented", 0);
    for (name, value) in [("playable", json!(true)), ("when", json!("on-demand")), ("segments_made", json!(2))] {
        on_demand[name] = value;
    }
    platform.set_responses("/packaged_content/thepackage", vec![package("Queued", 0), on_demand]);
    let (status, stdout, stderr) = run(&platform.api(), ["status", "thepackage", "--follow"]);
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(stdout, "thepackage  Fragmented  https://cdn.example/thepackage/stream.mpd\n");
    assert!(stderr.contains("Fragmented, on demand, 2 segments made"), "{stderr}");
    assert_eq!(run(&platform.api(), ["url", "thepackage", "--dash"]).0, 0, "it has an address that plays");

    let (status, stdout, stderr) = run(&platform.api(), ["ahead", "thepackage"]);
    assert_eq!(
        (status, stdout.as_str()),
        (0, "thepackage  Fragmented  https://cdn.example/thepackage/stream.mpd\n"),
        "{stderr}"
    );
}

#[test]
fn url_prints_the_addresses_of_a_ready_package_and_a_requested_token() {
    let platform = FakePlatform::start(1000);
    platform.set_responses("/packaged_content/thepackage", vec![package("Fragmented", 1)]);
    let (status, stdout, stderr) = run(&platform.api(), ["url", "thepackage"]);
    assert_eq!((status, stdout.as_str()), (1, ""));
    assert!(stderr.contains("package_not_ready") && stderr.contains("--follow"), "{stderr}");
    platform.set_responses("/packaged_content/thepackage", vec![package("Ready", 4)]);
    let hls = run(&platform.api(), ["url", "thepackage", "--hls"]);
    assert_eq!((hls.0, hls.1.as_str()), (0, "https://cdn.example/thepackage/stream.m3u8\n"));
    let (_, stdout, _) = run(&platform.api(), ["url", "thepackage", "--token", "--seconds", "60", "--json"]);
    let urls = &lines(&stdout)[0];
    assert_eq!((&urls["type"], &urls["token"]), (&json!("urls"), &json!("playback")));
    assert_eq!(urls["dash"], "https://cdn.example/signed/stream.mpd", "the address with the signed path");
    assert_eq!(platform.recorded(), [json!({"seconds": 60})]);
}

#[test]
fn delete_and_retry_follow_on_request() {
    let platform = FakePlatform::start(1000);
    platform.set_responses(
        "/packaged_content/thepackage",
        vec![package("Deleting", 0), package("Deleting", 0), Value::Null],
    );
    let (status, stdout, stderr) = run(&platform.api(), ["delete", "thepackage", "--follow"]);
    assert_eq!((status, stdout.as_str()), (0, "thepackage  deleted\n"), "{stderr}");
    assert_eq!(platform.count("GET /packaged_content/thepackage"), 3);
    assert_eq!(run(&platform.api(), ["delete", "thecontent", "--contents"]).0, 0);
    assert_eq!(platform.count("DELETE /input_content/thecontent"), 1);
    platform.set_responses("/packaged_content/thepackage", vec![package("Queued", 0), package("Ready", 4)]);
    let (status, stdout, _) = run(&platform.api(), ["retry", "thepackage", "--follow", "--json"]);
    assert_eq!((status, types(&stdout)), (0, vec!["package".to_owned(); 2]));
}

#[test]
fn the_exit_status_states_the_cause() {
    let platform = FakePlatform::start(1000);
    let exit_status = |arguments: &[&str]| run(&platform.api(), arguments).0;
    assert_eq!(exit_status(&["list", "--retries", "20"]), 2);
    assert_eq!(exit_status(&["status", "../health"]), 2, "an ID is not a path");
    assert_eq!(exit_status(&["status", "unknown"]), 1);
    platform.inject(|_, _, _| Some(Fault::Status(503)));
    platform.clear_requests();
    assert_eq!(exit_status(&["list", "--retries", "2"]), 4);
    assert_eq!(platform.requests().len(), 3, "a transient failure is retried");
    platform.inject(|_, _, _| Some(Fault::Status(403)));
    platform.clear_requests();
    assert_eq!(exit_status(&["list"]), 5);
    assert_eq!(platform.requests().len(), 1, "a refusal is not retried");
    assert_eq!(run("http://127.0.0.1:1", ["list", "--retries", "0"]).0, 4);
    assert_eq!(run("http://api.example.com", ["list"]).0, 2, "a token is not sent unencrypted");
}

#[test]
fn a_token_file_is_read_and_names_below_localhost_are_this_machine() {
    let platform = FakePlatform::start(1000);
    platform.set_responses("/packaged_content", vec![json!({"packaged_content": [], "next_cursor": null})]);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("secret.json");
    std::fs::write(&file, json!({"current": TOKEN, "previous": "old"}).to_string()).unwrap();
    let api = platform.api().replace("127.0.0.1", "id.execute-api.localhost");
    let mut command = vpp(&api, folder.path(), ["list", "--token-file", file.to_str().unwrap()]);
    let (status, _, stderr) = outcome(&command.env_remove("VPP_TOKEN").output().unwrap());
    assert_eq!(status, 0, "{stderr}");
}
