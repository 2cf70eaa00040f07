//! Uploads, undisturbed and disturbed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{Fault, World, content, package};
use crate::{TOKEN, ended, lines, run, types, vpp};

/// A file whose every byte tells where it is.
fn file(folder: &Path, name: &str, bytes: u32) -> PathBuf {
    let path = folder.join(name);
    let content: Vec<u8> = (0..bytes).map(|at| (at.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect();
    fs::write(&path, content).unwrap();
    path
}

/// A file of eleven parts, and a platform.
fn film() -> (TempDir, PathBuf, Arc<World>) {
    let folder = TempDir::new().unwrap();
    let path = file(folder.path(), "film.mp4", 10_500);
    (folder, path, World::start(1000))
}

fn assert_whole(world: &World, path: &Path) {
    let uploads = world.uploads();
    let upload = uploads.iter().find(|own| own.whole).unwrap();
    assert!(upload.content() == fs::read(path).unwrap(), "every byte arrived in its place");
}

/// The requests that send a part.
fn put(part: u64) -> String {
    format!("PUT /bucket/upload0/{part}")
}

#[test]
fn a_file_is_sent_in_parts_each_once_and_becomes_a_content() {
    let (_folder, path, world) = film();
    let (status, stdout, stderr) = run(&world.api(), [Path::new("upload"), &path]);
    assert_eq!((status, stdout.as_str()), (0, "content-of-film-mp4  film.mp4\n"), "{stderr}");
    assert_whole(&world, &path);
    assert_eq!(world.count("PUT"), 11);
    assert_eq!(world.count("POST /uploads"), 2, "announced and completed once");
}

#[test]
fn a_part_that_fails_is_sent_again_and_no_other_is() {
    let (_folder, path, world) = film();
    world.fail(|_, path, times| match (path, times) {
        ("/bucket/upload0/3", 0) => Some(Fault::Status(500)),
        ("/bucket/upload0/3", 1) | ("/bucket/upload0/7", 0) => Some(Fault::CutInside),
        // An address is over: the next is asked for.
        ("/bucket/upload0/9", 0) => Some(Fault::Status(403)),
        ("/bucket/upload0/10", 0) => Some(Fault::Lost),
        _ => None,
    });
    let (status, _, stderr) = run(&world.api(), [Path::new("upload"), &path]);
    assert_eq!(status, 0, "{stderr}");
    assert_whole(&world, &path);
    let times: Vec<_> = (1..=11).map(|part| world.calls().iter().filter(|call| **call == put(part)).count()).collect();
    // What had arrived when the answer was lost is not sent again, because the platform says so.
    assert_eq!(times, [1, 1, 3, 1, 1, 1, 2, 1, 2, 1, 1]);
}

#[test]
fn a_part_that_never_arrives_fails_its_file_and_no_other() {
    let (folder, path, world) = film();
    let other = file(folder.path(), "other.mp4", 700);
    world.fail(|_, path, _| (path == "/bucket/upload0/3").then_some(Fault::Status(400)));
    let arguments = ["upload", "--tries", "2", "--parallel", "1"].map(Path::new);
    let (status, stdout, stderr) = run(&world.api(), arguments.into_iter().chain([path.as_path(), &other]));
    assert_eq!(status, 4, "{stderr}");
    assert!(stderr.contains("film.mp4: unreachable: http://") && stderr.contains("run the command again"), "{stderr}");
    assert!(!stderr.contains("signature"), "an address that can be written to is not shown: {stderr}");
    assert_eq!(stdout, "", "when nothing can be sent no other file is tried");
    assert_eq!(world.count(&put(3)), 2);
}

#[test]
fn killed_in_the_middle_it_goes_on_with_the_parts_that_are_missing() {
    let (folder, path, world) = film();
    let hangs = |path: &str| path.rsplit('/').next().unwrap().parse::<u64>().is_ok_and(|part| part > 5);
    world.fail(move |method, path, _| (method == "PUT" && hangs(path)).then_some(Fault::Hang));
    let home = folder.path().join("home");
    let upload = || vpp(&world.api(), &home, [Path::new("upload"), &path]);
    let mut child = upload().spawn().unwrap();
    world.wait_for(5, 4);
    child.kill().unwrap();
    child.wait().unwrap();

    world.fail(|_, _, _| None);
    world.forget_calls();
    let (status, _, stderr) = ended(&upload().output().unwrap());
    assert_eq!(status, 0, "{stderr}");
    assert!(stderr.contains("film.mp4: 5.0 kB of 10.5 kB had arrived"), "{stderr}");
    assert_whole(&world, &path);
    assert_eq!(world.uploads().len(), 1, "it is the same upload");
    let sent: Vec<_> = (1..=11).filter(|part| world.count(&put(*part)) > 0).collect();
    assert_eq!(sent.len(), 7, "1 is the beginning of 10 and 11: {sent:?}");
    assert_eq!(world.count("PUT"), 6);

    // When it is whole nothing is remembered, and the same file again is another upload.
    assert_eq!(fs::read_dir(home.join(".local/state/vpp/uploads")).unwrap().count(), 0);
    assert_eq!(ended(&upload().output().unwrap()).0, 0);
    assert_eq!(world.uploads().len(), 2);
}

#[test]
fn what_is_remembered_is_readable_by_its_owner_alone_and_opens_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path, world) = film();
    world.fail(|method, _, _| (method == "PUT").then_some(Fault::Status(503)));
    let home = folder.path().join("home");
    let arguments = ["upload", "--tries", "1"].map(Path::new).into_iter().chain([path.as_path()]);
    assert_eq!(ended(&vpp(&world.api(), &home, arguments).output().unwrap()).0, 4);
    let kept: Vec<_> = fs::read_dir(home.join(".local/state/vpp/uploads")).unwrap().collect();
    let [Ok(record)] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!(record.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(record.path()).unwrap();
    assert!(!text.contains(TOKEN) && !text.contains("signature"), "{text}");
}

#[test]
fn an_announcement_whose_answer_is_lost_is_repeated_and_is_one_upload() {
    let (_folder, path, world) = film();
    world.fail(|method, path, times| ((method, path, times) == ("POST", "/uploads", 0)).then_some(Fault::Lost));
    assert_eq!(run(&world.api(), [Path::new("upload"), &path]).0, 0);
    assert_eq!((world.count("POST /uploads") - 1, world.uploads().len()), (2, 1));
    assert_whole(&world, &path);
}

#[test]
fn a_file_that_changes_on_the_way_is_given_up_and_begins_anew() {
    let (folder, path, world) = film();
    let changed = path.clone();
    world.fail(move |method, path, _| {
        if (method, path) == ("PUT", "/bucket/upload0/11") {
            fs::write(&changed, vec![7; 10_500]).unwrap();
            let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
            fs::File::options().write(true).open(&changed).unwrap().set_modified(later).unwrap();
        }
        None
    });
    let home = folder.path().join("home");
    let upload = || ended(&vpp(&world.api(), &home, [Path::new("upload"), &path]).output().unwrap());
    let (status, _, stderr) = upload();
    assert_eq!((status, world.count("DELETE /uploads/upload0")), (1, 1), "{stderr}");
    assert!(stderr.contains("file_changed"), "{stderr}");
    assert!(world.uploads().iter().all(|own| !own.whole));
    assert_eq!(upload().0, 0);
    assert_whole(&world, &path);
}

#[test]
fn an_upload_that_the_platform_gave_up_begins_anew() {
    let (folder, path, world) = film();
    world.fail(|_, path, _| (path == "/bucket/upload0/3").then_some(Fault::Status(503)));
    let home = folder.path().join("home");
    let upload = |more: &[&str]| {
        let arguments = ["upload"].iter().chain(more).map(Path::new).chain([path.as_path()]);
        ended(&vpp(&world.api(), &home, arguments).output().unwrap()).0
    };
    assert_eq!(upload(&["--tries", "1"]), 4);
    world.give_up("upload0");
    world.fail(|_, _, _| None);
    assert_eq!(upload(&[]), 0);
    assert_eq!(world.uploads().len(), 2);
}

#[test]
fn a_wrong_token_is_told_once_and_nothing_else_is_tried() {
    let (folder, path, world) = film();
    let others = ["a.mp4", "b.mp4"].map(|name| file(folder.path(), name, 100));
    let arguments = [Path::new("upload"), Path::new("--parallel"), Path::new("1"), &path, &others[0], &others[1]];
    let output = vpp(&world.api(), folder.path(), arguments).env("VPP_TOKEN", "another").output().unwrap();
    let (status, stdout, stderr) = ended(&output);
    assert_eq!((status, stdout.as_str(), world.calls().len()), (5, "", 1), "{stderr}");
    assert!(stderr.contains("credential_missing") && stderr.contains("VPP_TOKEN"), "{stderr}");
    assert!(stderr.contains("3 of 3 files are not sent"), "{stderr}");
    assert!(!stderr.contains("another"), "the token is not shown: {stderr}");
}

#[test]
fn a_folder_is_sent_and_each_file_is_followed_to_its_end() {
    let (folder, _, world) = film();
    file(folder.path(), "refused.mov", 10);
    world.script("/input_content/content-of-film-mp4", vec![Value::Null, Value::Null, content("Ingested")]);
    world.script("/input_content/content-of-refused-mov", vec![Value::Null, content("Refused")]);
    let stages = [package("Queued", 0), package("Fragmented", 1), package("Fragmented", 3), package("Ready", 4)];
    world.script("/packaged_content/thepackage", stages.to_vec());
    let arguments = [Path::new("upload"), folder.path(), Path::new("--follow"), Path::new("--json")];
    let (status, stdout, stderr) = run(&world.api(), arguments);
    assert_eq!((status, stderr.as_str()), (1, ""), "one is refused: {stdout}");
    let of = |name: &str| -> Vec<Value> {
        let about = |line: &Value| line["file"] == name || line["about"] == name;
        lines(&stdout).into_iter().filter(about).collect()
    };
    let film = of("film.mp4");
    let kinds: Vec<_> = film.iter().map(|line| line["type"].as_str().unwrap()).collect();
    let (sent, rest) = kinds.split_at(kinds.len() - 5);
    assert!(sent.iter().all(|kind| *kind == "upload"), "{kinds:?}");
    assert_eq!(rest, ["content", "package", "package", "package", "package"]);
    let told: Vec<_> = film.iter().filter_map(|line| line["bytes_sent"].as_u64()).collect();
    assert!(told.is_sorted() && (told[0], told[told.len() - 1]) == (0, 10_500), "{told:?}");
    assert_eq!(film[film.len() - 1]["package"], package("Ready", 4));
    let refused = of("refused.mov");
    let error = &refused[refused.len() - 1];
    assert_eq!((&error["type"], &error["code"], &error["exit"]), (&json!("error"), &json!("no_video"), &json!(1)));
}

#[test]
fn a_package_is_asked_for_with_keys_that_no_command_line_holds() {
    let (folder, path, world) = film();
    world.script("/input_content/content-of-film-mp4", vec![content("Ingested")]);
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
    let mut command = vpp(&world.api(), folder.path(), arguments);
    let (status, stdout, stderr) = ended(&command.env("VPP_KEY", key).output().unwrap());
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(stdout, "thepackage  Queued  https://cdn.example/thepackage/stream.mpd  film.mp4\n");
    let body = json!({
        "input_content_id": "thecontent", "scheme": "cenc", "encrypt": "all", "layout": "single-file", "segment_seconds": 4,
        "kid": "a16e402b-9056-e371-f36d-348aa62bb749", "key": key,
        "audio_kid": "b16e402b-9056-e371-f36d-348aa62bb749", "audio_key": audio,
    });
    assert_eq!(world.seen(), [body]);
    for refused in [&["--key", key][..], &["--token", "x"], &["--kid", "a16e402b9056e371f36d348aa62bb749"]] {
        let arguments = ["upload"].into_iter().chain(refused.iter().copied()).map(Path::new).chain([path.as_path()]);
        assert_eq!(run(&world.api(), arguments).0, 2, "{refused:?}");
    }
}

#[test]
fn rungs_and_subtitles_become_one_package_when_all_are_judged() {
    let (folder, low, world) = film();
    let high = file(folder.path(), "high.mp4", 2000);
    let subtitles = file(folder.path(), "english.vtt", 20);
    for name in ["film-mp4", "high-mp4"] {
        world.script(&format!("/input_content/content-of-{name}"), vec![Value::Null, content("Ingested")]);
    }
    world.script("/input_content/content-of-english-vtt", vec![content("Subtitles")]);
    world.script("/packaged_content/thepackage", vec![package("Ready", 4)]);
    let given = format!("en={}:English", subtitles.display());
    let arguments =
        [Path::new("upload"), &low, &high, Path::new("--together"), Path::new("--captions"), Path::new(&given)];
    let (status, stdout, stderr) = run(&world.api(), arguments.into_iter().chain([Path::new("-f")]));
    assert_eq!(status, 0, "{stderr}");
    let captions =
        json!({"input_content_id": "content-of-english-vtt", "language": "en", "label": "English", "kind": "captions"});
    let contents = ["content-of-film-mp4", "content-of-high-mp4"];
    assert_eq!(world.seen(), [json!({"input_content_ids": contents, "subtitles": [captions]})]);
    assert!(stdout.contains("thepackage  Ready"), "{stdout}");
}

#[test]
fn what_cannot_be_read_is_said_before_anything_is_sent() {
    let (_folder, path, world) = film();
    let (status, stdout, _) =
        run(&world.api(), [Path::new("upload"), &path, Path::new("nowhere.mp4"), Path::new("--json")]);
    assert_eq!((status, types(&stdout)), (3, vec!["error".to_owned()]));
    assert_eq!(lines(&stdout)[0]["code"], "io");
    assert_eq!(world.calls().len(), 0);
}
