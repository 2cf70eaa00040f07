//! Text tracks, and the coding of their samples.

use serde::{Deserialize, Serialize};

use super::webvtt::SIGNATURE;
use super::{Cue, tx3g, wvtt};
use crate::Result;
use crate::time::Timescale;

/// The coding of the samples of a text track, by their sample description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextCoding {
    /// `stpp`: each sample is a TTML document.
    Ttml,
    /// `wvtt`: each sample has boxes of WebVTT cues. The file header is in the `vttC` box of the sample entry.
    WebVtt {
        /// `WEBVTT` and the lines after it.
        header: String,
    },
    /// `tx3g`, which is rewritten as `wvtt`.
    TimedText,
}

impl TextCoding {
    /// Returns the header of the WebVTT files with the text of these samples; `None` if there are no such files.
    pub(crate) fn header(&self) -> Option<&str> {
        match self {
            Self::Ttml => None,
            Self::WebVtt { header } => Some(header),
            Self::TimedText => Some(SIGNATURE),
        }
    }

    /// Returns whether the samples have a different coding in the output than in the source.
    pub(crate) fn is_rewritten(&self) -> bool {
        *self == Self::TimedText
    }

    /// Reads the cues of a sample, which is at `offset` in the file.
    pub(crate) fn cues(&self, sample: &[u8], offset: u64) -> Result<Vec<Cue>> {
        match self {
            Self::Ttml => Ok(Vec::new()),
            Self::WebVtt { .. } => wvtt::read(sample, offset),
            Self::TimedText => Ok(tx3g::read(sample, offset)?.into_iter().collect()),
        }
    }
}

/// The properties of a text track that packaging needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextTrack {
    /// The coding of its samples, for each of its sample descriptions.
    pub codings: Vec<TextCoding>,
    /// Units per second of its times.
    pub timescale: Timescale,
    /// The media time that is presented at zero.
    pub presentation_time_offset: u64,
}

impl TextTrack {
    /// Returns the coding of samples with the sample description at this position, from 0.
    pub(crate) fn coding(&self, description: u32) -> Option<&TextCoding> {
        usize::try_from(description).ok().and_then(|position| self.codings.get(position))
    }
}
