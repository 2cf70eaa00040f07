//! The body of `PATCH /packaged_content/{id}`, parsed into an [`EditRequest`]. Every problem names its field.
//!
//! A field that is missing changes nothing, and `null` restores what the plan states.

#![expect(clippy::option_option, reason = "a field is missing, is null, or has a value")]

use serde::{Deserialize, Deserializer};
use vpp_http::{Object, Problem};
use vpp_media::cmaf::RepresentationId;
use vpp_media::plain_text::is_plain_text;
use vpp_media::track::{Chapter, ChapterList, Role};
use vpp_pipeline::api::edits::{EditRequest, TrackChange};

use crate::package_request::{SubtitlesBody, label, language, subtitles};
use crate::request_body::{decode, missing_field};

/// Maximum number of tracks in an edit, and of chapters.
pub(crate) const MAX_ENTRIES: usize = 256;
/// The latest start of a chapter, in seconds: longer than any movie.
const MAX_START: f64 = 1_000_000.0;

const FIELDS: [&str; 18] = [
    "tracks",
    "tracks.id",
    "tracks.language",
    "tracks.label",
    "tracks.roles",
    "default_audio",
    "subtitles",
    "subtitles.input_content_id",
    "subtitles.language",
    "subtitles.label",
    "subtitles.kind",
    "remove_subtitles",
    "chapters",
    "chapters.language",
    "chapters.list",
    "chapters.list.start_seconds",
    "chapters.list.title",
    "licence",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    tracks: Vec<Object<TrackBody>>,
    #[serde(default, deserialize_with = "present")]
    default_audio: Option<Option<String>>,
    #[serde(default)]
    subtitles: Vec<Object<SubtitlesBody>>,
    #[serde(default)]
    remove_subtitles: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    chapters: Option<Option<Object<ChaptersBody>>>,
    licence: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackBody {
    id: Option<String>,
    language: Option<String>,
    label: Option<String>,
    roles: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChaptersBody {
    language: Option<String>,
    list: Vec<Object<ChapterBody>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChapterBody {
    start_seconds: f64,
    title: String,
}

/// Distinguishes `null` from a missing field.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Parses the body.
pub(crate) fn edit_request(body: &[u8]) -> Result<EditRequest, Problem> {
    let body: Body = decode(body, &FIELDS)?;
    for (field, entries) in [("tracks", body.tracks.len()), ("remove_subtitles", body.remove_subtitles.len())] {
        at_most(field, entries)?;
    }
    let default_audio = body.default_audio.map(|id| id.map(|id| track_id("default_audio", &id)).transpose());
    let chapters = body.chapters.map(|chapters| chapters.map(|Object(body)| chapter_list(body)).transpose());
    let removed = body.remove_subtitles.iter().map(|id| track_id("remove_subtitles", id));
    Ok(EditRequest {
        tracks: body.tracks.into_iter().map(|Object(track)| track_change(track)).collect::<Result<_, _>>()?,
        default_audio: default_audio.transpose()?,
        add_subtitles: subtitles(&body.subtitles)?,
        remove_subtitles: removed.collect::<Result<_, _>>()?,
        chapters: chapters.transpose()?,
        licence: body.licence,
    })
}

/// Parses the change of a track. One that has only an id restores what the plan states.
fn track_change(body: TrackBody) -> Result<(RepresentationId, Option<TrackChange>), Problem> {
    let id = track_id("tracks.id", &body.id.ok_or_else(|| missing_field("tracks.id"))?)?;
    let language = body.language.map(|tag| language("tracks.language", &tag)).transpose()?;
    let label = body.label.map(|text| label("tracks.label", &text)).transpose()?;
    let roles = body.roles.map(|roles| {
        let role =
            |value: &String| Role::of_value(value).ok_or_else(|| invalid("tracks.roles", "expected roles of DASH"));
        let mut roles = roles.iter().map(role).collect::<Result<Vec<_>, _>>()?;
        roles.sort_unstable();
        roles.dedup();
        Ok::<_, Problem>(roles)
    });
    let change = TrackChange { language, label, roles: roles.transpose()? };
    Ok((id, Some(change).filter(|change| *change != TrackChange::default())))
}

fn chapter_list(body: ChaptersBody) -> Result<ChapterList, Problem> {
    at_most("chapters.list", body.list.len())?;
    let language = body.language.map(|tag| language("chapters.language", &tag)).transpose()?;
    let mut chapters: Vec<Chapter> = Vec::new();
    for Object(ChapterBody { start_seconds, title }) in body.list {
        if title.is_empty() || title.chars().count() > 200 || !is_plain_text(&title) {
            return Err(invalid("chapters.list.title", "expected 1 to 200 characters without control characters"));
        }
        let start_ms = milliseconds(start_seconds)
            .filter(|start| chapters.last().is_none_or(|last| last.start_ms < *start))
            .ok_or_else(|| {
                invalid("chapters.list.start_seconds", "expected times in seconds, each after the one before")
            })?;
        chapters.push(Chapter { start_ms, title });
    }
    Ok(ChapterList { language, chapters })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn milliseconds(seconds: f64) -> Option<u64> {
    (0.0..=MAX_START).contains(&seconds).then(|| (seconds * 1000.0).round() as u64)
}

fn track_id(field: &'static str, id: &str) -> Result<RepresentationId, Problem> {
    id.parse().map_err(|_| invalid(field, "expected the id of a track, such as a1"))
}

fn at_most(field: &'static str, entries: usize) -> Result<(), Problem> {
    if entries > MAX_ENTRIES {
        return Err(invalid(field, &format!("expected at most {MAX_ENTRIES} entries")));
    }
    Ok(())
}

fn invalid(field: &'static str, detail: &str) -> Problem {
    Problem::field("invalid_field", field, detail)
}
