//! WebVTT as text (W3C WebVTT 1.1): what HLS takes for subtitles.

use std::fmt::Write;

use super::{Cue, TextTrack};
use crate::time::Timescale;

/// The first line of every file.
pub(crate) const SIGNATURE: &str = "WEBVTT";

/// Units of MPEG-2 time in a second.
const MPEG2_HZ: u32 = 90_000;

/// The text file of one segment, while cues are added.
#[derive(Debug)]
pub(crate) struct WebVttSegment<'t> {
    track: &'t TextTrack,
    header: &'t str,
    /// Start and end in media time, and what is shown.
    cues: Vec<(u64, u64, Cue)>,
}

impl<'t> WebVttSegment<'t> {
    /// A file without cues, under the `header` of the samples it is made of.
    pub(crate) fn new(track: &'t TextTrack, header: &'t str) -> Self {
        Self { track, header, cues: Vec::new() }
    }

    /// Adds what is shown from `start` to `end`, in media time.
    ///
    /// What is shown already, and goes on without a gap, is one cue: a sample ends wherever another cue begins or ends.
    pub(crate) fn show(&mut self, start: u64, end: u64, cues: Vec<Cue>) {
        for cue in cues {
            if cue.text.is_empty() || end <= start {
                continue;
            }
            let mut ending = self.cues.iter_mut().rev().take_while(|(begun, ..)| *begun <= start).take(64);
            match ending.find(|(_, until, shown)| *until == start && *shown == cue) {
                Some((_, until, _)) => *until = end,
                None => self.cues.push((start, end, cue)),
            }
        }
    }

    /// The text. Its times are those of the presentation; where media time is another, the file says by how much (RFC 8216bis
    /// 3.1.4).
    pub(crate) fn write(&self) -> String {
        let mut header = self.header.lines();
        let mut text = header.next().filter(|first| first.starts_with(SIGNATURE)).unwrap_or(SIGNATURE).to_owned();
        text.push('\n');
        text.push_str(&timestamp_map(self.track.presentation_time_offset, self.track.timescale));
        for line in header {
            let _ = writeln!(text, "{line}");
        }
        for (start, end, cue) in &self.cues {
            let [start, end] = [start, end].map(|time| self.milliseconds(*time));
            // What ends before the presentation begins is never shown.
            if end == 0 {
                continue;
            }
            text.push('\n');
            if !cue.id.is_empty() {
                let _ = writeln!(text, "{}", one_line(&cue.id));
            }
            let end = end.max(start.saturating_add(1));
            let space = if cue.settings.is_empty() { "" } else { " " };
            let _ = writeln!(text, "{} --> {}{space}{}", clock(start), clock(end), one_line(&cue.settings));
            for line in cue.text.lines().filter(|line| !line.trim().is_empty()) {
                let _ = writeln!(text, "{}", line.replace("-->", "--&gt;"));
            }
        }
        text
    }

    /// Media time as milliseconds of the presentation, to the nearest.
    fn milliseconds(&self, time: u64) -> u64 {
        let units = time.saturating_sub(self.track.presentation_time_offset);
        Timescale::new(1000)
            .and_then(|thousandths| thousandths.rescale(units, self.track.timescale))
            .unwrap_or(u64::MAX)
    }
}

/// The line that says which media time is shown when the clock of the file is at zero; none where that is zero.
pub(crate) fn timestamp_map(presentation_time_offset: u64, timescale: Timescale) -> String {
    let mpeg2 = Timescale::new(MPEG2_HZ).and_then(|hz| hz.rescale(presentation_time_offset, timescale));
    match mpeg2.map(|time| time & 0x1_ffff_ffff) {
        None | Some(0) => String::new(),
        Some(time) => format!("X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:{time}\n"),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ").replace("-->", "")
}

/// `hh:mm:ss.ttt`.
fn clock(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    format!("{:02}:{:02}:{:02}.{rest:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
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
    fn times_are_those_of_the_presentation_and_the_map_says_where_that_begins() {
        let track = track(50);
        let mut document = WebVttSegment::new(&track, "WEBVTT");
        document.show(650, 2_160_650, vec![cue("one")]);
        document.show(2_160_650, 2_160_651, vec![]);
        assert_eq!(
            document.write(),
            "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:7500\n\n00:00:01.000 --> 01:00:01.000\none\n"
        );
    }

    #[test]
    fn a_cue_that_others_begin_and_end_beside_is_one() {
        let track = track(0);
        let mut document = WebVttSegment::new(&track, "WEBVTT - style\nSTYLE\n::cue { color: red }");
        document.show(0, 600, vec![cue("long")]);
        document.show(600, 1200, vec![cue("long"), cue("short")]);
        document.show(1200, 1800, vec![cue("long")]);
        document.show(2400, 3000, vec![cue("long")]);
        assert_eq!(
            document.write(),
            "WEBVTT - style\nSTYLE\n::cue { color: red }\n\n00:00:00.000 --> 00:00:03.000\nlong\n\n\
             00:00:01.000 --> 00:00:02.000\nshort\n\n00:00:04.000 --> 00:00:05.000\nlong\n"
        );
    }

    #[test]
    fn nothing_in_a_cue_ends_it() {
        let track = track(0);
        let mut document = WebVttSegment::new(&track, "");
        let own =
            Cue { id: "a\nb".into(), settings: "line:0\n".into(), text: "one\n\ntwo --> three".into(), source: None };
        document.show(0, 600, vec![own]);
        assert_eq!(document.write(), "WEBVTT\n\na b\n00:00:00.000 --> 00:00:01.000 line:0 \none\ntwo --&gt; three\n");
    }
}
