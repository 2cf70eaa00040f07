//! The report of the second demuxer (Bento4) on an uploaded file.

use serde::{Deserialize, Serialize};

/// What the probe says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// The file as a whole.
    pub container: Container,
    /// Its tracks, in the file's order.
    pub tracks: Vec<Track>,
}

/// What Bento4 reports of a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// `ftyp`'s major brand; none in a QuickTime file of old.
    pub major_brand: Option<String>,
    /// Units of `duration` in a second.
    pub timescale: u32,
    /// Duration of the movie in units of `timescale`.
    pub duration: u64,
    /// Whether the media lies in movie fragments.
    #[serde(default)]
    pub fragmented: bool,
    /// Whether the index comes before the media.
    #[serde(default)]
    pub fast_start: bool,
}

/// What Bento4 reports of one track.
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
    /// Units of `duration` in a second.
    pub timescale: u32,
    /// Duration of the media in units of `timescale`.
    pub duration: u64,
    /// Number of samples.
    pub sample_count: u64,
    /// Width in pixels, of video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in pixels, of video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Samples in a second, of audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Number of channels, of audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u32>,
    /// Whether the track is encrypted.
    #[serde(default)]
    pub protected: bool,
}
