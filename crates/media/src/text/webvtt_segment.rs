//! WebVTT segments: the text files of HLS subtitles (RFC 8216bis 3.1.4).

use std::fmt::Write;

use super::coding::TextTrack;
use super::cue::Cue;
use super::webvtt::{ARROW, SIGNATURE, format_timestamp, timestamp_map};
use crate::Result;
use crate::number::Checked;
use crate::time::Timescale;

/// Maximum number of recent cues that are searched for one that a sample continues.
const MAX_RECENT_CUES: usize = 64;

/// The text file of one segment.
#[derive(Debug)]
pub(crate) struct WebVttSegment<'t> {
    track: &'t TextTrack,
    header: &'t str,
    cues: Vec<TimedCue>,
}

#[derive(Debug)]
struct TimedCue {
    /// Start of the cue, in media time.
    start: u64,
    /// End of the cue, in media time.
    end: u64,
    cue: Cue,
}

impl<'t> WebVttSegment<'t> {
    /// Creates a file without cues, with the `header` of the samples' coding.
    pub(crate) fn new(track: &'t TextTrack, header: &'t str) -> Self {
        Self { track, header, cues: Vec::new() }
    }

    /// Adds the cues that are shown from `start` to `end`, in media time.
    ///
    /// A cue that is already shown, and continues without a gap, stays one cue, because a sample ends wherever another cue
    /// starts or ends.
    pub(crate) fn add(&mut self, start: u64, end: u64, cues: Vec<Cue>) {
        for cue in cues {
            if cue.text.is_empty() || end <= start {
                continue;
            }
            let mut recent = self.cues.iter_mut().rev().take_while(|shown| shown.start <= start).take(MAX_RECENT_CUES);
            match recent.find(|shown| shown.end == start && shown.cue == cue) {
                Some(continued) => continued.end = end,
                None => self.cues.push(TimedCue { start, end, cue }),
            }
        }
    }

    /// Returns the text. Its times are presentation times; the header maps them to media time where the two differ.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) when a time does not fit 64 bits.
    pub(crate) fn write(&self) -> Result<String> {
        let mut header = self.header.lines();
        let mut text = header.next().filter(|first| first.starts_with(SIGNATURE)).unwrap_or(SIGNATURE).to_owned();
        text.push('\n');
        text.push_str(&timestamp_map(self.track.presentation_time_offset, self.track.timescale));
        for line in header {
            let _ = writeln!(text, "{line}");
        }
        for TimedCue { start, end, cue } in &self.cues {
            let (start, end) = (self.milliseconds(*start)?, self.milliseconds(*end)?);
            // A cue that ends before the presentation starts is never shown.
            if end == 0 {
                continue;
            }
            text.push('\n');
            if !cue.id.is_empty() {
                let _ = writeln!(text, "{}", one_line(&cue.id));
            }
            let end = end.max(start.checked_add(1).or_out_of_range(CUE_TIME)?);
            let space = if cue.settings.is_empty() { "" } else { " " };
            let (start, end) = (format_timestamp(start), format_timestamp(end));
            let _ = writeln!(text, "{start} {ARROW} {end}{space}{}", one_line(&cue.settings));
            for line in cue.text.lines().filter(|line| !line.trim().is_empty()) {
                let _ = writeln!(text, "{}", line.replace(ARROW, "--&gt;"));
            }
        }
        Ok(text)
    }

    /// Converts media time to milliseconds of presentation time, rounded to the nearest. A time before zero becomes zero.
    fn milliseconds(&self, time: u64) -> Result<u64> {
        let units = time.saturating_sub(self.track.presentation_time_offset);
        let milliseconds = Timescale::new(1000).and_then(|hz| hz.rescale(units, self.track.timescale));
        milliseconds.or_out_of_range(CUE_TIME)
    }
}

const CUE_TIME: &str = "The time of a subtitle";

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ").replace(ARROW, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(presentation_time_offset: u64) -> TextTrack {
        TextTrack { codings: vec![], timescale: Timescale::new(600).unwrap(), presentation_time_offset }
    }

    fn cue(text: &str) -> Cue {
        Cue { text: text.to_owned(), ..Cue::default() }
    }

    #[test]
    fn times_are_presentation_times_and_the_header_maps_them_to_media_time() {
        let track = track(50);
        let mut segment = WebVttSegment::new(&track, "WEBVTT");
        segment.add(650, 2_160_650, vec![cue("one")]);
        segment.add(2_160_650, 2_160_651, vec![]);
        assert_eq!(
            segment.write().unwrap(),
            "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:7500\n\n00:00:01.000 --> 01:00:01.000\none\n"
        );
    }

    #[test]
    fn a_cue_stays_one_cue_when_others_start_and_end_during_it() {
        let track = track(0);
        let mut segment = WebVttSegment::new(&track, "WEBVTT - style\nSTYLE\n::cue { color: red }");
        segment.add(0, 600, vec![cue("long")]);
        segment.add(600, 1200, vec![cue("long"), cue("short")]);
        segment.add(1200, 1800, vec![cue("long")]);
        segment.add(2400, 3000, vec![cue("long")]);
        assert_eq!(
            segment.write().unwrap(),
            "WEBVTT - style\nSTYLE\n::cue { color: red }\n\n00:00:00.000 --> 00:00:03.000\nlong\n\n\
             00:00:01.000 --> 00:00:02.000\nshort\n\n00:00:04.000 --> 00:00:05.000\nlong\n"
        );
    }

    #[test]
    fn no_text_within_a_cue_can_end_it() {
        let track = track(0);
        let mut segment = WebVttSegment::new(&track, "");
        let cue =
            Cue { id: "a\nb".into(), settings: "line:0\n".into(), text: "one\n\ntwo --> three".into(), source: None };
        segment.add(0, 600, vec![cue]);
        assert_eq!(
            segment.write().unwrap(),
            "WEBVTT\n\na b\n00:00:00.000 --> 00:00:01.000 line:0 \none\ntwo --&gt; three\n"
        );
    }
}
