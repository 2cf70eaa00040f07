//! The text of a TTML paragraph, and the cues that show it.

use std::collections::BTreeSet;

use super::cues::SidecarCue;
use crate::number::u64_of;
use crate::text::{CueMarkup, MAX_SIDECAR_BYTES};
use crate::{Error, Result};

/// Maximum number of times at which the text of a paragraph changes: each is a cue with all its text.
const MAX_CHANGES: usize = 256;

/// Paragraphs whose end no element states end with the presentation; WebVTT requires a time.
const NO_END_MS: u64 = 100 * 3_600_000;

/// An interval of time in milliseconds. Without an end, it lasts as long as the presentation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) begin: u64,
    pub(super) end: Option<u64>,
}

impl Interval {
    fn end_or_limit(&self) -> u64 {
        self.end.unwrap_or(NO_END_MS)
    }
}

/// Text with one style and one interval.
#[derive(Debug)]
struct Run {
    text: String,
    faces: u8,
    interval: Interval,
}

/// A paragraph.
#[derive(Debug)]
pub(super) struct Paragraph {
    interval: Interval,
    settings: String,
    runs: Vec<Run>,
}

impl Paragraph {
    /// Creates a paragraph without text.
    pub(super) fn new(interval: Interval, settings: String) -> Self {
        Self { interval, settings, runs: Vec::new() }
    }

    /// Adds text. Unless its white space is preserved, line breaks in it are spaces (TTML2 8.2.9).
    pub(super) fn push(&mut self, text: &str, faces: u8, interval: Interval, is_preserved: bool) {
        if !text.is_empty() {
            let text = if is_preserved { text.to_owned() } else { text.replace(['\n', '\r', '\t'], " ") };
            self.runs.push(Run { text, faces, interval });
        }
    }

    /// Adds a line break (`br`).
    pub(super) fn push_break(&mut self, interval: Interval) {
        self.runs.push(Run { text: "\n".to_owned(), faces: 0, interval });
    }

    /// Adds the cues that show the paragraph: a new one whenever its text changes. `written` counts the bytes of all cues.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] if its text changes too often, or if the cues are longer than a subtitle file may be.
    pub(super) fn add_cues(&self, cues: &mut Vec<SidecarCue>, written: &mut usize) -> Result<()> {
        let (begin, end) = (self.interval.begin, self.interval.end_or_limit());
        let of_runs = self.runs.iter().flat_map(|run| [run.interval.begin, run.interval.end_or_limit()]);
        let mut times: BTreeSet<u64> = BTreeSet::new();
        for time in of_runs.chain([begin, end]) {
            times.insert(time.clamp(begin, end.max(begin)));
            if times.len() > MAX_CHANGES {
                let (what, limit) =
                    ("the number of times at which the text of a subtitle changes", u64_of(MAX_CHANGES));
                return Err(Error::LimitExceeded { what, found: u64_of(times.len()), limit, action: "split the file" });
            }
        }
        if times.len() == 1 && !self.runs.is_empty() {
            // A paragraph without a duration: a cue that is counted as such.
            self.add_cue(begin, begin, |_| true, cues, written)?;
        }
        for (start, end) in times.iter().zip(times.iter().skip(1)) {
            let is_shown = |run: &Run| run.interval.begin <= *start && run.interval.end_or_limit() >= *end;
            self.add_cue(*start, *end, is_shown, cues, written)?;
        }
        Ok(())
    }

    fn add_cue(
        &self,
        start: u64,
        end: u64,
        is_shown: impl Fn(&Run) -> bool,
        cues: &mut Vec<SidecarCue>,
        written: &mut usize,
    ) -> Result<()> {
        let mut markup = CueMarkup::default();
        // The faces of the space before the next character.
        let mut space = None;
        for run in self.runs.iter().filter(|run| is_shown(run)) {
            for c in run.text.chars() {
                // Spaces collapse, before and after line breaks as well.
                if c == ' ' {
                    space.get_or_insert(run.faces);
                    continue;
                }
                if let Some(faces) = space.take().filter(|_| c != '\n') {
                    markup.push(' ', faces);
                }
                markup.push(c, run.faces);
            }
        }
        let text = markup.finish();
        *written = written.saturating_add(text.len());
        if *written > MAX_SIDECAR_BYTES {
            let [found, limit] = [*written, MAX_SIDECAR_BYTES].map(u64_of);
            return Err(Error::LimitExceeded {
                what: "the number of bytes of converted subtitles",
                found,
                limit,
                action: "split the file",
            });
        }
        if !text.is_empty() {
            cues.push(SidecarCue { start, end, settings: self.settings.clone(), text });
        }
        Ok(())
    }
}
