//! What else a package says: its files, the brands of its segments, and chapters.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ffprobe::Chapter;
use super::finding::{Attribute, Findings};
use super::manifests::{Manifests, Representation};
use super::playlist::Playlist;
use super::source::Source;
use crate::{boxes, package};

/// Requires that the manifests name every file of the package.
pub(super) fn check_files(manifests: &Manifests, representations: &[Representation<'_>], findings: &mut Findings) {
    let directory = &manifests.directory;
    let mut named: BTreeSet<PathBuf> = manifests.texts.keys().map(PathBuf::from).collect();
    let below = |path: &Path| path.strip_prefix(directory).expect("a path in the package").to_owned();
    for representation in representations {
        named.extend(representation.segments.iter().map(|segment| below(&segment.file)));
        // Text files exist for every segment of WebVTT, also for one after the media, which no playlist lists.
        let numbers = 1..=representation.segments.len();
        let text = numbers.map(|number| PathBuf::from(format!("{}/{number}.vtt", representation.id)));
        named.extend(text.filter(|_| representation.get("codecs") == Some("wvtt")));
        named.extend(representation.element.all("BaseURL").map(|url| PathBuf::from(&url.text)));
        let template = [representation.element, representation.set].map(|element| element.child("SegmentTemplate"));
        let init = template.into_iter().flatten().filter_map(|template| template.get("initialization"));
        named.extend(init.map(|init| PathBuf::from(init.replace("$RepresentationID$", representation.id))));
    }
    for (path, text) in manifests.texts.iter().filter(|(path, _)| !path.ends_with("mpd")) {
        let playlist = Playlist::parse(text);
        let folder = Path::new(path).parent().expect("a folder");
        let entries = playlist.entries.iter().map(|entry| &entry.uri).chain(&playlist.map);
        let session_data = playlist.session_data.iter().filter_map(|data| data.get("URI"));
        named.extend(entries.chain(session_data.clone()).map(|uri| folder.join(uri)));
        // The same chapters in WebVTT, which an application adds to its player.
        named.extend(session_data.filter(|uri| *uri == "chapters.json").map(|_| PathBuf::from("chapters.vtt")));
    }
    let existing: BTreeSet<_> = package::files(directory).into_iter().collect();
    for file in existing.difference(&named) {
        findings.require(
            false,
            &file.display().to_string(),
            Attribute::Files,
            "a file that a manifest names",
            "another",
        );
    }
    for file in named.difference(&existing) {
        findings.require(false, &file.display().to_string(), Attribute::Files, "a file", "none");
    }
}

/// Requires that a segment which is a file has the brand `msix` exactly if it has an index (ISO/IEC 23009-1 6.3.4.3).
pub(super) fn check_brands(representation: &Representation<'_>, findings: &mut Findings) {
    let files = representation.segments.iter().filter(|segment| segment.range.is_none());
    for segment in files.take(1) {
        let bytes = fs::read(&segment.file).expect("the segment exists");
        let brands = boxes::all(&bytes, "styp").concat();
        let claims = brands.chunks(4).any(|brand| brand == b"msix");
        let has_index = !boxes::all(&bytes, "sidx").is_empty();
        findings.compare(
            representation.id,
            Attribute::SegmentBrand,
            has_index.then_some("msix"),
            claims.then_some("msix"),
        );
    }
}

/// Requires the chapters of the source, in the JSON file that the multivariant playlist names (Apple, "Providing JavaScript Object
/// Notation (JSON) chapters").
pub(super) fn check_chapters(source: &Source, manifests: &Manifests, findings: &mut Findings) {
    let playlist = manifests.multivariant();
    let data = playlist.session_data.iter().find(|data| data["DATA-ID"] == "com.apple.hls.chapters");
    let chapters: Vec<Chapter> = match data.and_then(|data| data.get("URI")) {
        Some(uri) => {
            let text = fs::read(manifests.directory.join(uri)).expect("the chapters exist");
            let list: Value = serde_json::from_slice(&text).expect("the chapters are JSON");
            let seconds = |chapter: &Value, name: &str| chapter[name].as_f64().unwrap_or(-1.0);
            let chapter = |chapter: &Value| Chapter {
                start: seconds(chapter, "start-time"),
                end: seconds(chapter, "start-time") + seconds(chapter, "duration"),
                title: chapter["titles"][0]["title"].as_str().map(str::to_owned),
            };
            list.as_array().into_iter().flatten().map(chapter).collect()
        }
        None => Vec::new(),
    };
    let expected = &source.probe.chapters;
    let is_near = |(a, b): (&Chapter, &Chapter)| {
        // The last chapter ends with its track, or with the media, which may last for a part of a frame more.
        (a.start - b.start).abs() < 0.002 && (a.end - b.end).abs() < 0.02 && a.title == b.title
    };
    let is_equal = expected.len() == chapters.len() && expected.iter().zip(&chapters).all(is_near);
    findings.require(is_equal, "stream.m3u8", Attribute::Chapters, &format!("{expected:?}"), format!("{chapters:?}"));
}
