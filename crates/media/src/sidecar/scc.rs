//! SCC files (Scenarist closed captions): lines of a time code and the byte pairs of CEA-608 that are sent from then on, one pair
//! in each frame, as four hexadecimal digits. Files without a standard: the format is that of Scenarist, as all encoders write it.
//!
//! Frames are those of NTSC video, 30,000 in 1,001 seconds. A time code with a semicolon drops frame numbers (SMPTE ST 12-1 5.2.2):
//! it shows the time of the clock. One with a colon counts every frame, so it falls behind the clock by 3.6 s in an hour.

use super::cea608::Decoder;
use super::cues::SidecarCue;
use super::format::SCC_SIGNATURE;
use super::loss::Losses;
use crate::number::u64_of;
use crate::{Error, Result};

/// Reads a file.
///
/// # Errors
/// [`Error::MalformedSubtitles`] with the line that has a wrong time code or pair.
pub(super) fn read(text: &str, losses: &mut Losses) -> Result<Vec<SidecarCue>> {
    let mut decoder = Decoder::new(losses);
    let mut frame = 0;
    for (number, line) in text.lines().map(str::trim).enumerate() {
        let malformed = |reason| Error::MalformedSubtitles { line: u64_of(number).saturating_add(1), reason };
        if line.is_empty() || line.starts_with(SCC_SIGNATURE) {
            continue;
        }
        let mut words = line.split_whitespace();
        let start = words.next().and_then(frame_number);
        let start = start.ok_or(malformed("the time code is not of the form 00:00:00:00 or 00:00:00;00"))?;
        // Encoders write lines whose codes take longer than the time to the next line: those of the next are sent late.
        frame = start.max(frame);
        for word in words {
            let pair = pair(word).ok_or(malformed("a pair of bytes is not of four hexadecimal digits"))?;
            decoder.decode(pair, milliseconds(frame));
            frame = frame.saturating_add(1);
        }
    }
    Ok(decoder.finish(milliseconds(frame)))
}

/// Parses a time code and returns the number of its frame.
fn frame_number(text: &str) -> Option<u64> {
    let (clock, frames) = text.split_at_checked(text.len().checked_sub(3)?)?;
    let is_drop_frame = match frames.as_bytes().first()? {
        b':' => false,
        b';' | b'.' | b',' => true,
        _ => return None,
    };
    let digits = |text: &str, limit: u64| -> Option<u64> {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_number && *number < limit)
    };
    let mut parts = clock.split([':', ';']);
    let [hours, minutes, seconds] =
        [digits(parts.next()?, 100)?, digits(parts.next()?, 60)?, digits(parts.next()?, 60)?];
    let frames = digits(frames.get(1..)?, 30).filter(|_| parts.next().is_none())?;
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    let counted = minutes.checked_mul(60)?.checked_add(seconds)?.checked_mul(30)?.checked_add(frames)?;
    // Two numbers are dropped at the start of every minute but each tenth.
    let dropped = minutes.checked_sub(minutes / 10)?.checked_mul(2)?;
    if is_drop_frame { counted.checked_sub(dropped) } else { Some(counted) }
}

/// Returns the time of a frame, rounded to the nearest millisecond.
fn milliseconds(frame: u64) -> u64 {
    frame.saturating_mul(1001).saturating_add(15) / 30
}

/// Parses a pair, and removes the parity bits.
fn pair(word: &str) -> Option<[u8; 2]> {
    let is_pair = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = u16::from_str_radix(word, 16).ok().filter(|_| is_pair)?;
    Some((bits & 0x7f7f).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues(lines: &str) -> Vec<(u64, u64, String, String)> {
        let cues = read(&format!("{SCC_SIGNATURE}\n\n{lines}"), &mut Losses::default()).unwrap();
        cues.into_iter().map(|cue| (cue.start, cue.end, cue.text, cue.settings)).collect()
    }

    /// SMPTE ST 12-1: 10 minutes of drop-frame time code have 17,982 frames.
    #[test]
    fn drop_frame_time_codes_show_the_time_of_the_clock() {
        assert_eq!(frame_number("00:01:00;02"), Some(1800));
        assert_eq!(frame_number("00:10:00;00"), Some(17_982));
        assert_eq!(milliseconds(frame_number("01:00:00;00").unwrap()), 3_599_996);
        assert_eq!(milliseconds(frame_number("01:00:00:00").unwrap()), 3_603_600);
        for text in ["00:00:00", "00:00:00:30", "00:00:60:00", "0:00:00:00", "00:00:00-00", "00:00:00:00:00"] {
            assert_eq!(frame_number(text), None, "{text}");
        }
    }

    #[test]
    fn pop_on_captions_are_shown_when_their_memory_is_displayed() {
        // ENM, RCL, PAC of row 15 with italics, "Hi ", special ♪, EOC; then EDM. Control codes are sent twice.
        let codes = "94ae 94ae 9420 9420 94ce 94ce c8e9 2080 9137 9137 942f 942f";
        let found = cues(&format!("00:00:01;00\t{codes}\n\n00:00:03;00\t942c 942c"));
        assert_eq!(found, [(1335, 3003, "<i>Hi ♪</i>".into(), String::new())]);
    }

    #[test]
    fn roll_up_captions_move_up_at_each_carriage_return() {
        // RU2, CR, PAC of row 15, "One"; CR, "Two"; CR, "Six".
        let found = cues(
            "00:00:01:00\t9425 9425 94ad 94ad 9470 9470 4fee e580\n00:00:02:00\t9425 94ad 9470 54f7 ef80\n\
             00:00:03:00\t9425 94ad 9470 5349 d880\n00:00:05:00\t942c",
        );
        let texts: Vec<_> = found.iter().map(|(_, _, text, _)| text.as_str()).collect();
        assert_eq!(texts, ["One", "One\nTwo", "Two\nSIX"]);
        assert!(found.windows(2).all(|pair| pair[0].1 == pair[1].0), "{found:?}");
    }

    #[test]
    fn paint_on_captions_and_extended_characters_are_written_to_the_display() {
        // RDC, PAC of row 1, "A", extended Ä which replaces it, backspace after "B".
        let found = cues("00:00:01:00\t9429 9429 91d0 91d0 c180 13b0 13b0 c280 94a1 94a1 43c4\n00:00:02:00\t942c 942c");
        assert_eq!(found, [(1134, 2002, "ÄCD".into(), "line:10%".into())]);
    }

    #[test]
    fn wrong_codes_are_reported_with_their_line() {
        for (line, reason) in
            [("0:0:0:0\t9420", "time code"), ("00:00:00:00\t942", "pair"), ("00:00:00:00\t94zz", "pair")]
        {
            let error = read(&format!("{SCC_SIGNATURE}\n\n{line}"), &mut Losses::default()).unwrap_err().to_string();
            assert!(error.contains("line 3") && error.contains(reason), "{error}");
        }
    }
}
