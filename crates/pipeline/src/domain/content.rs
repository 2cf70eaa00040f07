//! A content: one version of one uploaded file, and the verdict on it.
//!
//! The verdict is given once, when the file is ingested, and never changes: a file uploaded again is another version,
//! with an id of its own. The one exception is a file the platform could not judge for a fault of its own.

use std::ops::Range;

use vpp_media::preflight::Preflight;

use crate::domain::id::{ContentId, PackageId};
use crate::domain::object::{ETag, Location};
use crate::domain::probe_report::ProbeReport;
use crate::domain::resource_usage::ResourceUsage;
use crate::domain::timestamp::Timestamp;

/// One version of one uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// `input_content_id`.
    pub id: ContentId,
    /// Where the file lies.
    pub location: Location,
    /// Which version of it.
    pub etag: ETag,
    /// The store's own name of the version, in a versioned bucket.
    pub version_id: Option<String>,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Bytes of the file that were read to come to the verdict.
    pub bytes_read: u64,
    /// What coming to it cost.
    pub usage: ResourceUsage,
    /// When the verdict was given.
    pub created_at: Timestamp,
    /// The verdict.
    pub verdict: Verdict,
    /// When somebody wanted it gone. What is left is a tombstone, so that a late event of the same version does not bring it
    /// back; its file uploaded again is another version, and a content again.
    pub deleted_at: Option<Timestamp>,
}

/// Whether a file can be packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It can; this is what is known of it.
    Ingested(MediaInfo),
    /// It is a `WebVTT` file, to go beside a movie.
    Subtitles,
    /// It cannot, for this reason.
    Refused(Refusal),
}

/// What is known of a file that can be packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaInfo {
    /// Where the `moov` box lies, in bytes from the start of the file.
    pub index: Range<u64>,
    /// `track_ID` of the video track.
    pub video_track_number: Option<u32>,
    /// The probe's report.
    pub report: ProbeReport,
    /// What the index says of the stream to come; none of a content that was ingested before there were such reports.
    pub preflight: Option<Preflight>,
    /// The package that the upload started by itself, if the platform is set to start one.
    pub package: Option<PackageId>,
}

/// Why a file cannot be packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable, for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// What is known of a file that could be packaged if it were asked for otherwise: the sound of one without video.
    pub media_info: Option<Box<MediaInfo>>,
}

impl Refusal {
    /// The platform itself could not come to a verdict. It is provisional: the next event of the same file is judged anew.
    #[must_use]
    pub fn ingest_failed() -> Self {
        Self {
            code: INGEST_FAILED.to_owned(),
            message: "the platform could not read the file for reasons of its own: upload it again".to_owned(),
            media_info: None,
        }
    }
}

impl Refusal {
    /// A subtitle file is no movie.
    fn subtitles() -> Self {
        let message = "this is a subtitle file: name it in `subtitles` when you package its movie".to_owned();
        Self { code: vpp_media::Error::NoMedia.code().to_owned(), message, media_info: None }
    }
}

/// Code of a provisional refusal.
pub const INGEST_FAILED: &str = "ingest_failed";

/// A file as a package needs it: the version it was ingested at, and where its index lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where the file lies.
    pub location: Location,
    /// The version every read is pinned to.
    pub etag: ETag,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Where its `moov` box lies, in bytes from the start of the file.
    pub index: Range<u64>,
}

impl Content {
    /// The info, unless the content is refused.
    #[must_use]
    pub fn media_info(&self) -> Option<&MediaInfo> {
        match &self.verdict {
            Verdict::Ingested(info) => Some(info),
            Verdict::Refused(_) | Verdict::Subtitles => None,
        }
    }

    /// Why it cannot be packaged, if it cannot.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.verdict {
            Verdict::Refused(refusal) => Some(refusal),
            Verdict::Ingested(_) | Verdict::Subtitles => None,
        }
    }

    /// What a package is made by, or why there can be none. A file that is refused because it has no video can still be
    /// packaged for its sound alone.
    ///
    /// # Errors
    /// The refusal.
    pub fn packageable(&self, audio_only: bool) -> Result<&MediaInfo, Refusal> {
        match &self.verdict {
            Verdict::Ingested(info) => Ok(info),
            Verdict::Subtitles => Err(Refusal::subtitles()),
            Verdict::Refused(refusal) => refusal.media_info.as_deref().filter(|_| audio_only).ok_or(refusal.clone()),
        }
    }

    /// Whether another verdict may take this one's place: no file is refused for ever for a fault of the platform.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        matches!(&self.verdict, Verdict::Refused(refusal) if refusal.code == INGEST_FAILED)
    }

    /// Whether it is gone.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// Whether a content of this version may be written in its place.
    #[must_use]
    pub fn can_be_replaced_by(&self, version_id: Option<&str>) -> bool {
        self.is_provisional() || self.is_deleted() && self.version_id.as_deref() != version_id
    }

    /// The status as the platform's users know it.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self.verdict {
            Verdict::Ingested(_) | Verdict::Subtitles => "Ingested",
            Verdict::Refused(_) => "Refused",
        }
    }

    /// What preflight came to: whether the file can be packaged, and whether there is something to be said about it.
    #[must_use]
    pub fn preflight_verdict(&self) -> Option<&'static str> {
        match &self.verdict {
            Verdict::Ingested(info) => info.preflight.as_ref().map(Preflight::verdict),
            Verdict::Subtitles => Some("accepted"),
            Verdict::Refused(_) => Some("refused"),
        }
    }

    /// What a package of this content is made from.
    #[must_use]
    pub fn source(&self, info: &MediaInfo) -> Source {
        Source {
            location: self.location.clone(),
            etag: self.etag.clone(),
            bytes: self.bytes,
            index: info.index.clone(),
        }
    }
}
