//! The chapters of a package, as files: JSON for HLS, and WebVTT.
//!
//! Apple's players and Shaka Player read the chapters that the multivariant playlist names with the session data
//! `com.apple.hls.chapters`: a JSON array whose elements have `chapter`, `start-time`, `duration` and `titles`, in seconds
//! (Apple, "Providing JavaScript Object Notation (JSON) Chapters"). DASH has no such reference that players follow. Applications
//! load the WebVTT file, for example by `addChaptersTrack` of Shaka Player or as a `track` element of kind `chapters`.

use std::fmt::Write;

use serde::Serialize;

use crate::cmaf::{Presentation, TextFile};
use crate::text::{ARROW, CueMarkup, SIGNATURE, format_timestamp};
use crate::track::{Chapter, ChapterList, TrackKind};

/// Path in the package of the chapters as JSON.
pub const CHAPTERS_JSON: &str = "chapters.json";

/// Path in the package of the chapters as WebVTT.
pub const CHAPTERS_WEBVTT: &str = "chapters.vtt";

const NANOS_PER_MS: i128 = 1_000_000;

/// A chapter as Apple's JSON has it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonChapter<'c> {
    chapter: usize,
    start_time: f64,
    duration: f64,
    titles: [JsonTitle<'c>; 1],
}

#[derive(Serialize)]
struct JsonTitle<'c> {
    language: &'c str,
    title: &'c str,
}

/// Returns the files with the chapters of a presentation; none if it has no chapters.
#[must_use]
pub fn chapter_files(presentation: &Presentation) -> Vec<TextFile> {
    let Some(list) = &presentation.chapters else { return Vec::new() };
    let chapters = with_ends(presentation, list);
    if chapters.is_empty() {
        return Vec::new();
    }
    let (json, text) = (json(list, &chapters), webvtt(&chapters));
    let file = |path: &str, text| TextFile { path: path.to_owned(), text };
    vec![file(CHAPTERS_JSON, json), file(CHAPTERS_WEBVTT, text)]
}

/// Returns the chapters that start before the presentation ends, each with its end.
fn with_ends<'c>(presentation: &Presentation, list: &'c ChapterList) -> Vec<(&'c Chapter, u64)> {
    let media = presentation.representations.iter().filter(|representation| representation.kind != TrackKind::Text);
    let ends = media.filter_map(|media| {
        let end = media.presentation_time(media.segments.last()?.end());
        u64::try_from(end.as_nanos().checked_div(NANOS_PER_MS)?).ok()
    });
    let end = ends.max().unwrap_or(0);
    let starts = list.chapters.iter().skip(1).map(|next| next.start_ms.min(end)).chain([end]);
    list.chapters.iter().zip(starts).filter(|(chapter, end)| chapter.start_ms < *end).collect()
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "JSON numbers are floating-point numbers")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

fn json(list: &ChapterList, chapters: &[(&Chapter, u64)]) -> String {
    let language = list.language.as_deref().unwrap_or("und");
    let chapters = chapters.iter().zip(1..).map(|((Chapter { start_ms, title }, end), chapter)| JsonChapter {
        chapter,
        start_time: seconds(*start_ms),
        duration: seconds(end.saturating_sub(*start_ms)),
        titles: [JsonTitle { language, title }],
    });
    // Numbers and text always serialise.
    serde_json::to_string(&chapters.collect::<Vec<_>>()).unwrap_or_default()
}

fn webvtt(chapters: &[(&Chapter, u64)]) -> String {
    let mut text = format!("{SIGNATURE}\n");
    for ((Chapter { start_ms, title }, end), number) in chapters.iter().zip(1..) {
        let mut markup = CueMarkup::default();
        title.chars().for_each(|c| markup.push(c, 0));
        let (start, end, title) = (format_timestamp(*start_ms), format_timestamp(*end), markup.finish());
        let _ = write!(text, "\n{number}\n{start} {ARROW} {end}\n{title}\n");
    }
    text
}
