//! Revisions as callers see them.

use serde::Serialize;
use vpp_media::edits::Rendition;
use vpp_media::track::{Chapter, ChapterList};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::revision::{PublicationFailure, Revision, RevisionProgress};
use vpp_pipeline::domain::timestamp::Timestamp;

/// The latest revision of a package.
#[derive(Debug, Serialize)]
pub(crate) struct RevisionField {
    latest: u32,
    published: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<PublicationFailureField>,
}

#[derive(Debug, Serialize)]
struct PublicationFailureField {
    code: String,
    message: String,
}

impl From<&RevisionProgress> for RevisionField {
    fn from(progress: &RevisionProgress) -> Self {
        let RevisionProgress { latest, published, failure } = progress.clone();
        let failure = failure.map(|PublicationFailure { code, message }| PublicationFailureField { code, message });
        Self { latest, published, failure }
    }
}

/// A revision in a list.
#[derive(Debug, Serialize)]
pub(crate) struct RevisionSummary {
    revision: u32,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    restored: Option<u32>,
}

impl From<&Revision> for RevisionSummary {
    fn from(revision: &Revision) -> Self {
        Self { revision: revision.number, created_at: revision.created_at, restored: revision.restored }
    }
}

/// A page of revisions, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct RevisionList {
    pub(crate) packaged_content_id: String,
    #[serde(flatten)]
    pub(crate) progress: RevisionField,
    pub(crate) revisions: Vec<RevisionSummary>,
}

/// A revision of a package.
#[derive(Debug, Serialize)]
pub(crate) struct RevisionResponse {
    packaged_content_id: String,
    #[serde(flatten)]
    summary: RevisionSummary,
    /// Whether its manifests, or those of a later revision, are written.
    published: bool,
    /// What viewers can select.
    tracks: Vec<TrackField>,
    default_audio: Option<String>,
    /// The uploaded files of the subtitles that edits have added.
    subtitles: Vec<AddedField>,
    removed_subtitles: Vec<String>,
    /// The edited chapters; `null` if they are those of the file.
    chapters: Option<ChaptersField>,
    licence: bool,
}

#[derive(Debug, Serialize)]
struct TrackField {
    id: String,
    language: Option<String>,
    label: Option<String>,
    roles: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct AddedField {
    id: String,
    input_content_id: String,
}

#[derive(Debug, Serialize)]
struct ChaptersField {
    language: Option<String>,
    list: Vec<ChapterField>,
}

#[derive(Debug, Serialize)]
struct ChapterField {
    start_seconds: f64,
    title: String,
}

impl RevisionResponse {
    /// Creates the response for a revision of a package in which viewers can select `renditions`.
    pub(crate) fn new(package: &Package, revision: &Revision, renditions: Vec<Rendition>) -> Self {
        let edits = &revision.edits;
        let track = |Rendition { id, language, label, roles }: Rendition| TrackField {
            id: id.to_string(),
            language,
            label,
            roles: roles.into_iter().map(vpp_media::track::Role::value).collect(),
        };
        let added = edits.subtitles.iter().zip(&revision.files);
        Self {
            packaged_content_id: package.id.to_string(),
            summary: revision.into(),
            published: revision.number <= package.revisions.published,
            tracks: renditions.into_iter().map(track).collect(),
            default_audio: edits.default_audio.map(|id| id.to_string()),
            subtitles: added
                .map(|(added, file)| AddedField {
                    id: added.id.to_string(),
                    input_content_id: file.content.to_string(),
                })
                .collect(),
            removed_subtitles: edits.removed.iter().map(ToString::to_string).collect(),
            chapters: edits.chapters.as_ref().map(ChaptersField::from),
            licence: !edits.without_licence,
        }
    }
}

impl From<&ChapterList> for ChaptersField {
    fn from(list: &ChapterList) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "JSON numbers are floating-point numbers")]
        let chapter = |Chapter { start_ms, title }: &Chapter| ChapterField {
            start_seconds: *start_ms as f64 / 1000.0,
            title: title.clone(),
        };
        Self { language: list.language.clone(), list: list.chapters.iter().map(chapter).collect() }
    }
}
