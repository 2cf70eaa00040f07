//! `SubRip` files: numbered cues, each with a line of times and lines of text.
//!
//! No standard defines the format, so this reader follows what players accept: numbers may be missing or wrong, cues need not be in
//! order, blank lines may be within the text of a cue. A cue extends to the line of times of the next.

use super::cues::SidecarCue;
use super::loss::{Loss, Losses};
use super::srt_markup::marked_up;
use crate::number::u64_of;
use crate::text::ARROW;
use crate::{Error, Result};

/// Returns whether a file starts as `SubRip` does: with the times of a cue, after its number if it has one.
pub(super) fn is_start(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let times = if is_number(first) { lines.next().unwrap_or_default() } else { first };
    is_times(times)
}

/// Reads a file.
///
/// # Errors
/// [`Error::MalformedSubtitles`] with the line that has wrong times.
pub(super) fn read(text: &str, losses: &mut Losses) -> Result<Vec<SidecarCue>> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|at| lines.get(*at).is_some_and(|line| is_times(line))).collect();
    let ends = starts.iter().skip(1).copied().chain(std::iter::once(lines.len()));
    let mut cues = Vec::new();
    for (at, next) in starts.iter().copied().zip(ends) {
        let malformed = |reason| Error::MalformedSubtitles { line: u64_of(at).saturating_add(1), reason };
        let times = times(lines.get(at).copied().unwrap_or_default()).map_err(malformed)?;
        if times.has_position {
            losses.add(Loss::Positions);
        }
        let body = lines.get(at.saturating_add(1)..next).unwrap_or_default();
        let body = if next == lines.len() { body } else { without_number(body) };
        let (text, settings) = marked_up(body, losses);
        if !text.is_empty() {
            cues.push(SidecarCue { start: times.start, end: times.end, settings: settings.to_owned(), text });
        }
    }
    Ok(cues)
}

/// Returns the lines between two lines of times without the number of the second cue, which follows a blank line.
fn without_number<'l, 't>(lines: &'l [&'t str]) -> &'l [&'t str] {
    match lines {
        [number] if is_number(number) => &[],
        [text @ .., "", number] if is_number(number) => text,
        _ => lines,
    }
}

fn is_number(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a line is meant as the times of a cue: an arrow between two times, however they are written.
fn is_times(line: &str) -> bool {
    let is_time = |text: &str| text.contains(':') && text.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    line.split_once(ARROW).is_some_and(|(start, end)| is_time(start.trim()) && is_time(end.trim()))
}

/// The times of a cue, in milliseconds.
#[derive(Debug, PartialEq, Eq)]
struct Times {
    start: u64,
    end: u64,
    /// Whether coordinates follow, such as `X1:40 X2:600 Y1:20 Y2:50`.
    has_position: bool,
}

fn times(line: &str) -> Result<Times, &'static str> {
    let (start, rest) = line.split_once(ARROW).ok_or("a cue has no times")?;
    let rest = rest.trim();
    let (end, position) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let start = time(start.trim()).ok_or("the start of a cue is not of the form 00:00:00,000")?;
    let end = time(end).ok_or("the end of a cue is not of the form 00:00:00,000")?;
    if end < start {
        return Err("a cue ends before it starts");
    }
    Ok(Times { start, end, has_position: !position.trim().is_empty() })
}

/// Parses `hh:mm:ss,ttt`; a point instead of the comma is common as well.
fn time(text: &str) -> Option<u64> {
    let digits = |text: &str, min: usize, max: usize| -> Option<u64> {
        let is_number = (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_number)
    };
    let (whole, thousandths) = text.split_once([',', '.'])?;
    let mut parts = whole.split(':');
    let hours = digits(parts.next()?, 1, 4)?;
    let minutes = digits(parts.next()?, 1, 2).filter(|minutes| *minutes < 60)?;
    let seconds = digits(parts.next()?, 1, 2).filter(|seconds| *seconds < 60)?;
    let thousandths = digits(thousandths, 3, 3).filter(|_| parts.next().is_none())?;
    let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?;
    seconds.checked_mul(1000)?.checked_add(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues(text: &str) -> Vec<(u64, u64, String)> {
        let cues = read(text, &mut Losses::default()).unwrap();
        cues.into_iter().map(|cue| (cue.start, cue.end, cue.text)).collect()
    }

    #[test]
    fn cues_are_read_with_or_without_numbers_and_with_blank_lines_in_their_text() {
        let text = "1\r\n00:00:01,000 --> 00:00:02,500\r\nOne\r\n\r\ntwo\r\n\r\n2\r\n0:0:3.000 --> 00:00:04,000\r\n1984\r\n\
                    \r\n01:00:00,001 -->01:00:00,002\r\n<i>a --> b</i>\r\n\r\n3\r\n";
        let expected =
            [(1_000, 2_500, "One\ntwo"), (3_000, 4_000, "1984"), (3_600_001, 3_600_002, "<i>a --&gt; b</i>\n3")];
        assert_eq!(cues(text), expected.map(|(start, end, text)| (start, end, text.to_owned())));
    }

    #[test]
    fn wrong_times_are_reported_with_their_line() {
        for text in ["00:00:01 --> 00:00:02", "00:00:61,000 --> 00:00:02,000", "00:00:01,0 --> 00:00:02,000"] {
            let error = read(&format!("1\n{text}\nA"), &mut Losses::default()).unwrap_err();
            assert!(error.to_string().contains("line 2: the start of a cue is not of the form"), "{text}: {error}");
        }
        let error = read("1\n00:00:03,000 --> 00:00:02,000\nA", &mut Losses::default()).unwrap_err();
        assert!(error.to_string().ends_with("line 2: a cue ends before it starts"));
    }
}
