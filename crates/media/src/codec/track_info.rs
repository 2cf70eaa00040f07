//! The properties of a track's media that manifests signal.

use serde::{Deserialize, Serialize};

use super::channel_configuration::ChannelConfiguration;
use super::closed_captions::CaptionService;
use super::colr::Colour;
use crate::text::TextCoding;

/// The properties of a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoInfo {
    /// Coded width in pixels.
    pub width: u16,
    /// Coded height in pixels.
    pub height: u16,
    /// Sample (pixel) aspect ratio, from `pasp`.
    pub sample_aspect_ratio: Option<(u32, u32)>,
    /// The colour description, if there is one.
    pub colour: Option<Colour>,
    /// The closed captions in its first frames: CEA-608, then CEA-708, by number.
    pub captions: Vec<CaptionService>,
}

/// The properties of audio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// Samples per second after decoding; 0 if unknown.
    pub sample_rate: u32,
    /// Number of channels; 0 if it depends on the player's loudspeakers.
    pub channels: u16,
    /// The loudspeaker positions of the channels, if known.
    pub channel_configuration: Option<ChannelConfiguration>,
    /// The complexity index of joint object coding (JOC), for Dolby Atmos.
    pub joc_complexity: Option<u8>,
    /// Whether it is AC-4 immersive stereo: virtualised for headphones.
    pub is_virtualized: bool,
}

impl AudioInfo {
    /// Creates the properties of audio of `sample_rate` hertz with `channels`, and no further ones.
    #[must_use]
    pub fn new(sample_rate: u32, channels: u16) -> Self {
        Self { sample_rate, channels, channel_configuration: None, joc_complexity: None, is_virtualized: false }
    }
}

/// The properties of subtitles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextInfo {
    /// The coding of the samples.
    pub coding: TextCoding,
    /// Whether players show all of them even to viewers who have subtitles turned off.
    pub is_forced: bool,
}
