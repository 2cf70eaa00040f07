//! Subtitles: what the samples of text tracks are, and what players are given.
//!
//! # Codings
//!
//! `wvtt` (WebVTT cues in boxes) and `stpp` (TTML documents), both of ISO/IEC 14496-30, are what players of fragmented media
//! know; their samples are carried as they are. `tx3g` (3GPP TS 26.245) is what telephones, editors and ffmpeg write, and no
//! player of DASH or HLS reads it; so its samples are rewritten as `wvtt`, one for one: the times, the durations and the
//! number of samples stay what they were. The text stays, and bold, italic and underlined stretches of it; fonts, sizes,
//! colours and the place of the box are dropped, for they are the player's or the viewer's choice in WebVTT. HLS wants WebVTT
//! as text (RFC 8216bis 3.1.4), so every segment in `wvtt` is written as a text file as well, from the same samples.
//!
//! Text is never encrypted: no browser decrypts it, and its track says so.
//!
//! TTML names times in its documents, on the track's own timeline. So where all other tracks are shifted to a common origin
//! (see [`Origin`](crate::track::Origin)), a track in TTML is not: in DASH its `presentationTimeOffset` is its own, and
//! nothing is off. HLS has no such thing, and shows TTML early by as much as the others are shifted: some pictures, where the
//! picture is reordered.
//!
//! # Cues that span a cut
//!
//! A text track is cut at the same moments as all others, but a sample may last for minutes, and no cut divides one: a sample
//! stays whole, in the segment where it starts. Such a segment lasts until the next sample starts, over as many windows as
//! that takes; a window in which no sample starts has no segment. Nothing is lost by that: samples of text follow one another
//! without gap or overlap (ISO/IEC 14496-30), so what is shown at a moment lies in the segment that covers it in the
//! `SegmentTimeline`, and a player that seeks into the middle of a long cue fetches the right one. To repeat the cue in every
//! window instead would change the number of samples, and make each player find out that it is the same cue. HLS lets
//! playlists of subtitles have target durations of their own (RFC 8216bis 6.2.4). For the same reason no text file has to
//! repeat a cue of another: the segment it is in covers it.

mod cue;
mod tx3g;
mod webvtt_file;
mod webvtt_segment;
mod wvtt;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::time::Timescale;
pub(crate) use cue::Cue;
pub(crate) use webvtt_segment::{SIGNATURE, WebVttSegment};

/// How the samples of a text track are coded, by their sample description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextCoding {
    /// `stpp`: each sample a TTML document.
    Ttml,
    /// `wvtt`: each sample boxes of WebVTT cues, under the file header of the sample entry's `vttC` box.
    WebVtt {
        /// `WEBVTT` and what follows it.
        header: String,
    },
    /// `tx3g`, which is written as `wvtt`.
    TimedText,
}

/// What packaging needs to know of a text track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextTrack {
    /// How its samples are coded, for each of its sample descriptions.
    pub codings: Vec<TextCoding>,
    /// Units per second of its times.
    pub timescale: Timescale,
    /// The media time that is shown at presentation time zero.
    pub presentation_time_offset: u64,
}

impl TextCoding {
    /// The file header of WebVTT text that is made of such samples; `None` where none is.
    pub(crate) fn header(&self) -> Option<&str> {
        match self {
            Self::Ttml => None,
            Self::WebVtt { header } => Some(header),
            Self::TimedText => Some(webvtt_segment::SIGNATURE),
        }
    }

    /// Whether samples are written otherwise than they are read.
    pub(crate) fn is_rewritten(&self) -> bool {
        *self == Self::TimedText
    }

    /// The cues of a sample, which lies at `offset` in the file.
    pub(crate) fn cues(&self, sample: &[u8], offset: u64) -> Result<Vec<Cue>> {
        match self {
            Self::Ttml => Ok(Vec::new()),
            Self::WebVtt { .. } => wvtt::read(sample, offset),
            Self::TimedText => Ok(tx3g::read(sample, offset)?.into_iter().collect()),
        }
    }
}

pub use webvtt_file::{MAX_SIDECAR_BYTES, WebVttFile};
pub(crate) use wvtt::write as write_sample;
