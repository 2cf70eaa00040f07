//! The report of the second demuxer (Bento4) on an uploaded file.

use serde::{Deserialize, Serialize};

/// The probe's report on a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// The file as a whole.
    pub container: Container,
    /// Its tracks, in the file's order.
    pub tracks: Vec<Track>,
}

/// The probe's report on the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// The major brand of `ftyp`; `None` for an old QuickTime file.
    pub major_brand: Option<String>,
    /// Units of `duration` per second.
    pub timescale: u32,
    /// Duration of the movie, in units of `timescale`.
    pub duration: u64,
    /// Whether the media is in movie fragments.
    #[serde(default)]
    pub fragmented: bool,
    /// Whether the index comes before the media.
    #[serde(default)]
    pub fast_start: bool,
}

/// The probe's report on one track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// `track_ID`.
    pub id: u32,
    /// `video`, `audio`, `text`, `subtitles`, `hint`, `system` or `unknown`.
    #[serde(rename = "type")]
    pub kind: String,
    /// RFC 6381 codec string.
    pub codec: String,
    /// ISO 639-2 language.
    #[serde(default)]
    pub language: String,
    /// Units of `duration` per second.
    pub timescale: u32,
    /// Duration of the media, in units of `timescale`.
    pub duration: u64,
    /// Number of samples.
    pub sample_count: u64,
    /// Width of video, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height of video, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Sample rate of audio, in Hz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Number of audio channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u32>,
    /// Whether the track is encrypted.
    #[serde(default)]
    pub protected: bool,
}
