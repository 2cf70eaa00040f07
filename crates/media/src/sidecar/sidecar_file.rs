//! A subtitle file of any format.

use super::cues;
use super::encoding::decode;
use super::format::SubtitleFormat;
use super::loss::Losses;
use super::{scc, srt, ttml};
use crate::preflight::Warning;
use crate::text::{WebVttFile, check_size};
use crate::{Error, Result};

/// A subtitle file, converted to WebVTT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SidecarFile {
    /// The format of the file.
    pub format: SubtitleFormat,
    /// The subtitles as WebVTT.
    pub webvtt: WebVttFile,
    /// What differs from the file.
    pub warnings: Vec<Warning>,
}

impl SidecarFile {
    /// Reads a file and converts it to WebVTT.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] when it is too large, [`Error::MalformedSubtitles`] with the line that breaks a rule of its
    /// format.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        check_size(bytes)?;
        let format = SubtitleFormat::of(bytes).ok_or(Error::MalformedSubtitles { line: 1, reason: UNKNOWN_FORMAT })?;
        let decoded = decode(bytes, format)?;
        let mut losses = Losses::default();
        let cues = match format {
            SubtitleFormat::WebVtt => None,
            SubtitleFormat::Srt => Some(srt::read(&decoded.text, &mut losses)?),
            SubtitleFormat::Ttml => Some(ttml::read(&decoded.text, &mut losses)?),
            SubtitleFormat::Scc => Some(scc::read(&decoded.text, &mut losses)?),
        };
        let webvtt = match cues {
            None => WebVttFile::parse(decoded.text.as_bytes())?,
            Some(cues) => WebVttFile::parse(cues::write(cues, &mut losses).as_bytes())?,
        };
        let mut warnings = Vec::new();
        if let Some(encoding) = decoded.guessed {
            warnings.push(Warning::SubtitleEncodingGuessed { encoding: encoding.to_owned() });
        }
        if let Some(lost) = losses.description() {
            warnings.push(Warning::SubtitlesSimplified { format: format.name().to_owned(), lost });
        }
        if webvtt.shift_ms() != 0 {
            warnings.push(Warning::TimestampMapApplied { shift_ms: webvtt.shift_ms() });
        }
        let zero_length = losses.zero_length_cues.saturating_add(webvtt.zero_length_cues());
        if zero_length > 0 || webvtt.early_cues() > 0 {
            warnings.push(Warning::SubtitleCuesDropped { zero_length, before_start: webvtt.early_cues() });
        }
        Ok(Self { format, webvtt, warnings })
    }
}

const UNKNOWN_FORMAT: &str = "it is neither WebVTT, SubRip (SRT), TTML nor SCC: convert it to one of these";
