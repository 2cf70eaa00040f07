//! Contents as callers see them.

use std::time::Duration;

use serde::Serialize;
use vpp_media::cmaf::UnsupportedTracks;
use vpp_media::preflight::{Preflight, PreflightView, RequiredOptions, Warning, WarningView};
use vpp_media::sidecar::SubtitleFormat;
use vpp_pipeline::domain::content::{Content, Verdict};
use vpp_pipeline::domain::probe_report::{Container, Track};
use vpp_pipeline::domain::timestamp::Timestamp;

use super::unreadable::{OrUnreadable, UnreadableContent};

/// A content, with the verdict of preflight and the codes of its warnings.
#[derive(Debug, Serialize)]
pub(crate) struct ContentSummary {
    input_content_id: String,
    input_content_origin: String,
    status: &'static str,
    bytes: u64,
    bytes_read: u64,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
    #[serde(flatten)]
    verdict_fields: VerdictFields,
}

/// A content with the preflight report.
#[derive(Debug, Serialize)]
pub(crate) struct ContentDetails<'c> {
    #[serde(flatten)]
    content: ContentSummary,
    #[serde(skip_serializing_if = "Option::is_none")]
    preflight: Option<ReportView<'c>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chapters: Vec<ChapterField<'c>>,
}

/// A chapter of a movie.
#[derive(Debug, Serialize)]
struct ChapterField<'c> {
    /// Presentation time of its start.
    start_seconds: f64,
    title: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'c str>,
}

/// The report on a movie or on a subtitle file.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ReportView<'c> {
    Movie(PreflightView<'c>),
    Subtitles { verdict: &'static str, warnings: Vec<WarningView> },
}

impl<'c> From<&'c Content> for ContentDetails<'c> {
    fn from(content: &'c Content) -> Self {
        Self { content: content.into(), preflight: report(content), chapters: chapters(content) }
    }
}

fn report(content: &Content) -> Option<ReportView<'_>> {
    match &content.verdict {
        Verdict::Subtitles(info) => Some(ReportView::Subtitles {
            verdict: info.verdict(),
            warnings: info.warnings.iter().map(WarningView::from).collect(),
        }),
        _ => preflight(content).map(|preflight| ReportView::Movie(preflight.into())),
    }
}

fn chapters(content: &Content) -> Vec<ChapterField<'_>> {
    let list = preflight(content).and_then(|preflight| preflight.chapters.as_ref());
    let chapters = list.into_iter().flat_map(|list| list.chapters.iter().map(|chapter| (chapter, &list.language)));
    let fields = chapters.map(|(chapter, language)| ChapterField {
        start_seconds: Duration::from_millis(chapter.start_ms).as_secs_f64(),
        title: &chapter.title,
        language: language.as_deref(),
    });
    fields.collect()
}

fn warnings(content: &Content) -> &[Warning] {
    match &content.verdict {
        Verdict::Subtitles(info) => &info.warnings,
        _ => preflight(content).map_or(&[], |preflight| &preflight.warnings),
    }
}

fn preflight(content: &Content) -> Option<&Preflight> {
    content.media_info().and_then(|info| info.preflight.as_ref())
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum VerdictFields {
    Ingested {
        video_track_number: Option<u32>,
        container: Container,
        tracks: Vec<Track>,
        #[serde(skip_serializing_if = "Option::is_none")]
        packaged_content_id: Option<String>,
    },
    Subtitles {
        media: &'static str,
        format: SubtitleFormat,
    },
    Refused {
        code: String,
        message: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        packageable_with: Vec<RequiredOptionsField>,
    },
}

/// Options with which a refused file can be packaged, as fields of a request.
#[derive(Debug, Serialize)]
struct RequiredOptionsField {
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsupported: Option<&'static str>,
}

impl From<&RequiredOptions> for RequiredOptionsField {
    fn from(options: &RequiredOptions) -> Self {
        let unsupported = Some(options.unsupported).filter(|unsupported| *unsupported != UnsupportedTracks::Refuse);
        Self { audio_only: options.audio_only.then_some(true), unsupported: unsupported.map(UnsupportedTracks::name) }
    }
}

impl From<&Content> for ContentSummary {
    fn from(content: &Content) -> Self {
        let verdict_fields = match &content.verdict {
            Verdict::Ingested(info) => VerdictFields::Ingested {
                video_track_number: info.video_track_number,
                container: info.report.container.clone(),
                tracks: info.report.tracks.clone(),
                packaged_content_id: info.package.as_ref().map(ToString::to_string),
            },
            Verdict::Subtitles(info) => VerdictFields::Subtitles { media: "subtitles", format: info.format },
            Verdict::Refused(refusal) => VerdictFields::Refused {
                code: refusal.code.clone(),
                message: refusal.message.clone(),
                packageable_with: refusal.remedies.iter().map(RequiredOptionsField::from).collect(),
            },
        };
        Self {
            input_content_id: content.id.to_string(),
            input_content_origin: content.location.to_string(),
            status: content.status(),
            bytes: content.bytes,
            bytes_read: content.bytes_read,
            created_at: content.created_at,
            verdict: content.preflight_verdict(),
            warnings: warnings(content).iter().map(Warning::code).collect(),
            verdict_fields,
        }
    }
}

/// A page of contents, and the cursor of the next page.
#[derive(Debug, Serialize)]
pub(crate) struct ContentList {
    pub(crate) input_content: Vec<OrUnreadable<ContentSummary, UnreadableContent>>,
    pub(crate) next_cursor: Option<String>,
}

/// A deleted content.
#[derive(Debug, Serialize)]
pub(crate) struct DeletedContent {
    input_content_id: String,
    input_content_origin: String,
    status: &'static str,
    deleted_at: Option<Timestamp>,
}

impl From<&Content> for DeletedContent {
    fn from(content: &Content) -> Self {
        Self {
            input_content_id: content.id.to_string(),
            input_content_origin: content.location.to_string(),
            status: "Deleted",
            deleted_at: content.deleted_at,
        }
    }
}
