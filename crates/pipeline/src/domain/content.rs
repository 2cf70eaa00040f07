//! A content: one version of one uploaded file, and the verdict on it.
//!
//! Ingest gives the verdict, which never changes: uploading a file again creates another version, with another id. The one
//! exception is a provisional verdict, on a file that the platform could not validate because of an error of its own.

use std::ops::Range;

use vpp_media::cmaf::UnsupportedTracks;
use vpp_media::preflight::{Preflight, RequiredOptions};

use crate::domain::id::{ContentId, PackageId};
use crate::domain::object::{ETag, Location};
use crate::domain::probe_report::ProbeReport;
use crate::domain::resource_usage::ResourceUsage;
use crate::domain::subtitles::{SubtitleDescription, SubtitleFile, SubtitleInfo};
use crate::domain::timestamp::Timestamp;

/// One version of one uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// `input_content_id`.
    pub id: ContentId,
    /// The location of the file.
    pub location: Location,
    /// The version of the file, as an entity tag.
    pub etag: ETag,
    /// The version id, in a versioned bucket.
    pub version_id: Option<String>,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Bytes of the file that ingest read.
    pub bytes_read: u64,
    /// Resource usage of ingest.
    pub usage: ResourceUsage,
    /// When the verdict was given.
    pub created_at: Timestamp,
    /// The verdict.
    pub verdict: Verdict,
    /// When it was deleted. A deleted content stays as a tombstone, so that a late event of the same version does not create it
    /// again. Uploading the same file again creates another version, which replaces the tombstone. The catalog removes the
    /// tombstone after a time.
    pub deleted_at: Option<Timestamp>,
}

/// Whether a file can be packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It can be packaged.
    Ingested(MediaInfo),
    /// It is a subtitle file, to be packaged with a movie.
    Subtitles(SubtitleInfo),
    /// It cannot be packaged.
    Refused(Refusal),
}

/// The metadata of a file that can be packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaInfo {
    /// Byte range of the `moov` box in the file.
    pub index: Range<u64>,
    /// `track_ID` of the video track.
    pub video_track_number: Option<u32>,
    /// The probe's report.
    pub report: ProbeReport,
    /// The preflight report on the stream; `None` for a content that was ingested before this report existed.
    pub preflight: Option<Preflight>,
    /// The package that the upload started, if the platform is set to start one.
    pub package: Option<PackageId>,
}

/// The reason that a file cannot be packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A stable machine-readable code.
    pub code: String,
    /// A human-readable sentence.
    pub message: String,
    /// The metadata of a file that can be packaged with other options.
    pub media_info: Option<Box<MediaInfo>>,
    /// The sets of options with which it can be packaged; none without `media_info`.
    pub remedies: Vec<RequiredOptions>,
}

impl Refusal {
    /// Returns the provisional refusal of a file that the platform could not validate. The next event for the same file is
    /// ingested again.
    #[must_use]
    pub fn ingest_failed() -> Self {
        Self {
            code: INGEST_FAILED.to_owned(),
            message: "the platform could not read the file because of an internal error: upload it again".to_owned(),
            media_info: None,
            remedies: Vec::new(),
        }
    }

    /// Returns the refusal to package a subtitle file as a movie.
    fn subtitles() -> Self {
        let message = "this is a subtitle file: name it in `subtitles` when you package its movie".to_owned();
        Self { code: vpp_media::Error::NoMedia.code().to_owned(), message, media_info: None, remedies: Vec::new() }
    }
}

/// Code of a provisional refusal.
pub const INGEST_FAILED: &str = "ingest_failed";

/// The source of a package: a file at the version that was ingested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The location of the file.
    pub location: Location,
    /// The version that every read is pinned to.
    pub etag: ETag,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Byte range of its `moov` box.
    pub index: Range<u64>,
}

impl Content {
    /// Returns the metadata, if the content was ingested.
    #[must_use]
    pub fn media_info(&self) -> Option<&MediaInfo> {
        match &self.verdict {
            Verdict::Ingested(info) => Some(info),
            Verdict::Refused(_) | Verdict::Subtitles(_) => None,
        }
    }

    /// Returns the refusal, if there is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.verdict {
            Verdict::Refused(refusal) => Some(refusal),
            Verdict::Ingested(_) | Verdict::Subtitles(_) => None,
        }
    }

    /// Returns the metadata for packaging this content with the options `given`. If another content of the package has video
    /// (`is_accompanied`), this one needs none: then it may lack video, or have video that is left out.
    ///
    /// # Errors
    /// The refusal.
    pub fn packageable(&self, given: RequiredOptions, is_accompanied: bool) -> Result<&MediaInfo, Refusal> {
        match &self.verdict {
            Verdict::Ingested(info) => Ok(info),
            Verdict::Subtitles(_) => Err(Refusal::subtitles()),
            Verdict::Refused(refusal) => {
                let lacks_video = refusal.code == vpp_media::Error::NoVideo.code();
                let leaves_out = given.unsupported == UnsupportedTracks::LeaveOut;
                let needs_no_video = is_accompanied && (lacks_video || leaves_out);
                let given = RequiredOptions { audio_only: given.audio_only || needs_no_video, ..given };
                let is_met = refusal.remedies.iter().any(|required| required.are_in(given));
                refusal.media_info.as_deref().filter(|_| is_met).ok_or(refusal.clone())
            }
        }
    }

    /// Returns whether another verdict may replace this one: a platform error must not refuse a file permanently.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        matches!(&self.verdict, Verdict::Refused(refusal) if refusal.code == INGEST_FAILED)
    }

    /// Returns whether it is deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// Returns whether a content of the version `version_id` may replace it.
    #[must_use]
    pub fn can_be_replaced_by(&self, version_id: Option<&str>) -> bool {
        self.is_provisional() || self.is_deleted() && self.version_id.as_deref() != version_id
    }

    /// Returns the status that users see.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self.verdict {
            Verdict::Ingested(_) | Verdict::Subtitles(_) => "Ingested",
            Verdict::Refused(_) => "Refused",
        }
    }

    /// Returns the verdict of preflight: accepted, accepted with warnings, or refused.
    #[must_use]
    pub fn preflight_verdict(&self) -> Option<&'static str> {
        match &self.verdict {
            Verdict::Ingested(info) => info.preflight.as_ref().map(Preflight::verdict),
            Verdict::Subtitles(info) => Some(info.verdict()),
            Verdict::Refused(_) => Some("refused"),
        }
    }

    /// Returns this content as a subtitle file of a package; `None` if it is none.
    #[must_use]
    pub fn as_subtitles(&self, description: SubtitleDescription) -> Option<SubtitleFile> {
        let Self { id, location, etag, bytes, .. } = self.clone();
        let is_subtitles = matches!(self.verdict, Verdict::Subtitles(_));
        is_subtitles.then_some(SubtitleFile { content: id, location, etag, bytes, description })
    }

    /// Returns the source of a package of this content.
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
