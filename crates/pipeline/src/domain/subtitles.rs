//! `WebVTT` files beside a movie.
//!
//! They are uploaded like movies, and judged when they land: such a content has no tracks and starts no package. A request for
//! a movie's package names them, and fragment, which knows the media's origin, writes them into it.

use vpp_media::text::{MAX_SIDECAR_BYTES, WebVttFile};
use vpp_media::track::{Role, TrackLabels};

use crate::domain::content::Content;
use crate::domain::id::ContentId;
use crate::error::Error;
use crate::ports::{ETag, Location, ObjectStore};

/// A subtitle file of a package, and how players are to offer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subtitles {
    /// `input_content_id` of the file.
    pub content: ContentId,
    /// Where it lies.
    pub location: Location,
    /// Which version of it.
    pub etag: ETag,
    /// Size in bytes.
    pub bytes: u64,
    /// How players are to offer it.
    pub offer: Offer,
}

/// How players are to offer a subtitle file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// BCP 47 language.
    pub language: String,
    /// Its name, for people.
    pub label: Option<String>,
    /// What it is for.
    pub kind: Kind,
}

/// What subtitles are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// Who does not understand the language.
    #[default]
    Subtitles,
    /// Who cannot hear.
    Captions,
    /// All: what is said in a foreign language.
    Forced,
}

impl Kind {
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

impl Subtitles {
    /// The file of `content`, offered like this.
    #[must_use]
    pub fn of(content: &Content, offer: Offer) -> Self {
        let Content { id, location, etag, bytes, .. } = content.clone();
        Self { content: id, location, etag, bytes, offer }
    }

    /// All that a package's id has to know of it, each part with its length before it.
    pub(crate) fn canonical(&self) -> String {
        let Offer { language, label, kind } = &self.offer;
        let label = label.as_deref().unwrap_or_default();
        format!("subtitles={}:{}:{language}:{}:{label}", self.content, kind.name(), label.len())
    }

    /// How manifests describe it.
    pub(crate) fn labels(&self) -> TrackLabels {
        TrackLabels { label: self.offer.label.clone(), roles: vec![self.offer.kind.role()] }
    }
}

/// The `WebVTT` file at `location`, whole; `None` when it is not signed as one, or too large to be one.
///
/// # Errors
/// A permanent one when it is signed but breaks the rules, and whatever the store says.
pub(crate) async fn read<S: ObjectStore>(
    store: &S,
    location: &Location,
    etag: &ETag,
    bytes: u64,
) -> Result<Option<WebVttFile>, Error> {
    if bytes > MAX_SIDECAR_BYTES as u64 {
        return Ok(None);
    }
    let text = store.read(location, Some(etag), 0..bytes).await.map_err(Error::of_source)?;
    if !WebVttFile::is_signed(&text) {
        return Ok(None);
    }
    WebVttFile::parse(&text).map(Some).map_err(Error::of_media)
}
