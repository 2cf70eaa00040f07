//! `vpp upload`, with and without faults.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake_platform::{FakePlatform, Fault, content, package};
use crate::{TOKEN, lines, outcome, run, types, vpp};

/// Writes a file whose bytes depend on their position.
fn file(folder: &Path, name: &str, bytes: u32) -> PathBuf {
    let path = folder.join(name);
    let content: Vec<u8> =
        (0..bytes).map(|position| (position.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect();
    fs::write(&path, content).unwrap();
    path
}

/// Returns a file of eleven parts and a platform.
fn movie() -> (TempDir, PathBuf, Arc<FakePlatform>) {
    let folder = TempDir::new().unwrap();
    let path = file(folder.path(), "film.mp4", 10_500);
    (folder, path, FakePlatform::start(1000))
}

fn assert_complete(platform: &FakePlatform, path: &Path) {
    let uploads = platform.uploads();
    let upload = uploads.iter().find(|upload| upload.complete).unwrap();
    assert!(upload.content() == fs::read(path).unwrap(), "every byte arrived at its position");
}

/// The request that sends a part.
fn put(part: u64) -> String {
    format!("PUT /bucket/upload0/{part}")
}

#[test]
fn a_file_is_sent_in_parts_each_once_and_creates_a_content() {
    let (_folder, path, platform) = movie();
    let (status, stdout, stderr) = run(&platform.api(), [Path::new("upload"), &path]);
    assert_eq!((status, stdout.as_str()), (0, "content-of-film-mp4  film.mp4\n"), "{stderr}");
    assert_complete(&platform, &path);
    assert_eq!(platform.count("PUT"), 11);
    assert_eq!(platform.count("POST /uploads"), 2, "created and completed once");
}

#[test]
fn a_failed_part_is_retried_and_no_other_is() {
    let (_folder, path, platform) = movie();
    platform.inject(|_, path, times| match (path, times) {
        ("/bucket/upload0/3", 0) => Some(Fault::Status(500)),
        ("/bucket/upload0/3", 1) | ("/bucket/upload0/7", 0) => Some(Fault::BrokenBody),
        // The presigned URL has expired: a new one is requested.
        ("/bucket/upload0/9", 0) => Some(Fault::Status(403)),
        ("/bucket/upload0/10", 0) => Some(Fault::LostResponse),
        _ => None,
    });
    let (status, _, stderr) = run(&platform.api(), [Path::new("upload"), &path]);
    assert_eq!(status, 0, "{stderr}");
    assert_complete(&platform, &path);
    let times: Vec<_> =
        (1..=11).map(|part| platform.requests().iter().filter(|call| **call == put(part)).count()).collect();
    // Part 10 arrived although its response was lost. It is not sent again, because the platform lists it.
    assert_eq!(times, [1, 1, 3, 1, 1, 1, 2, 1, 2, 1, 1]);
}

#[test]
fn a_part_that_never_arrives_stops_the_upload() {
    let (folder, path, platform) = movie();
    let other = file(folder.path(), "other.mp4", 700);
    platform.inject(|_, path, _| (path == "/bucket/upload0/3").then_some(Fault::Status(400)));
    let arguments = ["upload", "--retries", "1", "--parallel", "1"].map(Path::new);
    let (status, stdout, stderr) = run(&platform.api(), arguments.into_iter().chain([path.as_path(), &other]));
    assert_eq!(status, 4, "{stderr}");
    assert!(stderr.contains("film.mp4: unreachable: http://") && stderr.contains("run the command again"), "{stderr}");
    assert!(!stderr.contains("signature"), "the signature of a presigned URL is not printed: {stderr}");
    assert_eq!(stdout, "", "once S3 is unreachable, no other file is tried");
    assert_eq!(platform.count(&put(3)), 2);
}

#[test]
fn a_killed_upload_resumes_with_the_missing_parts() {
    let (folder, path, platform) = movie();
    let hangs = |path: &str| path.rsplit('/').next().unwrap().parse::<u64>().is_ok_and(|part| part > 5);
    platform.inject(move |method, path, _| (method == "PUT" && hangs(path)).then_some(Fault::Hang));
    let home = folder.path().join("home");
    let upload = || vpp(&platform.api(), &home, [Path::new("upload"), &path]);
    let mut child = upload().spawn().unwrap();
    platform.wait_for(5, 4);
    child.kill().unwrap();
    child.wait().unwrap();

    platform.inject(|_, _, _| None);
    platform.clear_requests();
    let (status, _, stderr) = outcome(&upload().output().unwrap());
    assert_eq!(status, 0, "{stderr}");
    assert!(stderr.contains("film.mp4: resuming, 5.0 kB of 10.5 kB already uploaded"), "{stderr}");
    assert_complete(&platform, &path);
    assert_eq!(platform.uploads().len(), 1, "the upload is the same");
    let sent: Vec<_> = (1..=11).filter(|part| platform.count(&put(*part)) > 0).collect();
    assert_eq!(sent.len(), 7, "the path of part 1 is a prefix of those of 10 and 11: {sent:?}");
    assert_eq!(platform.count("PUT"), 6);

    // A complete upload deletes its state, and the same file again is a new upload.
    assert_eq!(fs::read_dir(home.join(".local/state/vpp/uploads")).unwrap().count(), 0);
    assert_eq!(outcome(&upload().output().unwrap()).0, 0);
    assert_eq!(platform.uploads().len(), 2);
}

#[test]
fn the_resume_state_is_private_and_holds_no_credential() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path, platform) = movie();
    platform.inject(|method, _, _| (method == "PUT").then_some(Fault::Status(503)));
    let home = folder.path().join("home");
    let arguments = ["upload", "--retries", "0"].map(Path::new).into_iter().chain([path.as_path()]);
    assert_eq!(outcome(&vpp(&platform.api(), &home, arguments).output().unwrap()).0, 4);
    let stored: Vec<_> = fs::read_dir(home.join(".local/state/vpp/uploads")).unwrap().collect();
    let [Ok(record)] = &stored[..] else { panic!("{stored:?}") };
    assert_eq!(record.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(record.path()).unwrap();
    assert!(!text.contains(TOKEN) && !text.contains("signature"), "{text}");
}

#[test]
fn a_lost_response_to_create_upload_is_retried_and_creates_one_upload() {
    let (_folder, path, platform) = movie();
    platform.inject(|method, path, times| {
        ((method, path, times) == ("POST", "/uploads", 0)).then_some(Fault::LostResponse)
    });
    assert_eq!(run(&platform.api(), [Path::new("upload"), &path]).0, 0);
    assert_eq!((platform.count("POST /uploads") - 1, platform.uploads().len()), (2, 1));
    assert_complete(&platform, &path);
}

#[test]
fn the_upload_of_a_file_that_changes_is_aborted_and_starts_over() {
    let (folder, path, platform) = movie();
    let changed = path.clone();
    platform.inject(move |method, path, _| {
        if (method, path) == ("PUT", "/bucket/upload0/11") {
            fs::write(&changed, vec![7; 10_500]).unwrap();
            let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
            fs::File::options().write(true).open(&changed).unwrap().set_modified(later).unwrap();
        }
        None
    });
    let home = folder.path().join("home");
    let upload = || outcome(&vpp(&platform.api(), &home, [Path::new("upload"), &path]).output().unwrap());
    let (status, _, stderr) = upload();
    assert_eq!((status, platform.count("DELETE /uploads/upload0")), (1, 1), "{stderr}");
    assert!(stderr.contains("file_changed"), "{stderr}");
    assert!(platform.uploads().iter().all(|upload| !upload.complete));
    assert_eq!(upload().0, 0);
    assert_complete(&platform, &path);
}

#[test]
fn an_upload_that_the_platform_aborted_starts_over() {
    let (folder, path, platform) = movie();
    platform.inject(|_, path, _| (path == "/bucket/upload0/3").then_some(Fault::Status(503)));
    let home = folder.path().join("home");
    let upload = |more: &[&str]| {
        let arguments = ["upload"].iter().chain(more).map(Path::new).chain([path.as_path()]);
        outcome(&vpp(&platform.api(), &home, arguments).output().unwrap()).0
    };
    assert_eq!(upload(&["--retries", "0"]), 4);
    platform.abort("upload0");
    platform.inject(|_, _, _| None);
    assert_eq!(upload(&[]), 0);
    assert_eq!(platform.uploads().len(), 2);
}

#[test]
fn an_invalid_token_is_reported_once_and_stops_the_upload() {
    let (folder, path, platform) = movie();
    let others = ["a.mp4", "b.mp4"].map(|name| file(folder.path(), name, 100));
    let arguments = [Path::new("upload"), Path::new("--parallel"), Path::new("1"), &path, &others[0], &others[1]];
    let output = vpp(&platform.api(), folder.path(), arguments).env("VPP_TOKEN", "another").output().unwrap();
    let (status, stdout, stderr) = outcome(&output);
    assert_eq!((status, stdout.as_str(), platform.requests().len()), (5, "", 1), "{stderr}");
    assert!(stderr.contains("credential_missing") && stderr.contains("VPP_TOKEN"), "{stderr}");
    assert!(stderr.contains("3 of 3 files not uploaded"), "{stderr}");
    assert!(!stderr.contains("another"), "the token is not printed: {stderr}");
}

#[test]
fn every_file_of_a_folder_is_uploaded_and_followed_to_the_end() {
    let (folder, _, platform) = movie();
    file(folder.path(), "refused.mov", 10);
    platform.set_responses("/input_content/content-of-film-mp4", vec![Value::Null, Value::Null, content("Ingested")]);
    platform.set_responses("/input_content/content-of-refused-mov", vec![Value::Null, content("Refused")]);
    let stages = [package("Queued", 0), package("Fragmented", 1), package("Fragmented", 3), package("Ready", 4)];
    platform.set_responses("/packaged_content/thepackage", stages.to_vec());
    let arguments = [Path::new("upload"), folder.path(), Path::new("--follow"), Path::new("--json")];
    let (status, stdout, stderr) = run(&platform.api(), arguments);
    assert_eq!((status, stderr.as_str()), (1, ""), "one is refused: {stdout}");
    let of = |name: &str| -> Vec<Value> {
        let is_of_file = |line: &Value| line["file"] == name || line["about"] == name;
        lines(&stdout).into_iter().filter(is_of_file).collect()
    };
    let movie = of("film.mp4");
    let kinds: Vec<_> = movie.iter().map(|line| line["type"].as_str().unwrap()).collect();
    let (sent, rest) = kinds.split_at(kinds.len() - 5);
    assert!(sent.iter().all(|kind| *kind == "upload"), "{kinds:?}");
    assert_eq!(rest, ["content", "package", "package", "package", "package"]);
    let reported: Vec<_> = movie.iter().filter_map(|line| line["bytes_sent"].as_u64()).collect();
    assert!(reported.is_sorted() && (reported[0], reported[reported.len() - 1]) == (0, 10_500), "{reported:?}");
    assert_eq!(movie[movie.len() - 1]["package"], package("Ready", 4));
    let refused = of("refused.mov");
    let error = &refused[refused.len() - 1];
    assert_eq!((&error["type"], &error["code"], &error["exit"]), (&json!("error"), &json!("no_video"), &json!(1)));
}

#[test]
fn a_package_is_requested_with_keys_that_are_no_arguments() {
    let (folder, path, platform) = movie();
    platform.set_responses("/input_content/content-of-film-mp4", vec![content("Ingested")]);
    let (key, audio) = ("8727d920a19f29674030170468ee69b2", "00112233445566778899aabbccddeeff");
    let key_file = folder.path().join("key");
    fs::write(&key_file, format!("{audio}\n")).unwrap();
    let options = [
        "--scheme",
        "cenc",
        "--encrypt",
        "all",
        "--layout",
        "single-file",
        "--segment-duration",
        "4",
        "--kid",
        "a16e402b-9056-e371-f36d-348aa62bb749",
        "--audio-kid",
        "b16e402b9056e371f36d348aa62bb749",
        "--audio-key-file",
    ];
    let arguments = [Path::new("upload"), &path].into_iter().chain(options.map(Path::new)).chain([key_file.as_path()]);
    let mut command = vpp(&platform.api(), folder.path(), arguments);
    let (status, stdout, stderr) = outcome(&command.env("VPP_KEY", key).output().unwrap());
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(stdout, "thepackage  Queued  https://cdn.example/thepackage/stream.mpd  film.mp4\n");
    let body = json!({
        "input_content_id": "thecontent", "scheme": "cenc", "encrypt": "all", "layout": "single-file", "segment_seconds": 4,
        "kid": "a16e402b-9056-e371-f36d-348aa62bb749", "key": key,
        "audio_kid": "b16e402b-9056-e371-f36d-348aa62bb749", "audio_key": audio,
    });
    assert_eq!(platform.recorded(), [body]);
    for refused in [&["--key", key][..], &["--token", "x"], &["--kid", "a16e402b9056e371f36d348aa62bb749"]] {
        let arguments = ["upload"].into_iter().chain(refused.iter().copied()).map(Path::new).chain([path.as_path()]);
        assert_eq!(run(&platform.api(), arguments).0, 2, "{refused:?}");
    }
}

#[test]
fn rungs_and_subtitles_become_one_package_once_all_are_ingested() {
    let (folder, low, platform) = movie();
    let high = file(folder.path(), "high.mp4", 2000);
    let subtitles = file(folder.path(), "english.vtt", 20);
    for name in ["film-mp4", "high-mp4"] {
        platform.set_responses(&format!("/input_content/content-of-{name}"), vec![Value::Null, content("Ingested")]);
    }
    platform.set_responses("/input_content/content-of-english-vtt", vec![content("Subtitles")]);
    platform.set_responses("/packaged_content/thepackage", vec![package("Ready", 4)]);
    let captions_argument = format!("en={}:English", subtitles.display());
    let arguments = [
        Path::new("upload"),
        &low,
        &high,
        Path::new("--together"),
        Path::new("--captions"),
        Path::new(&captions_argument),
    ];
    let (status, stdout, stderr) = run(&platform.api(), arguments.into_iter().chain([Path::new("-f")]));
    assert_eq!(status, 0, "{stderr}");
    let captions =
        json!({"input_content_id": "content-of-english-vtt", "language": "en", "label": "English", "kind": "captions"});
    let contents = ["content-of-film-mp4", "content-of-high-mp4"];
    assert_eq!(platform.recorded(), [json!({"input_content_ids": contents, "subtitles": [captions]})]);
    assert!(stdout.contains("thepackage  Ready"), "{stdout}");
}

#[test]
fn an_unreadable_file_is_reported_before_anything_is_sent() {
    let (_folder, path, platform) = movie();
    let (status, stdout, _) =
        run(&platform.api(), [Path::new("upload"), &path, Path::new("nowhere.mp4"), Path::new("--json")]);
    assert_eq!((status, types(&stdout)), (3, vec!["error".to_owned()]));
    assert_eq!(lines(&stdout)[0]["code"], "io");
    assert_eq!(platform.requests().len(), 0);
}
