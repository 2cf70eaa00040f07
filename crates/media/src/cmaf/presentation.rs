//! The presentation: everything that init segments and manifests need.

use serde::{Deserialize, Serialize};

use super::frame_rate::FrameRate;
use super::identity::{MAPPED_SIDECAR, RepresentationId};
use super::options::Layout;
use super::protection::Protection;
use super::sap::{SapType, StreamAccessPoint};
use super::segment_size::SegmentSize;
use crate::cenc::TrackEncryption;
use crate::codec::{AudioInfo, VideoInfo};
use crate::time::{MediaTime, Timescale};
use crate::track::{ChapterList, TrackKind, TrackLabels};

/// A package as a whole: everything that init segments and manifests need. It is complete when planning returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presentation {
    /// The representations: one for each packaged track, in the order of the movies and of their tracks.
    pub representations: Vec<Representation>,
    /// Subtitle files that are packaged whole.
    pub sidecars: Vec<Sidecar>,
    /// The chapters, if the movies have any.
    pub chapters: Option<ChapterList>,
    /// Number of work units.
    pub work_units: u32,
    /// The encryption.
    pub protection: Option<Protection>,
    /// The files that segments are stored in.
    pub layout: Layout,
}

impl Presentation {
    /// Returns the video and audio tracks. They define the duration of the presentation and the buffer that playback needs: a
    /// text track may have its first cue after many minutes, and cues after the end.
    pub(crate) fn media(&self) -> impl Iterator<Item = &Representation> {
        self.representations.iter().filter(|representation| representation.kind != TrackKind::Text)
    }

    /// Returns the tracks that are presented unless a viewer selects others: video and audio without alternative videos.
    pub(crate) fn main_media(&self) -> impl Iterator<Item = &Representation> {
        self.media().filter(|representation| !representation.is_alternative)
    }

    /// Returns the init segments that are files: path in the package, and bytes.
    pub fn init_segments(&self) -> impl Iterator<Item = (String, &[u8])> {
        let with_files = self.representations.iter().filter(|_| self.layout == Layout::Segments);
        with_files.map(|representation| (representation.id.init_segment_path(), representation.init.as_slice()))
    }
}

/// A WebVTT file that is packaged whole, next to the tracks of the movies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Its identity. Its number follows those of the text tracks.
    pub id: RepresentationId,
    /// BCP 47 language, if known.
    pub language: Option<String>,
    /// Name and roles.
    pub labels: TrackLabels,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Whether the package contains a second file, with a timestamp map, for HLS.
    pub is_mapped: bool,
}

impl Sidecar {
    /// Returns the path in the package of the file. Its times are presentation times.
    #[must_use]
    pub fn path(&self) -> String {
        self.id.sidecar_path()
    }

    /// Returns the path in the package of the file with a timestamp map.
    #[must_use]
    pub fn mapped_path(&self) -> Option<String> {
        self.is_mapped.then(|| self.id.path_of(MAPPED_SIDECAR))
    }
}

/// A packaged track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Representation {
    /// Its identity in the package.
    pub id: RepresentationId,
    /// `track_ID` in the output: that of the source, unless another movie of the package uses the same one.
    pub track_id: u32,
    /// The CMAF switching set (ISO/IEC 23000-19 7.3.4) it belongs to, from 0: a player may switch among its members.
    pub switching_set: u16,
    /// The kind of media.
    pub kind: TrackKind,
    /// Units per second of its times.
    pub timescale: Timescale,
    /// RFC 6381 `codecs`. For an encrypted track, it is that of the clear track.
    pub codecs: String,
    /// BCP 47 language, if known.
    pub language: Option<String>,
    /// Name and roles.
    pub labels: TrackLabels,
    /// Whether the file presents the track by default.
    pub is_enabled: bool,
    /// Whether it is video of other content than the main video, such as another angle.
    pub is_alternative: bool,
    /// Whether its matrix turns the video by a quarter, so that its width is displayed as its height.
    pub is_quarter_turned: bool,
    /// Properties of video.
    pub video: Option<VideoInfo>,
    /// Properties of audio.
    pub audio: Option<AudioInfo>,
    /// Its encryption.
    pub encryption: Option<TrackEncryption>,
    /// The media time that is presented at presentation time zero.
    pub presentation_time_offset: u64,
    /// The decode time of its first sample, on the media timeline.
    pub first_decode_time: u64,
    /// The frame rate of video, if it is constant.
    pub frame_rate: Option<FrameRate>,
    /// Its segments on the media timeline. The first has number 1.
    pub segments: Vec<SegmentTime>,
    /// The sizes that its segments are expected to have: exactly, but for encrypted video with another number of slices than its
    /// first frames, and for rewritten subtitles with styles or escapes. Empty in the single-file layout.
    pub planned_sizes: Vec<SegmentSize>,
    /// Its init segment.
    pub init: Vec<u8>,
}

impl Representation {
    /// Returns the type of stream access point that every segment starts with, or `None` if a segment starts with none.
    #[must_use]
    pub fn starts_with_sap(&self) -> Option<SapType> {
        let mut types = self.segments.iter().map(|segment| segment.sap.map(|sap| sap.sap_type));
        types.try_fold(SapType::One, |so_far, sap_type| sap_type.map(|sap_type| so_far.max(sap_type)))
    }

    /// Returns whether every segment can be decoded completely without another one.
    #[must_use]
    pub fn has_independent_segments(&self) -> bool {
        self.starts_with_sap() == Some(SapType::One)
    }

    /// Returns the presentation time of a media time of the track.
    pub(crate) fn presentation_time(&self, media_time: u64) -> MediaTime {
        let units = i128::from(media_time).saturating_sub(i128::from(self.presentation_time_offset));
        // Planning, and reading a stored plan, refuse a media time that does not fit 63 bits.
        self.timescale.at(i64::try_from(units).unwrap_or(i64::MAX))
    }

    /// Returns the duration of the longest segment, in units of the timescale.
    pub(crate) fn longest_segment(&self) -> u64 {
        self.segments.iter().map(|segment| segment.duration).max().unwrap_or(0)
    }
}

/// A segment on the media timeline of its representation, in units of its timescale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentTime {
    /// Its earliest presentation time.
    pub start: u64,
    /// Time to the start of the next segment; of the last segment, to the end of its media.
    pub duration: u64,
    /// The stream access point at its start, if playback can start there.
    pub sap: Option<StreamAccessPoint>,
}

impl SegmentTime {
    /// Returns the end of the segment.
    #[must_use]
    pub fn end(&self) -> u64 {
        // Planning, and reading a stored plan, refuse a segment whose end does not fit.
        self.start.saturating_add(self.duration)
    }
}
