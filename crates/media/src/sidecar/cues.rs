//! Cues, and the WebVTT file that they are written to.

use std::fmt::Write;

use super::loss::Losses;
use crate::text::{ARROW, SIGNATURE, format_timestamp};

/// A cue of a converted file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SidecarCue {
    /// Start in milliseconds.
    pub(super) start: u64,
    /// End in milliseconds.
    pub(super) end: u64,
    /// WebVTT cue settings; may be empty.
    pub(super) settings: String,
    /// WebVTT cue text: never empty, without blank lines.
    pub(super) text: String,
}

/// Writes cues as a WebVTT file, in the order of their starts (WebVTT 1.1 section 4.1). A cue without a duration is left out.
pub(super) fn write(mut cues: Vec<SidecarCue>, losses: &mut Losses) -> String {
    cues.sort_by_key(|cue| cue.start);
    let mut file = format!("{SIGNATURE}\n");
    for SidecarCue { start, end, settings, text } in cues {
        if start >= end {
            losses.zero_length_cues = losses.zero_length_cues.saturating_add(1);
            continue;
        }
        let space = if settings.is_empty() { "" } else { " " };
        let (start, end) = (format_timestamp(start), format_timestamp(end));
        let _ = write!(file, "\n{start} {ARROW} {end}{space}{settings}\n{text}\n");
    }
    file
}
