//! The preflight report.

use serde::{Deserialize, Serialize};

use super::Warning;
use crate::track::ChapterList;

/// The prediction of the stream from the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// The requested segment duration, in milliseconds.
    pub segment_ms: u64,
    /// Number of media segments of all tracks.
    pub segments: u64,
    /// Number of work units.
    pub work_units: u32,
    /// The largest number of byte ranges of the source that one work unit needs.
    pub max_ranges_per_work_unit: u32,
    /// Bytes of the source that all work units read.
    pub bytes_to_read: u64,
    /// The chapters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chapters: Option<ChapterList>,
    /// The tracks that are packaged.
    pub tracks: Vec<TrackReport>,
    /// The warnings: what the owner of the movie may want to change.
    pub warnings: Vec<Warning>,
}

impl Preflight {
    /// Returns `accepted` or `accepted_with_warnings`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.warnings.is_empty() { "accepted" } else { "accepted_with_warnings" }
    }
}

/// The prediction for one track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackReport {
    /// `track_ID`.
    pub track_id: u32,
    /// Name of its representation.
    pub name: String,
    /// RFC 6381 `codecs`.
    pub codecs: String,
    /// Presentation time of its start, in milliseconds; negative where an edit list hides the start.
    pub start_ms: i64,
    /// Presentation time of its end, in milliseconds.
    pub end_ms: i64,
    /// Average bit rate, in bits per second.
    pub average_bitrate: u64,
    /// Peak bit rate, in bits per second: the highest of any second of decode time that begins at a whole tenth of a second
    /// after the first sample. For a track shorter than a second, it is the average.
    pub peak_bitrate: u64,
    /// Its segments.
    pub segments: Distribution,
    /// Video only: its groups of pictures (GOPs), from one sync sample to the next, in decode time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gops: Option<Distribution>,
    /// Video only: the number of open GOPs, in which frames after the sync sample are presented before it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub open_gops: Option<u64>,
    /// Video only: whether all frames but the last have the same duration, within one unit of the timescale.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub constant_frame_rate: Option<bool>,
    /// Audio only: the number of samples at the start that are decoded but not presented, from encoder priming or a trim.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub priming_samples: Option<u64>,
}

/// The number of segments or GOPs, and the distribution of their durations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// Their number.
    pub count: u64,
    /// The shortest, in milliseconds.
    pub shortest_ms: u64,
    /// The mean, in milliseconds.
    pub mean_ms: u64,
    /// The longest, in milliseconds.
    pub longest_ms: u64,
}
