//! `WebVTT` files beside a movie.
//!
//! They are uploaded like movies, and judged when they land: such a content has no tracks and starts no package. A request for
//! a movie's package names them, and fragment, which knows the media's origin, writes them into it.

use vpp_media::track::{Role, TrackLabels};

use crate::domain::content::Content;
use crate::domain::id::ContentId;
use crate::domain::object::{ETag, Location};

/// A subtitle file of a package, and how players are to offer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubtitleFile {
    /// `input_content_id` of the file.
    pub content: ContentId,
    /// Where it lies.
    pub location: Location,
    /// Which version of it.
    pub etag: ETag,
    /// Size in bytes.
    pub bytes: u64,
    /// How players are to offer it.
    pub description: SubtitleDescription,
}

/// How players are to offer a subtitle file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubtitleDescription {
    /// BCP 47 language.
    pub language: String,
    /// Its name, for people.
    pub label: Option<String>,
    /// What it is for.
    pub kind: SubtitleKind,
}

/// What subtitles are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SubtitleKind {
    /// Who does not understand the language.
    #[default]
    Subtitles,
    /// Who cannot hear.
    Captions,
    /// All: what is said in a foreign language.
    Forced,
}

impl SubtitleKind {
    const ALL: [Self; 3] = [Self::Subtitles, Self::Captions, Self::Forced];

    /// The name that the API and the catalog know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Subtitles => "subtitles",
            Self::Captions => "captions",
            Self::Forced => "forced",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
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
    /// The file of `content`, offered like this.
    #[must_use]
    pub fn of(content: &Content, description: SubtitleDescription) -> Self {
        let Content { id, location, etag, bytes, .. } = content.clone();
        Self { content: id, location, etag, bytes, description }
    }

    /// All that a package's id has to know of it, each part with its length before it.
    pub(crate) fn canonical(&self) -> String {
        let SubtitleDescription { language, label, kind } = &self.description;
        let label = label.as_deref().unwrap_or_default();
        format!("subtitles={}:{}:{language}:{}:{label}", self.content, kind.name(), label.len())
    }

    /// How manifests describe it.
    pub(crate) fn labels(&self) -> TrackLabels {
        TrackLabels { label: self.description.label.clone(), roles: vec![self.description.kind.role()] }
    }
}
