//! Subtitle files of every format: other readers see the same text at the same times in the package as in the file.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use vpp_tests::{ffmpeg, fixtures, vpp};

/// A cue: start and end in milliseconds, and its text without tags.
type Cue = (i64, i64, String);

/// Packages a movie with a subtitle file. Returns the subtitles of the package, and the summary of the command.
fn packaged(name: &str, bytes: &[u8], scratch: &Path) -> (PathBuf, Value) {
    let (file, directory) = (scratch.join(name), scratch.join("package"));
    fs::write(&file, bytes).unwrap();
    let subtitles = format!("en={}", file.display());
    let output = vpp::package(&fixtures::fixture("late-audio.mp4"), &directory, &["--json", "--subtitles", &subtitles]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (directory.join("t1/subtitles.vtt"), serde_json::from_slice(&output.stdout).unwrap())
}

/// Reads a subtitle file with ffmpeg.
fn cues(file: &Path) -> Vec<Cue> {
    let output = ffmpeg::ffmpeg().arg("-i").arg(file).args(["-f", "srt", "-"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let milliseconds = |time: &str| -> i64 {
        let parts = time.split([':', ',']).zip([3_600_000, 60_000, 1000, 1]);
        parts.map(|(number, unit)| number.parse::<i64>().unwrap() * unit).sum()
    };
    let cues = text.split("\n\n").filter(|cue| !cue.trim().is_empty()).map(|cue| {
        let mut lines = cue.lines().skip(1);
        let (start, end) = lines.next().unwrap().split_once(" --> ").unwrap();
        (milliseconds(start), milliseconds(end), without_tags(&lines.collect::<Vec<_>>().join("\n")))
    });
    cues.collect()
}

fn without_tags(text: &str) -> String {
    let mut parts = text.split('<');
    let first = parts.next().unwrap().to_owned();
    parts.map(|part| part.split_once('>').unwrap().1).fold(first, |text, part| text + part)
}

/// Reads a file of SCC or TTML with ttconv.
fn cues_by_ttconv(file: &Path, scratch: &Path) -> Vec<Cue> {
    let python = fixtures::make(&["--captions"]);
    let script = fixtures::root().join("tests/oracles/captions.py");
    let output = Command::new(python.trim()).arg(script).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let converted = scratch.join("ttconv.vtt");
    fs::write(&converted, output.stdout).unwrap();
    cues(&converted)
}

/// Compares cues whose times may differ by `tolerance` milliseconds.
fn assert_similar(found: &[Cue], expected: &[Cue], tolerance: i64) {
    let is_similar = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| {
            found.2 == expected.2
                && (found.0 - expected.0).abs() <= tolerance
                && (found.1 - expected.1).abs() <= tolerance
        });
    assert!(is_similar && !expected.is_empty(), "{found:#?}\n{expected:#?}");
}

const SRT: &str = "1\r\n00:00:01,000 --> 00:00:02,500\r\nOne <i>two</i>\r\nthree\r\n\r\n2\r\n00:00:03,000 --> 00:00:05,040\r\n\
                   <b>Vier</b> größer\r\n\r\n3\r\n00:00:04,000 --> 00:00:06,000\r\n<font color=\"#ff0000\">Overlapping</font>\r\n\
                   \r\n4\r\n01:02:03,004 --> 01:02:04,005\r\nLate\r\n";

#[test]
fn subrip_has_the_cues_that_ffmpeg_reads() {
    let scratch = TempDir::new().unwrap();
    // The name does not matter: the content does.
    let (subtitles, summary) = packaged("subtitles.vtt", SRT.as_bytes(), scratch.path());
    let original = scratch.path().join("original.srt");
    fs::write(&original, SRT).unwrap();
    assert_eq!(cues(&subtitles), cues(&original));
    let text = fs::read_to_string(&subtitles).unwrap();
    assert!(text.contains("One <i>two</i>\nthree\n") && text.contains("<b>Vier</b> größer\n"), "{text}");
    let subtitles = &summary["subtitles"][0];
    assert_eq!(subtitles["format"], "srt");
    assert_eq!(subtitles["warnings"][0]["code"], "subtitles_simplified");
    assert!(subtitles["warnings"][0]["message"].as_str().unwrap().ends_with("leaves out: colours (1)"), "{subtitles}");
}

#[test]
fn the_encoding_of_subrip_is_recognised_and_reported() {
    let scratch = TempDir::new().unwrap();
    let western: Vec<u8> = SRT.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let (subtitles, summary) = packaged("western.srt", &western, scratch.path());
    assert!(fs::read_to_string(&subtitles).unwrap().contains("<b>Vier</b> größer\n"));
    assert_eq!(summary["subtitles"][0]["warnings"][0]["code"], "subtitle_encoding_guessed");
    let utf16: Vec<u8> = format!("\u{feff}{SRT}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (subtitles, _) = packaged("utf16.srt", &utf16, scratch.path());
    assert!(fs::read_to_string(&subtitles).unwrap().contains("<b>Vier</b> größer\n"));
}

/// Pop-on captions: two lines; italics by a mid-row code, a special and an extended character; each with odd parity.
const POP_ON: &str = "Scenarist_SCC V1.0\n\n\
    00:00:01;00\t94ae 94ae 9420 9420 9470 9470 c8e5 ecec ef80 942f 942f\n\n\
    00:00:03;00\t942c 942c\n\n\
    00:00:05;00\t94ae 94ae 9420 9420 13e0 13e0 c1e2 e3ae 94d0 94d0 91ae 91ae c4e5 e680 9137 9137 942f 942f\n\n\
    00:00:07;10\t942c 942c\n";

/// Roll-up captions of two rows, then a paint-on caption.
const ROLL_UP: &str = "Scenarist_SCC V1.0\n\n\
    00:00:01:00\t9425 9425 94ad 94ad 9470 9470 cdef efee\n\n\
    00:00:02:00\t9425 9425 94ad 94ad 9470 9470 d3e5 f480\n\n\
    00:00:03:00\t9425 9425 94ad 94ad 9470 9470 d3e5 e580\n\n\
    00:00:05:00\t942c 942c\n\n\
    00:00:06:00\t9429 9429 91d0 91d0 c180 13b0 13b0 43c4\n\n\
    00:00:08:00\t942c 942c\n";

#[test]
fn scenarist_captions_have_the_cues_that_ttconv_reads() {
    // ttconv starts a roll-up caption at its carriage return; here it starts at its first character, some frames later.
    for (captions, tolerance) in [(POP_ON, 1), (ROLL_UP, 170)] {
        let scratch = TempDir::new().unwrap();
        let (subtitles, summary) = packaged("captions.scc", captions.as_bytes(), scratch.path());
        let original = scratch.path().join("captions.scc");
        assert_similar(&cues(&subtitles), &cues_by_ttconv(&original, scratch.path()), tolerance);
        assert_eq!(summary["subtitles"][0]["format"], "scc");
    }
}

const TTML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<tt xml:lang="en" xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
 xmlns:tts="http://www.w3.org/ns/ttml#styling" ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001" ttp:tickRate="10000000">
<head><styling><style xml:id="i" tts:fontStyle="italic"/></styling>
<layout><region xml:id="r" tts:origin="10% 80%" tts:extent="80% 10%" tts:displayAlign="after"/></layout></head>
<body><div begin="10s" end="30s"><p region="r" begin="00:00:01.000" end="00:00:02:12">One <span style="i">two</span><br/>three</p>
<p region="r" begin="30000000t" dur="24f">four &amp; &#x266a;</p>
<p region="r" begin="5s" end="8s">all <span begin="1s">late</span></p></div></body></tt>"#;

#[test]
fn ttml_has_the_cues_that_ttconv_reads() {
    let scratch = TempDir::new().unwrap();
    let (subtitles, summary) = packaged("captions.ttml", TTML.as_bytes(), scratch.path());
    let original = scratch.path().join("captions.ttml");
    assert_similar(&cues(&subtitles), &cues_by_ttconv(&original, scratch.path()), 1);
    assert!(fs::read_to_string(&subtitles).unwrap().contains("One <i>two</i>\nthree\n"));
    assert_eq!(summary["subtitles"][0]["format"], "ttml");
}

#[test]
fn ttml_that_ffmpeg_writes_has_the_cues_of_its_source() {
    let scratch = TempDir::new().unwrap();
    let [original, ttml] = ["original.srt", "written.ttml"].map(|name| scratch.path().join(name));
    fs::write(&original, SRT).unwrap();
    let written = ffmpeg::ffmpeg().arg("-i").arg(&original).arg(&ttml).output().unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let (subtitles, _) = packaged("copy.ttml", &fs::read(&ttml).unwrap(), scratch.path());
    assert_eq!(cues(&subtitles), cues(&original));
}

#[test]
fn a_timestamp_map_moves_the_cues() {
    let scratch = TempDir::new().unwrap();
    let file = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:01.000,MPEGTS:270000\n\n00:02.000 --> 00:03.000\nMoved\n\n\
                00:05.000 --> 00:05.000\nNever\n";
    let (subtitles, summary) = packaged("mapped.vtt", file.as_bytes(), scratch.path());
    // Local time 1 s is presented at 270,000 / 90,000 s.
    assert_eq!(cues(&subtitles), [(4000, 5000, "Moved".to_owned())]);
    let codes: Vec<_> = summary["subtitles"][0]["warnings"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, ["timestamp_map_applied", "subtitle_cues_dropped"]);
}
