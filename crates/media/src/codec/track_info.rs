//! The properties of a track's media that manifests signal.

use serde::{Deserialize, Serialize};

use super::caption_service::CaptionService;
use super::channel_configuration::ChannelConfiguration;
use super::colr::Colour;
use crate::text::TextCoding;

/// The properties of a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoInfo {
    /// Width in pixels of a decoded frame, after cropping: that of the sequence parameter set or sequence header, else that of
    /// the sample entry.
    pub width: u16,
    /// Height in pixels of a decoded frame, after cropping.
    pub height: u16,
    /// Sample (pixel) aspect ratio, from `pasp`, else from the sequence parameter set. `None` if neither states it.
    pub sample_aspect_ratio: Option<(u32, u32)>,
    /// The colour description, if there is one.
    pub colour: Option<Colour>,
    /// The closed captions in its first frames: CEA-608, then CEA-708, by number.
    pub captions: Vec<CaptionService>,
    /// Whether frames may consist of two fields, or are single fields.
    pub is_interlaced: bool,
    /// Whether frames have a view for each eye.
    pub is_stereoscopic: bool,
    /// An enhancement of the stream, for players that support it.
    pub supplemental_codecs: Option<SupplementalCodecs>,
}

/// An enhancement of a stream that also plays without it, such as Dolby Vision on top of HDR10.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplementalCodecs {
    /// The codecs string with the enhancement: `dvh1.08.01`.
    pub codecs: String,
    /// The brand that identifies how the stream plays without it: `db1p`.
    pub brand: String,
}

impl VideoInfo {
    /// Returns the size in pixels at which the video is displayed with square pixels, before any rotation: the width is scaled by
    /// the sample aspect ratio and rounded to the nearest pixel, the height stays. So 720×576 at 64:45 is 1024×576.
    #[must_use]
    pub fn display_size(&self) -> (u32, u32) {
        let (h, v) = self.sample_aspect_ratio.filter(|(h, v)| *h > 0 && *v > 0).unwrap_or((1, 1));
        // 16 bits times 32 bits, and half of 32 bits.
        let scaled = u64::from(self.width).saturating_mul(h.into()).saturating_add(u64::from(v / 2));
        let width = scaled.checked_div(v.into()).and_then(|width| u32::try_from(width).ok());
        (width.unwrap_or(u32::MAX), self.height.into())
    }

    /// Returns the picture aspect ratio in lowest terms, exactly; `None` if the width or the height is zero.
    #[must_use]
    pub fn picture_aspect_ratio(&self) -> Option<(u64, u64)> {
        let (h, v) = self.sample_aspect_ratio.filter(|(h, v)| *h > 0 && *v > 0).unwrap_or((1, 1));
        // 16 bits times 32 bits.
        let (across, down) =
            (u64::from(self.width).saturating_mul(h.into()), u64::from(self.height).saturating_mul(v.into()));
        let (mut divisor, mut rest) = (across, down);
        while let Some(remainder) = divisor.checked_rem(rest) {
            (divisor, rest) = (rest, remainder);
        }
        across.checked_div(divisor).zip(down.checked_div(divisor)).filter(|(h, v)| *h > 0 && *v > 0)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn video(width: u16, height: u16, sample_aspect_ratio: Option<(u32, u32)>) -> VideoInfo {
        VideoInfo {
            width,
            height,
            sample_aspect_ratio,
            colour: None,
            captions: Vec::new(),
            is_interlaced: false,
            is_stereoscopic: false,
            supplemental_codecs: None,
        }
    }

    #[test]
    fn the_display_size_has_square_pixels() {
        for (coded, sizes) in [
            (video(640, 360, None), ((640, 360), Some((16, 9)))),
            (video(720, 576, Some((64, 45))), ((1024, 576), Some((16, 9)))),
            (video(1440, 1080, Some((4, 3))), ((1920, 1080), Some((16, 9)))),
            (video(720, 480, Some((8, 9))), ((640, 480), Some((4, 3)))),
            // 654.5 is rounded up.
            (video(720, 480, Some((10, 11))), ((655, 480), Some((15, 11)))),
            (video(854, 480, Some((0, 1))), ((854, 480), Some((427, 240)))),
            (video(0, 0, None), ((0, 0), None)),
            (video(u16::MAX, 1, Some((u32::MAX, 1))), ((u32::MAX, 1), Some((281_470_681_677_825, 1)))),
        ] {
            assert_eq!((coded.display_size(), coded.picture_aspect_ratio()), sizes, "{coded:?}");
        }
    }
}
