//! Sidecar subtitles: WebVTT files that come with a movie (W3C WebVTT 1.1).
//!
//! A player drops a cue that it cannot parse and reports nothing. So a file is validated here, block by block, and refused with
//! the line that breaks a rule. The text within cues is not validated. A file without a timestamp map whose cues all have a
//! duration is packaged as it is. A timestamp map is applied to the times of the cues and removed, because the package has
//! another one: see [`WebVttFile::mapped`]. Cues that no player can show are dropped and counted.

use super::webvtt::{
    ARROW, SIGNATURE, TIMESTAMP_MAP, format_timestamp, parse_timestamp, parse_timestamp_map, timestamp_map,
};
use crate::number::u64_of;
use crate::time::Timescale;
use crate::{Error, Result};

/// Maximum size of a file in bytes: hours of dense subtitles have a few hundred thousand.
pub const MAX_SIDECAR_BYTES: usize = 8 * 1024 * 1024;

/// Checks that a subtitle file is not larger than [`MAX_SIDECAR_BYTES`].
///
/// # Errors
/// [`Error::LimitExceeded`].
pub(crate) fn check_size(bytes: &[u8]) -> Result<()> {
    if bytes.len() > MAX_SIDECAR_BYTES {
        let [found, limit] = [bytes.len(), MAX_SIDECAR_BYTES].map(u64_of);
        let what = "the number of bytes of a subtitle file";
        return Err(Error::LimitExceeded { what, found, limit, action: "split it" });
    }
    Ok(())
}

/// The first words of blocks that are not cues.
const OTHER_BLOCKS: [&str; 3] = ["NOTE", "STYLE", "REGION"];

/// A WebVTT file, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebVttFile {
    text: String,
    shift_ms: i64,
    zero_length_cues: u64,
    early_cues: u64,
}

impl WebVttFile {
    /// Validates a file.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] when it is too large, [`Error::MalformedSubtitles`] with the line that breaks a rule.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        check_size(bytes)?;
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.split(|byte| *byte == b'\n').skip(1).count();
            malformed(line, "it is not UTF-8: save it as UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
        if !Self::is_signed(text.as_bytes()) {
            return Err(malformed(0, "it does not begin with WEBVTT: convert it to WebVTT first"));
        }
        let mut file =
            Self { text: String::with_capacity(text.len()), shift_ms: 0, zero_length_cues: 0, early_cues: 0 };
        let mut lines = text.lines().enumerate();
        file.header(&block_of(&mut lines))?;
        loop {
            let block = block_of(&mut lines);
            match block.split_last() {
                None => return Ok(file),
                Some(((_, ""), [])) => file.text.push('\n'),
                Some(_) => file.block(&block)?,
            }
        }
    }

    /// Returns whether a file begins with the WebVTT signature.
    #[must_use]
    pub fn is_signed(bytes: &[u8]) -> bool {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        bytes
            .strip_prefix(SIGNATURE.as_bytes())
            .is_some_and(|rest| matches!(rest.first(), None | Some(b' ' | b'\t' | b'\n' | b'\r')))
    }

    /// Returns the file without a timestamp map: its times are presentation times.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the time by which the timestamp map of the file has moved its cues, in milliseconds; 0 without such a map.
    #[must_use]
    pub fn shift_ms(&self) -> i64 {
        self.shift_ms
    }

    /// Returns the number of cues that are left out because they end when they start.
    #[must_use]
    pub fn zero_length_cues(&self) -> u64 {
        self.zero_length_cues
    }

    /// Returns the number of cues that are left out because the timestamp map moves them before the start.
    #[must_use]
    pub fn early_cues(&self) -> u64 {
        self.early_cues
    }

    /// Returns the file for HLS players, with a timestamp map; `None` where media time and presentation time are the same.
    #[must_use]
    pub fn mapped(&self, presentation_time_offset: u64, timescale: Timescale) -> Option<String> {
        let map = timestamp_map(presentation_time_offset, timescale);
        let (first, rest) = self.text.split_once('\n')?;
        (!map.is_empty()).then(|| format!("{first}\n{map}{rest}"))
    }

    /// Adds the header, and applies and removes its timestamp map.
    fn header(&mut self, lines: &[(usize, &str)]) -> Result<()> {
        for (number, line) in lines {
            if line.contains(ARROW) {
                return Err(malformed(*number, "a blank line is missing between the header and the first cue"));
            }
            match line.strip_prefix(TIMESTAMP_MAP) {
                Some(map) => {
                    let shift = map.strip_prefix('=').and_then(parse_timestamp_map);
                    let reason = "the timestamp map is not of the form X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0";
                    self.shift_ms = shift.ok_or(malformed(*number, reason))?;
                }
                None => self.line(line),
            }
        }
        Ok(())
    }

