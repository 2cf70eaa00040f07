//! Sidecar subtitle files: `WebVTT`, `SubRip`, TTML or SCC.
//!
//! They are uploaded like movies, and ingest validates them: such a content has no tracks and starts no package. A request for
//! the package of a movie names them, and the fragment stage, which knows the presentation times, writes them into the package.

use vpp_media::preflight::Warning;
use vpp_media::sidecar::SubtitleFormat;
use vpp_media::track::{Role, TrackLabels};

use crate::domain::id::ContentId;
use crate::domain::object::{ETag, Location};

/// A subtitle file of a package, and how manifests describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubtitleFile {
    /// `input_content_id` of the file.
    pub content: ContentId,
    /// The location of the file.
    pub location: Location,
    /// The version of the file, as an entity tag.
    pub etag: ETag,
    /// Size in bytes.
    pub bytes: u64,
    /// How manifests describe it.
    pub description: SubtitleDescription,
}

/// What ingest has found in a subtitle file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubtitleInfo {
    /// The format of the file.
    pub format: SubtitleFormat,
    /// What the `WebVTT` file of a package has not, or has differently.
    pub warnings: Vec<Warning>,
}

impl SubtitleInfo {
    /// Returns `accepted` or `accepted_with_warnings`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.warnings.is_empty() { "accepted" } else { "accepted_with_warnings" }
    }
}

/// How manifests describe a subtitle file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubtitleDescription {
    /// BCP 47 language.
    pub language: String,
    /// Human-readable label.
    pub label: Option<String>,
    /// The purpose.
    pub kind: SubtitleKind,
}

/// The purpose of subtitles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SubtitleKind {
    /// For viewers who do not understand the language.
    #[default]
    Subtitles,
    /// For deaf and hard-of-hearing viewers.
    Captions,
    /// For all viewers: translations of foreign-language dialogue.
    Forced,
}

impl SubtitleKind {
    const ALL: [Self; 3] = [Self::Subtitles, Self::Captions, Self::Forced];

    /// Returns the name in the API and the catalog.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Subtitles => "subtitles",
            Self::Captions => "captions",
            Self::Forced => "forced",
        }
    }

    /// Parses the name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn role(self) -> Role {
        match self {
            Self::Subtitles => Role::Subtitle,
            Self::Captions => Role::Caption,
            Self::Forced => Role::ForcedSubtitle,
        }
    }
}

impl SubtitleFile {
    /// Returns the canonical text, for hashing into the package's id. The label is preceded by its length.
    pub(crate) fn canonical(&self) -> String {
        let SubtitleDescription { language, label, kind } = &self.description;
        let label = label.as_deref().unwrap_or_default();
        format!("subtitles={}:{}:{language}:{}:{label}", self.content, kind.name(), label.len())
    }

    /// Returns the label and the role in manifests.
    pub(crate) fn labels(&self) -> TrackLabels {
        TrackLabels { label: self.description.label.clone(), roles: vec![self.description.kind.role()] }
    }
}
