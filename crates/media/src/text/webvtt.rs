//! The syntax of WebVTT text files (W3C WebVTT 1.1): signature, timestamps, and the timestamp map of HLS.

use crate::time::Timescale;

/// The first line of every file.
pub(crate) const SIGNATURE: &str = "WEBVTT";

/// The header line that maps the times of a file to media time (RFC 8216bis 3.1.4).
pub(super) const TIMESTAMP_MAP: &str = "X-TIMESTAMP-MAP";

/// Separates the start and end of a cue.
pub(crate) const ARROW: &str = "-->";

/// Units of MPEG-2 time in a second.
const MPEG2_HZ: u32 = 90_000;

/// MPEG-2 times have 33 bits.
const MPEG2_MASK: u128 = 0x1_ffff_ffff;

/// Returns the line that maps time zero of the file to media time; empty where media time is zero as well.
pub(super) fn timestamp_map(presentation_time_offset: u64, timescale: Timescale) -> String {
    let mpeg2 = Timescale::new(MPEG2_HZ).map_or(0, |hz| hz.rescale_wide(presentation_time_offset, timescale));
    match mpeg2 & MPEG2_MASK {
        0 => String::new(),
        time => format!("{TIMESTAMP_MAP}=LOCAL:00:00:00.000,MPEGTS:{time}\n"),
    }
}

/// Parses the value of a timestamp map and returns the shift of the cue times, in milliseconds: MPEG-2 time minus local time
/// (RFC 8216bis 3.1.4).
pub(super) fn parse_timestamp_map(value: &str) -> Option<i64> {
    let (mut local, mut mpeg2) = (None, None);
    for field in value.split(',') {
        match field.trim().split_once(':')? {
            ("LOCAL", time) => local = parse_timestamp(time),
            ("MPEGTS", time) => mpeg2 = time.parse::<u64>().ok().filter(|time| u128::from(*time) <= MPEG2_MASK),
            _ => return None,
        }
    }
    let mpeg2 = Timescale::new(1000)?.rescale(mpeg2?, Timescale::new(MPEG2_HZ)?)?;
    i64::try_from(mpeg2).ok()?.checked_sub_unsigned(local?)
}

/// Formats a timestamp: `hh:mm:ss.ttt`.
pub(crate) fn format_timestamp(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    format!("{:02}:{:02}:{:02}.{rest:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Parses a timestamp, `hh:mm:ss.ttt` or `mm:ss.ttt`, to milliseconds.
pub(super) fn parse_timestamp(text: &str) -> Option<u64> {
    let (whole, thousandths) = text.split_once('.')?;
    let digits = |text: &str, min: usize, max: usize| -> Option<u64> {
        let is_number = (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_number)
    };
    let thousandths = digits(thousandths, 3, 3)?;
    let mut parts = whole.rsplit(':');
    let seconds = digits(parts.next()?, 2, 2).filter(|seconds| *seconds < 60)?;
    let minutes = digits(parts.next()?, 2, 2).filter(|minutes| *minutes < 60)?;
    let hours = parts.next().map_or(Some(0), |hours| digits(hours, 2, 6))?;
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    let seconds = minutes.checked_mul(60)?.checked_add(seconds)?;
    let milliseconds = seconds.checked_mul(1000)?.checked_add(thousandths)?;
    parts.next().is_none().then_some(milliseconds)
}