    /// Validates and adds a block (WebVTT 4.1), with the blank line that ends it.
    fn block(&mut self, block: &[(usize, &str)]) -> Result<()> {
        let Some((number, line)) = block.first().copied() else { return Ok(()) };
        let word = line.split([' ', '\t']).next().unwrap_or_default();
        if OTHER_BLOCKS.contains(&word) && !line.contains(ARROW) {
            block.iter().for_each(|(_, line)| self.line(line));
            return Ok(());
        }
        let position = usize::from(!line.contains(ARROW));
        let (before, rest) = block.split_at_checked(position).unwrap_or_default();
        let (number, line) = rest.first().copied().filter(|(_, line)| !line.is_empty()).unwrap_or((number, line));
        let timings = timings(line).map_err(|reason| malformed(number, reason))?;
        let payload = rest.get(1..).unwrap_or_default();
        if let Some((number, _)) = payload.iter().find(|(_, line)| line.contains(ARROW)) {
            return Err(malformed(*number, "a blank line is missing before this cue, or its text has an arrow"));
        }
        let Some(end) = shifted(timings.end, self.shift_ms) else {
            self.early_cues = self.early_cues.saturating_add(1);
            return Ok(());
        };
        if timings.start == timings.end {
            self.zero_length_cues = self.zero_length_cues.saturating_add(1);
            return Ok(());
        }
        before.iter().for_each(|(_, line)| self.line(line));
        if self.shift_ms == 0 {
            self.line(line);
            payload.iter().for_each(|(_, line)| self.line(line));
        } else {
            let start = format_timestamp(shifted(timings.start, self.shift_ms).unwrap_or(0));
            self.line(&format!("{start} {ARROW} {}{}", format_timestamp(end), timings.settings));
            payload.iter().for_each(|(_, line)| self.line(&shifted_text(line, self.shift_ms)));
        }
        Ok(())
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// Returns the lines up to and including the next blank line.
fn block_of<'t>(lines: &mut impl Iterator<Item = (usize, &'t str)>) -> Vec<(usize, &'t str)> {
    let mut block = Vec::new();
    for (number, line) in lines {
        block.push((number, line));
        if line.is_empty() {
            break;
        }
    }
    block
}

fn malformed(line: usize, reason: &'static str) -> Error {
    // Lines are counted from 0 here, in a file of at most some megabytes.
    Error::MalformedSubtitles { line: u64_of(line).saturating_add(1), reason }
}

/// The line of a cue's timings.
struct Timings<'t> {
    /// Start in milliseconds.
    start: u64,
    /// End in milliseconds.
    end: u64,
    /// The settings, with the white space before them.
    settings: &'t str,
}

/// Validates a line of cue timings (WebVTT 4.4): start, arrow, end, settings.
fn timings(line: &str) -> Result<Timings<'_>, &'static str> {
    let (start, rest) = line.split_once(ARROW).ok_or("a cue has no times")?;
    if !start.ends_with([' ', '\t']) || !rest.starts_with([' ', '\t']) {
        return Err("the arrow between the times of a cue needs a space on both sides");
    }
    let rest = rest.trim_start();
    let (end, settings) = rest.split_at_checked(rest.find([' ', '\t']).unwrap_or(rest.len())).unwrap_or((rest, ""));
    let start = parse_timestamp(start.trim()).ok_or("the start of a cue is not of the form 00:00:00.000")?;
    let end = parse_timestamp(end).ok_or("the end of a cue is not of the form 00:00:00.000")?;
    if start <= end {
        Ok(Timings { start, end, settings })
    } else {
        Err("a cue ends before it starts: correct its times, or remove it")
    }
}

/// Returns a time after a shift; `None` if that is not after zero.
fn shifted(milliseconds: u64, shift: i64) -> Option<u64> {
    milliseconds.checked_add_signed(shift).filter(|time| *time > 0 || shift == 0)
}

