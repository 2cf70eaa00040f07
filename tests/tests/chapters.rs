//! Chapters: ffmpeg reads the same titles and times from the movie as the package states.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use vpp_tests::{ffmpeg, fixtures, vpp};

/// The movies, and the languages of their titles. One has its chapters in both formats, the other only in a track, whose titles are
/// in the media. QuickTime files have no code for an undetermined language; ffmpeg writes English, and reads it as `eng`.
const MOVIES: [(&str, &str); 2] = [("chapters.mp4", "und"), ("chapters-track.mov", "en")];

/// A chapter: start and end in milliseconds, and title.
type Chapter = (u64, u64, String);

/// Reads the chapters of a movie with ffmpeg.
fn chapters(movie: &Path) -> Vec<Chapter> {
    let output = ffmpeg::ffmpeg().arg("-i").arg(movie).args(["-f", "ffmetadata", "-"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let chapters = text.split("[CHAPTER]\n").skip(1).map(|chapter| {
        let field = |name| chapter.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert_eq!(field("TIMEBASE="), "1/1000");
        (field("START=").parse().unwrap(), field("END=").parse().unwrap(), field("title=").to_owned())
    });
    chapters.collect()
}

fn packaged(movie: &Path, scratch: &Path) -> (impl Fn(&str) -> String + use<>, Value) {
    let directory = scratch.join("package");
    let output = vpp::package(movie, &directory, &["--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (
        move |path: &str| fs::read_to_string(directory.join(path)).unwrap(),
        serde_json::from_slice(&output.stdout).unwrap(),
    )
}

#[test]
fn chapters_are_packaged_as_json_and_as_webvtt() {
    for (name, language) in MOVIES {
        let scratch = TempDir::new().unwrap();
        let movie = fixtures::fixture(name);
        let expected = chapters(&movie);
        assert_eq!(expected.len(), 3);
        let (read, summary) = packaged(&movie, scratch.path());
        assert_eq!(summary["skipped_tracks"], json!([]), "{name}");

        let session_data = "#EXT-X-SESSION-DATA:DATA-ID=\"com.apple.hls.chapters\",URI=\"chapters.json\"\n";
        assert_eq!(read("stream.m3u8").matches(session_data).count(), 1, "{name}");
        let seconds = |milliseconds: u64| std::time::Duration::from_millis(milliseconds).as_secs_f64();
        let elements = expected.iter().zip(1..).map(|((start, end, title), number)| {
            let titles = json!([{"language": language, "title": title}]);
            json!({"chapter": number, "start-time": seconds(*start), "duration": seconds(end - start), "titles": titles})
        });
        let found: Value = serde_json::from_str(&read("chapters.json")).unwrap();
        assert_eq!(found, Value::from(elements.collect::<Vec<_>>()), "{name}");

        let webvtt = scratch.path().join("package/chapters.vtt");
        let cues = ffmpeg::ffmpeg().arg("-i").arg(webvtt).args(["-f", "srt", "-"]).output().unwrap();
        let cues = String::from_utf8(cues.stdout).unwrap();
        let cue = |(start, end, title): &Chapter| {
            let time = |at: &u64| format!("00:00:{:02},{:03}", at / 1000, at % 1000);
            format!("{} --> {}\n{title}", time(start), time(end))
        };
        let found = cues.split("\n\n").filter_map(|cue| Some(cue.trim().split_once('\n')?.1.to_owned()));
        assert!(found.eq(expected.iter().map(cue)), "{name}: {cues}");
    }
}

#[test]
fn the_report_lists_the_chapters() {
    for (name, _) in MOVIES {
        let movie = fixtures::fixture(name);
        let report: Value = serde_json::from_str(&vpp::inspect(&movie, &[])).unwrap();
        let expected = chapters(&movie);
        let listed = expected.iter().map(|(start, _, title)| json!({"start_ms": start, "title": title}));
        assert_eq!(report["chapters"]["chapters"], Value::from(listed.collect::<Vec<_>>()), "{name}: {report}");
        let warnings = report["warnings"].as_array().unwrap();
        assert!(warnings.iter().all(|warning| warning["code"] != "track_skipped"), "{report}");
    }
}

#[test]
fn a_movie_without_chapters_has_no_files_of_chapters() {
    let scratch = TempDir::new().unwrap();
    // Nothing of an earlier package with chapters stays.
    drop(packaged(&fixtures::fixture("chapters.mp4"), scratch.path()));
    assert!(scratch.path().join("package/chapters.json").exists());
    let (read, _) = packaged(&fixtures::fixture("late-audio.mp4"), scratch.path());
    assert!(!read("stream.m3u8").contains("SESSION-DATA"));
    assert!(!scratch.path().join("package/chapters.json").exists());
    assert!(!scratch.path().join("package/chapters.vtt").exists());
}
