//! Sidecar subtitles: WebVTT files that come with a movie (W3C WebVTT 1.1).
//!
//! A player drops a cue that it cannot parse and reports nothing. So a file is validated here, block by block, and refused with
//! the line that breaks a rule. The text within cues is not validated. The package changes only one line of a file: the
//! timestamp map, which depends on the package.

use super::webvtt::{ARROW, SIGNATURE, TIMESTAMP_MAP, parse_timestamp, timestamp_map};
use crate::number::u64_of;
use crate::time::Timescale;
use crate::{Error, Result};

/// Maximum size of a file in bytes: hours of dense subtitles have a few hundred thousand.
pub const MAX_SIDECAR_BYTES: usize = 8 * 1024 * 1024;

/// The first words of blocks that are not cues.
const OTHER_BLOCKS: [&str; 3] = ["NOTE", "STYLE", "REGION"];

/// A WebVTT file, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebVttFile {
    text: String,
}

impl WebVttFile {
    /// Validates a file.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] when it is too large, [`Error::MalformedSubtitles`] with the line that breaks a rule.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_SIDECAR_BYTES {
            let [found, limit] = [bytes.len(), MAX_SIDECAR_BYTES].map(u64_of);
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
        let mut unmapped = lines.next().unwrap_or_default().to_owned();
        unmapped.push('\n');
        let mut is_header = true;
        for line in lines {
            is_header &= !line.is_empty();
            if !(is_header && line.starts_with(TIMESTAMP_MAP)) {
                unmapped.push_str(line);
                unmapped.push('\n');
            }
        }
        Ok(Self { text: unmapped })
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

    /// Returns the file for HLS players, with a timestamp map; `None` where media time and presentation time are the same.
    #[must_use]
    pub fn mapped(&self, presentation_time_offset: u64, timescale: Timescale) -> Option<String> {
        let map = timestamp_map(presentation_time_offset, timescale);
        let (first, rest) = self.text.split_once('\n')?;
        (!map.is_empty()).then(|| format!("{first}\n{map}{rest}"))
    }
}

fn malformed(line: usize, reason: &'static str) -> Error {
    // Lines are counted from 0 here, in a file of at most some megabytes.
    Error::MalformedSubtitles { line: u64_of(line).saturating_add(1), reason }
}

/// Validates the blocks of a file (WebVTT 4.1).
fn check(text: &str) -> Result<()> {
    if !WebVttFile::is_signed(text.as_bytes()) {
        return Err(malformed(0, "it does not begin with WEBVTT: convert it to WebVTT first"));
    }
    let mut lines = text.lines().enumerate();
    // The header, up to the first blank line.
    for (number, line) in lines.by_ref().take_while(|(_, line)| !line.is_empty()) {
        if line.contains(ARROW) {
            return Err(malformed(number, "a blank line is missing between the header and the first cue"));
        }
    }
    while let Some((number, line)) = lines.find(|(_, line)| !line.is_empty()) {
        let mut block = lines.by_ref().take_while(|(_, line)| !line.is_empty());
        let word = line.split([' ', '\t']).next().unwrap_or_default();
        if OTHER_BLOCKS.contains(&word) && !line.contains(ARROW) {
            block.for_each(drop);
            continue;
        }
        let (number, timing) =
            if line.contains(ARROW) { (number, line) } else { block.next().unwrap_or((number, line)) };
        timings(timing).map_err(|reason| malformed(number, reason))?;
        if let Some((number, _)) = block.find(|(_, line)| line.contains(ARROW)) {
            return Err(malformed(number, "a blank line is missing before this cue, or its text has an arrow"));
        }
    }
    Ok(())
}

/// Validates a line of cue timings (WebVTT 4.4): start, arrow, end, settings.
fn timings(line: &str) -> Result<(), &'static str> {
    let (start, rest) = line.split_once(ARROW).ok_or("a cue has no times")?;
    if !start.ends_with([' ', '\t']) || !rest.starts_with([' ', '\t']) {
        return Err("the arrow between the times of a cue needs a space on both sides");
    }
    let rest = rest.trim_start();
    let end = rest.split([' ', '\t']).next().unwrap_or_default();
    let start = parse_timestamp(start.trim()).ok_or("the start of a cue is not of the form 00:00:00.000")?;
    let end = parse_timestamp(end).ok_or("the end of a cue is not of the form 00:00:00.000")?;
    if start < end { Ok(()) } else { Err("a cue ends before it starts") }
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
        let file = WebVttFile::parse(b"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n").unwrap();
        assert_eq!(file.text(), "WEBVTT\n\n");
        let timescale = Timescale::new(12_800).unwrap();
        assert_eq!(file.mapped(0, timescale), None);
        let mapped = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:7200\n\n";
        assert_eq!(file.mapped(1024, timescale).unwrap(), mapped);
    }
}