/// Returns a line of text with its timestamp tags (WebVTT 4.2.2) shifted.
fn shifted_text(line: &str, shift: i64) -> String {
    let mut parts = line.split('<');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push('<');
        match part.split_once('>').and_then(|(tag, rest)| Some((parse_timestamp(tag)?, rest))) {
            Some((time, rest)) => {
                text.push_str(&format_timestamp(shifted(time, shift).unwrap_or(0)));
                text.push('>');
                text.push_str(rest);
            }
            None => text.push_str(part),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(text: &str) -> Option<u64> {
        match WebVttFile::parse(text.as_bytes()) {
            Err(Error::MalformedSubtitles { line, .. }) => Some(line),
            Err(error) => panic!("{error}"),
            Ok(_) => None,
        }
    }

    #[test]
    fn files_that_the_standard_allows_are_accepted() {
        for text in [
            "WEBVTT",
            "\u{feff}WEBVTT a title\r\nKind: captions\r\n\r\n00:01.000 --> 00:02.000 line:0\r\nHo\r\n",
            "WEBVTT\n\n\n\nNOTE a note\nof two lines\n\nSTYLE\n::cue {}\n\nid\n100:00:00.000\t-->  100:00:00.001\n- one\n- two",
            "WEBVTT\n\nNOTES\n00:00:01.000 --> 00:00:02.000\na cue whose name is NOTES",
        ] {
            assert_eq!(line_of(text), None, "{text}");
        }
    }

    #[test]
    fn the_error_names_the_line_that_breaks_a_rule() {
        for (text, line) in [
            ("1\n00:00:01,000 --> 00:00:02,000\nSubRip", 1),
            ("WEBVTTX", 1),
            ("WEBVTT\n00:01.000 --> 00:02.000\nno blank line", 2),
            ("WEBVTT\n\n00:01,000 --> 00:02.000\ncomma", 3),
            ("WEBVTT\n\n1\n00:01.000 --> 00:00.000\nbackwards", 4),
            ("WEBVTT\n\n00:01.000-->00:02.000\nno space", 3),
            ("WEBVTT\n\n00:61.000 --> 02:00.000\nseconds", 3),
            ("WEBVTT\n\nlost text\nand more\n", 4),
            ("WEBVTT\n\n00:01.000 --> 00:02.000\none\n00:03.000 --> 00:04.000\ntwo", 5),
        ] {
            assert_eq!(line_of(text), Some(line), "{text}");
        }
        let error = WebVttFile::parse(b"WEBVTT\n\n00:01.000 --> 00:02.000\ngr\xfc\xdfe").unwrap_err();
        assert_eq!(error.to_string(), "the subtitles are malformed at line 4: it is not UTF-8: save it as UTF-8");
        assert_eq!(WebVttFile::parse(&vec![b'W'; MAX_SIDECAR_BYTES + 1]).unwrap_err().code(), "limit_exceeded");
    }

    #[test]
    fn the_package_replaces_the_timestamp_map() {
        let file = WebVttFile::parse(b"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n").unwrap();
        assert_eq!((file.text(), file.shift_ms()), ("WEBVTT\n\n", 0));
        let timescale = Timescale::new(12_800).unwrap();
        assert_eq!(file.mapped(0, timescale), None);
        let mapped = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:7200\n\n";
        assert_eq!(file.mapped(1024, timescale).unwrap(), mapped);
    }

    /// RFC 8216bis 3.1.4: the local time of the map is presented when the MPEG-2 time is.
    #[test]
    fn a_timestamp_map_moves_cues_and_the_times_in_their_text() {
        let cues = "NOTE n\n\nid\n00:02.000 --> 00:03.500 line:0\nKa<00:03.000>ra<i>o</i> <3\n";
        let moved = |map: &str| {
            let file = WebVttFile::parse(format!("WEBVTT\nX-TIMESTAMP-MAP={map}\n\n{cues}").as_bytes()).unwrap();
            (file.shift_ms(), file.early_cues(), file.text().to_owned())
        };
        let (shift, _, text) = moved("MPEGTS:900000,LOCAL:00:00:00.000");
        assert_eq!(shift, 10_000);
        let expected = "id\n00:00:12.000 --> 00:00:13.500 line:0\nKa<00:00:13.000>ra<i>o</i> <3\n";
        assert_eq!(text, format!("WEBVTT\n\nNOTE n\n\n{expected}"));
        let (shift, _, text) = moved("LOCAL:00:00:03.000,MPEGTS:22500");
        assert_eq!(shift, -2_750);
        assert!(text.ends_with("id\n00:00:00.000 --> 00:00:00.750 line:0\nKa<00:00:00.250>ra<i>o</i> <3\n"), "{text}");
        assert_eq!(moved("LOCAL:01:00:00.000,MPEGTS:0"), (-3_600_000, 1, "WEBVTT\n\nNOTE n\n\n".into()));
        for map in ["", "=LOCAL:0,MPEGTS:0", "=MPEGTS:900000", "=MPEGTS:8589934592,LOCAL:00:00:00.000"] {
            assert_eq!(line_of(&format!("WEBVTT\nX-TIMESTAMP-MAP{map}\n")), Some(2), "{map}");
        }
    }

    #[test]
    fn a_cue_without_a_duration_is_dropped() {
        let text = "WEBVTT\n\n1\n00:01.000 --> 00:01.000\nnever\n\n2\n00:02.000 --> 00:03.000\nseen\n";
        let file = WebVttFile::parse(text.as_bytes()).unwrap();
        assert_eq!((file.text(), file.zero_length_cues()), ("WEBVTT\n\n2\n00:02.000 --> 00:03.000\nseen\n", 1));
    }
}
