//! Edits of a presentation: the manifests are those that a file gets which states the same from the beginning.
//!
//! The other file is made by ffmpeg, so the expected manifests come from what it writes into the file, and the judge of manifests
//! knows them.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use vpp_media::cmaf::{PlanOptions, Planner, Presentation, SegmentSizes, SidecarSource};
use vpp_media::dash::{MpdOptions, mpd};
use vpp_media::edits::{AddedSubtitles, EditError, Edits, next_subtitles};
use vpp_media::hls::{HlsOptions, playlists};
use vpp_media::text::WebVttFile;
use vpp_media::track::{Chapter, ChapterList, Movie, Role, TrackLabels};
use vpp_tests::{ffmpeg, fixtures, planning};

/// Plans a movie without encryption, with these subtitles.
fn plan(movie: &[u8], subtitles: &[SidecarSource<'_>]) -> Presentation {
    let index = planning::index(movie).unwrap();
    let movie = Movie::parse(&index).unwrap();
    let mut planner = Planner::new(&movie, &PlanOptions::default()).unwrap();
    planner.by_ref().for_each(|work_unit| drop(work_unit.unwrap()));
    planner.finish_with_sidecars(subtitles).unwrap().0
}

/// Returns the manifests of a presentation, by path.
fn manifests(presentation: &Presentation) -> Vec<(String, String)> {
    let sizes = SegmentSizes::planned(presentation);
    let options = HlsOptions::default();
    let hls = playlists(presentation, &sizes, &options).unwrap();
    let mut all: Vec<_> = hls.map(|playlist| (playlist.path, playlist.text)).collect();
    all.push(("stream.mpd".to_owned(), mpd(presentation, &sizes, &MpdOptions::default()).unwrap()));
    all
}

/// Copies the sample with two audio tracks, and `arguments` of ffmpeg that describe them.
fn described(scratch: &Path, name: &str, arguments: &[&str]) -> Vec<u8> {
    let (source, file) = (fixtures::fixture("sample.mp4"), scratch.join(name));
    let output = ffmpeg::ffmpeg()
        .arg("-i")
        .arg(&source)
        .args(["-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy"])
        .args(arguments)
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(file).unwrap()
}

const PLAIN: [&str; 4] = ["-disposition:a:0", "default", "-disposition:a:1", "0"];

#[test]
fn an_edited_package_has_the_manifests_of_a_file_that_states_the_same() {
    let scratch = TempDir::new().unwrap();
    let plain = described(scratch.path(), "plain.mp4", &PLAIN);
    let french = ["-disposition:a:0", "0", "-disposition:a:1", "default", "-metadata:s:a:1", "language=fra"];
    let names = ["-metadata:s:a:0", "language=eng"];
    let stated = described(scratch.path(), "stated.mp4", &[&french[..], &names].concat());

    let mut edits = Edits { default_audio: Some("a2".parse().unwrap()), ..Edits::default() };
    edits.track_mut("a1".parse().unwrap()).language = Some("eng".to_owned());
    edits.track_mut("a2".parse().unwrap()).language = Some("fra".to_owned());
    let plan_of_plain = plan(&plain, &[]);
    edits.check(&plan_of_plain).unwrap();
    let (edited, texts) = edits.apply(plan_of_plain.clone(), &[]).unwrap();
    assert!(texts.is_empty());
    let (expected, found) = (manifests(&plan(&stated, &[])), manifests(&edited));
    assert_ne!(manifests(&plan_of_plain), expected, "the files state different things");
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
    assert_eq!(manifests(&Edits::default().apply(plan_of_plain.clone(), &[]).unwrap().0), manifests(&plan_of_plain));
}

#[test]
fn added_subtitles_are_those_of_a_package_with_them() {
    let movie = fs::read(fixtures::fixture("sample.mp4")).unwrap();
    let file = WebVttFile::parse(b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n").unwrap();
    let labels = TrackLabels { label: Some("English CC".to_owned()), roles: vec![Role::Caption] };
    let language = "en".to_owned();
    let source = SidecarSource { file: &file, language: Some(language.clone()), labels: labels.clone() };
    let (plain, with_subtitles) = (plan(&movie, &[]), plan(&movie, &[source]));
    let id = next_subtitles(&plain, 0).unwrap();
    let edits = Edits { subtitles: vec![AddedSubtitles { id, language, labels }], ..Edits::default() };
    let (edited, texts) = edits.apply(plain.clone(), std::slice::from_ref(&file)).unwrap();
    assert_eq!(manifests(&edited), manifests(&with_subtitles));
    assert!(texts.iter().any(|text| text.path == "t1/subtitles.vtt" && text.text == file.text()));

    let removed = Edits { removed: vec![id], ..Edits::default() };
    removed.check(&with_subtitles).unwrap();
    assert_eq!(manifests(&removed.apply(with_subtitles, &[]).unwrap().0), manifests(&plain));
    assert_eq!(next_subtitles(&plain, 4).unwrap().to_string(), "t5");
}

#[test]
fn chapters_are_added_and_removed() {
    let plain = plan(&fs::read(fixtures::fixture("sample.mp4")).unwrap(), &[]);
    let list = |chapters| Some(ChapterList { language: Some("en".to_owned()), chapters });
    let chapter = Chapter { start_ms: 0, title: "Start".to_owned() };
    let with = Edits { chapters: list(vec![chapter]), ..Edits::default() };
    let (edited, _) = with.apply(plain.clone(), &[]).unwrap();
    let files = vpp_media::chapters::chapter_files(&edited);
    assert!(files.iter().any(|file| file.path == "chapters.json" && file.text.contains("\"title\":\"Start\"")));
    assert!(manifests(&edited).iter().any(|(_, text)| text.contains("com.apple.hls.chapters")));
    let without = Edits { chapters: list(Vec::new()), ..Edits::default() };
    assert_eq!(manifests(&without.apply(edited, &[]).unwrap().0), manifests(&plain));
}

#[test]
fn an_edit_of_a_track_that_is_not_there_or_of_another_kind_is_refused() {
    let plain = plan(&fs::read(fixtures::fixture("sample.mp4")).unwrap(), &[]);
    let id = |text: &str| text.parse().unwrap();
    for (edits, expected) in [
        (Edits { default_audio: Some(id("a9")), ..Edits::default() }, EditError::UnknownTrack(id("a9"))),
        (Edits { default_audio: Some(id("v1")), ..Edits::default() }, EditError::NotAudio(id("v1"))),
        (Edits { removed: vec![id("a1")], ..Edits::default() }, EditError::NotText(id("a1"))),
    ] {
        assert_eq!(edits.check(&plain), Err(expected));
    }
}
