//! WebVTT files given beside a movie (W3C WebVTT 1.1).
//!
//! A player that meets a cue it cannot read leaves it out and says nothing, so what is wrong with a file is found here: it is
//! read as a validator reads it, block by block, and refused with the line that breaks a rule. What is within cues is the
//! player's business. Nothing of a file is changed but the one line that says how its clock stands to media time: that is for
//! the package to say.

use super::webvtt_segment::{SIGNATURE, timestamp_map};
use crate::time::Timescale;
use crate::{Error, Result};

/// Bytes a file may have: hours of dense subtitles have some hundred thousand.
pub const MAX_SIDECAR_BYTES: usize = 8 * 1024 * 1024;

/// Blocks that are no cues.
const NO_CUES: [&str; 3] = ["NOTE", "STYLE", "REGION"];

const MAP: &str = "X-TIMESTAMP-MAP";

/// A WebVTT file that has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebVttFile {
    text: String,
}

impl WebVttFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] when it is too large, [`Error::MalformedSubtitles`] with the line that breaks a rule.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_SIDECAR_BYTES {
            let [found, limit] = [bytes.len(), MAX_SIDECAR_BYTES].map(|bytes| u64::try_from(bytes).unwrap_or(u64::MAX));
            return Err(Error::LimitExceeded { what: "the number of bytes of a subtitle file", found, limit });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.split(|byte| *byte == b'\n').skip(1).count();
            malformed(line, "it is not UTF-8: save it as UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
        check(&text)?;
        let mut lines = text.lines();
        let mut kept = lines.next().unwrap_or_default().to_owned();
        kept.push('\n');
        let mut is_header = true;
        for line in lines {
            is_header &= !line.is_empty();
            if !(is_header && line.starts_with(MAP)) {
                kept.push_str(line);
                kept.push('\n');
            }
        }
        Ok(Self { text: kept })
    }

    /// Whether a file begins as WebVTT files do.
    #[must_use]
    pub fn is_signed(bytes: &[u8]) -> bool {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        bytes
            .strip_prefix(SIGNATURE.as_bytes())
            .is_some_and(|rest| matches!(rest.first(), None | Some(b' ' | b'\t' | b'\n' | b'\r')))
    }

    /// The file, its times those of the presentation.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file for players of HLS, which says which media time is its zero; `None` where that is zero as well.
    #[must_use]
    pub fn mapped(&self, presentation_time_offset: u64, timescale: Timescale) -> Option<String> {
        let map = timestamp_map(presentation_time_offset, timescale);
        let (first, rest) = self.text.split_once('\n')?;
        (!map.is_empty()).then(|| format!("{first}\n{map}{rest}"))
    }
}

fn malformed(line: usize, reason: &'static str) -> Error {
    Error::MalformedSubtitles { line: u64::try_from(line).unwrap_or(u64::MAX).saturating_add(1), reason }
}

/// Reads the blocks of a file (WebVTT 4.1).
fn check(text: &str) -> Result<()> {
    if !WebVttFile::is_signed(text.as_bytes()) {
        return Err(malformed(0, "it does not begin with WEBVTT: convert it to WebVTT first"));
    }
    let mut lines = text.lines().enumerate();
    // The header, up to the first blank line.
    for (number, line) in lines.by_ref().take_while(|(_, line)| !line.is_empty()) {
        if line.contains("-->") {
            return Err(malformed(number, "a blank line is missing between the header and the first cue"));
        }
    }
    while let Some((number, line)) = lines.find(|(_, line)| !line.is_empty()) {
        let mut block = lines.by_ref().take_while(|(_, line)| !line.is_empty());
        let word = line.split([' ', '\t']).next().unwrap_or_default();
        if NO_CUES.contains(&word) && !line.contains("-->") {
            block.for_each(drop);
            continue;
        }
        let (number, timing) =
            if line.contains("-->") { (number, line) } else { block.next().unwrap_or((number, line)) };
        timings(timing).map_err(|reason| malformed(number, reason))?;
        if let Some((number, _)) = block.find(|(_, line)| line.contains("-->")) {
            return Err(malformed(number, "a blank line is missing before this cue, or its text has an arrow"));
        }
    }
    Ok(())
}

/// Reads a line of cue timings (WebVTT 4.4): start, arrow, end, settings.
fn timings(line: &str) -> Result<(), &'static str> {
    let (start, rest) = line.split_once("-->").ok_or("a cue has no timings")?;
    if !start.ends_with([' ', '\t']) || !rest.starts_with([' ', '\t']) {
        return Err("the arrow of a cue's timings has no space around it");
    }
    let rest = rest.trim_start();
    let end = rest.split([' ', '\t']).next().unwrap_or_default();
    let start = timestamp(start.trim()).ok_or("a cue's start is no time of the form 00:00:00.000")?;
    let end = timestamp(end).ok_or("a cue's end is no time of the form 00:00:00.000")?;
    if start < end { Ok(()) } else { Err("a cue ends before it starts") }
}

/// `hh:mm:ss.ttt` or `mm:ss.ttt`, in milliseconds.
fn timestamp(text: &str) -> Option<u64> {
    let (clock, thousandths) = text.split_once('.')?;
    let digits = |text: &str, least: usize, most: usize| -> Option<u64> {
        let proper = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| proper)
    };
    let thousandths = digits(thousandths, 3, 3)?;
    let mut parts = clock.rsplit(':');
    let seconds = digits(parts.next()?, 2, 2).filter(|seconds| *seconds < 60)?;
    let minutes = digits(parts.next()?, 2, 2).filter(|minutes| *minutes < 60)?;
    let hours = parts.next().map_or(Some(0), |hours| digits(hours, 2, 6))?;
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    let whole = minutes.checked_mul(60)?.checked_add(seconds)?.checked_mul(1000)?.checked_add(thousandths)?;
    parts.next().is_none().then_some(whole)
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
    fn what_the_standard_allows_is_accepted() {
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
    fn the_line_that_breaks_a_rule_is_named() {
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
    fn the_clock_of_the_file_is_said_anew() {
        let file = WebVttFile::parse(b"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n").unwrap();
        assert_eq!(file.text(), "WEBVTT\n\n");
        let timescale = Timescale::new(12_800).unwrap();
        assert_eq!(file.mapped(0, timescale), None);
        let mapped = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:7200\n\n";
        assert_eq!(file.mapped(1024, timescale).unwrap(), mapped);
    }
}
