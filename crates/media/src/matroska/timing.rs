//! The times of frames.
//!
//! Matroska rounds timestamps to its timestamp scale, which is a millisecond in nearly every file, and states the time of
//! presentation only. MP4 has exact durations, in decode order. So times are reconstructed:
//!
//! - **Video of a constant rate** (`DefaultDuration` names it, and every timestamp is within a unit of the scale of a frame time):
//!   frame times are multiples of the exact frame duration. Other video keeps its timestamps.
//! - **Audio**: a packet follows the one before it without a gap if its timestamp agrees to within a quarter of a packet, and
//!   otherwise starts at its timestamp. The timescale is the sampling rate, so times are exact.
//! - **Decode times** are the presentation times in ascending order. Composition offsets lead from one to the other, and an edit
//!   list removes the delay that they add, as in files that encoders of MP4 write.

use super::frames::Frame;
use crate::cmaf::WELL_KNOWN_FRAME_RATES;
use crate::number::Checked;
use crate::time::reduce;
use crate::{Error, Result};

/// Nanoseconds per second.
pub(super) const SECOND: u32 = 1_000_000_000;

/// A frame lasts at least this many units, so that the start of a track is not too coarse.
const MIN_FRAME_UNITS: u32 = 1000;

/// The times of the frames of a track, in decode order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// Units per second.
    pub(super) timescale: u32,
    /// Decode time of the next frame minus that of this one.
    pub(super) durations: Vec<u32>,
    /// Composition time minus decode time; empty if all are zero.
    pub(super) offsets: Vec<u32>,
    /// Presentation time of the earliest frame; negative if it starts before the movie.
    pub(super) start: i64,
    /// Composition time of the earliest frame.
    pub(super) delay: u32,
}

impl Timing {
    /// Returns the sum of all durations.
    pub(super) fn total(&self) -> u64 {
        // Each is below 2^32, and there are fewer than 2^23.
        self.durations.iter().map(|duration| u64::from(*duration)).fold(0, u64::saturating_add)
    }
}

/// Returns the times of video frames. `scale` is the timestamp scale and `frame_duration` the duration of a frame, both in
/// nanoseconds; `last_duration` that of the last block, in units of the scale.
pub(super) fn of_video(
    frames: &[Frame],
    scale: u64,
    frame_duration: Option<u64>,
    last_duration: Option<u64>,
) -> Result<Timing> {
    let stamps = stamps(frames, frame_duration.map_or(1, |duration| duration.checked_div(scale).unwrap_or(1)))?;
    let constant = frame_duration.and_then(rate).and_then(|rate| constant_times(&stamps, scale, rate));
    let (timescale, times, last) = if let Some(Constant { timescale, times, duration }) = constant {
        (timescale, times, Some(duration))
    } else {
        let (timescale, unit) = units_of_scale(scale)?;
        let times: Option<Vec<i64>> = stamps.iter().map(|stamp| stamp.checked_mul(unit)).collect();
        let last = last_duration.and_then(|last| i64::try_from(last).ok()?.checked_mul(unit));
        let stated = || nanoseconds_to_units(frame_duration?, timescale);
        (timescale, times.or_out_of_range(TIME)?, last.or_else(stated))
    };
    in_decode_order(timescale, &times, last)
}

/// Returns the times of audio packets. `rate` is the sampling rate, and `packet` the number of samples of a packet that does not
/// state it, if they are known.
pub(super) fn of_audio(frames: &[Frame], scale: u64, rate: u32, packet: Option<u32>) -> Result<Timing> {
    let mut times: Vec<i64> = Vec::with_capacity(frames.len());
    let (mut next, mut last) = (None, 0);
    // Two units of the scale: both timestamps are rounded.
    let rounding = nanoseconds_to_units(scale.saturating_mul(2), rate).unwrap_or(i64::MAX);
    for (number, frame) in frames.iter().enumerate() {
        let stated = frame.timestamp().map(|stamp| scaled(stamp, scale, rate)).transpose()?;
        let by_timestamps = || {
            let following = frames.get(number.saturating_add(1))?.timestamp()?;
            let difference = following.checked_sub(frame.timestamp()?)?;
            scaled(difference, scale, rate).ok().filter(|duration| *duration > 0)
        };
        let length = match (frame.samples, packet) {
            (0, Some(packet)) => i64::from(packet),
            (0, None) => by_timestamps().unwrap_or(last),
            (samples, _) => i64::from(samples),
        };
        let time = match (next, stated) {
            (Some(next), Some(stated)) if is_near(next, stated, length, rounding) => next,
            // Time does not run backwards.
            (Some(next), Some(stated)) => stated.max(next),
            (next, stated) => next.or(stated).unwrap_or(0),
        };
        times.push(time);
        next = Some(time.checked_add(length).or_out_of_range(TIME)?);
        last = length;
    }
    in_decode_order(rate, &times, Some(last))
}

const TIME: &str = "The time of a frame";

/// Returns whether a packet of `length` samples follows the one before it without a gap: its timestamp is at most a quarter of a
/// packet, and `rounding`, from the end of that.
fn is_near(next: i64, stated: i64, length: i64, rounding: i64) -> bool {
    next.abs_diff(stated) <= rounding.unsigned_abs().max(length.unsigned_abs() / 4)
}

/// Returns the timestamp of every frame. `step` is the difference from one frame of a block to the next.
fn stamps(frames: &[Frame], step: u64) -> Result<Vec<i64>> {
    let step = i64::try_from(step).or_out_of_range(TIME)?;
    let mut previous = None;
    let stamp = |frame: &Frame| {
        let follows = || Some(previous.map_or(0, |previous: i64| previous.saturating_add(step)));
        let stamp = frame.timestamp().or_else(follows);
        previous = stamp;
        stamp.or_out_of_range(TIME)
    };
    frames.iter().map(stamp).collect()
}

/// Returns the exact frame rate that a frame duration in nanoseconds rounds.
fn rate(duration: u64) -> Option<(u32, u32)> {
    // Programs round the duration to a nanosecond, or to 100 of them.
    const ROUNDING: u64 = 100;
    let frame =
        |(rate, per): (u32, u32)| u64::from(SECOND).saturating_mul(per.into()).checked_div(rate.into()).unwrap_or(0);
    WELL_KNOWN_FRAME_RATES.into_iter().find(|rate| frame(*rate).abs_diff(duration) <= ROUNDING)
}

/// Times at a constant rate.
struct Constant {
    timescale: u32,
    times: Vec<i64>,
    duration: i64,
}

/// Returns the exact times if every timestamp is a rounded frame time. Frames may be missing.
fn constant_times(stamps: &[i64], scale: u64, (rate, per): (u32, u32)) -> Option<Constant> {
    let first = *stamps.iter().min()?;
    let factor = MIN_FRAME_UNITS.div_ceil(per);
    let (timescale, duration) = (rate.checked_mul(factor)?, per.checked_mul(factor)?);
    // The start is not rounded to a frame: another track may have set the beginning.
    let origin = i128::from(scaled(first, scale, timescale).ok()?);
    let (scale, duration) = (i128::from(scale), i128::from(duration));
    let frame = duration.checked_mul(SECOND.into())?.checked_div(timescale.into())?;
    let start = i128::from(first).checked_mul(scale)?;
    let mut times = Vec::with_capacity(stamps.len());
    for stamp in stamps {
        let elapsed = i128::from(*stamp).checked_mul(scale)?.checked_sub(start)?;
        let number = elapsed.checked_add(frame / 2)?.checked_div(frame)?;
        let exact = number.checked_mul(duration)?.checked_mul(SECOND.into())?.checked_div(timescale.into())?;
        if exact.checked_sub(elapsed)?.unsigned_abs() > scale.unsigned_abs() {
            return None;
        }
        times.push(i64::try_from(origin.checked_add(number.checked_mul(duration)?)?).ok()?);
    }
    let mut sorted = times.clone();
    sorted.sort_unstable();
    let is_distinct = sorted.windows(2).all(|pair| pair.first() != pair.last());
    is_distinct.then_some(Constant { timescale, times, duration: i64::try_from(duration).ok()? })
}

/// Returns a timescale in which the timestamp scale is a whole number of units, and that number.
fn units_of_scale(scale: u64) -> Result<(u32, i64)> {
    let scale = u32::try_from(scale).or_out_of_range("The timestamp scale")?;
    let (timescale, unit) = reduce(SECOND, scale);
    Ok((timescale, unit.into()))
}

/// Converts a timestamp to units of `rate`, rounded to the nearest.
fn scaled(stamp: i64, scale: u64, rate: u32) -> Result<i64> {
    let nanoseconds = i128::from(stamp).saturating_mul(scale.into());
    nanoseconds_to_units(nanoseconds, rate).or_out_of_range(TIME)
}

/// Converts nanoseconds to units of `timescale`, rounded to the nearest; `None` if there are too many.
pub(super) fn nanoseconds_to_units(nanoseconds: impl Into<i128>, timescale: u32) -> Option<i64> {
    let wide = nanoseconds.into().checked_mul(timescale.into())?.checked_add(i128::from(SECOND / 2))?;
    i64::try_from(wide.div_euclid(SECOND.into())).ok()
}

/// Derives decode times from the presentation times of frames in decode order. `last` is the duration of the frame that is
/// presented last.
fn in_decode_order(timescale: u32, times: &[i64], last: Option<i64>) -> Result<Timing> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let (Some(start), Some(end)) = (sorted.first().copied(), sorted.last().copied()) else {
        return Ok(Timing { timescale, durations: Vec::new(), offsets: Vec::new(), start: 0, delay: 0 });
    };
    let before_last = sorted.len().checked_sub(2).and_then(|position| sorted.get(position)).copied();
    let last = last.filter(|last| *last > 0).or_else(|| end.checked_sub(before_last?));
    let last = last.filter(|last| *last > 0).unwrap_or_else(|| i64::from(timescale / 25).max(1));
    let ends = sorted.iter().skip(1).copied().chain([end.saturating_add(last)]);
    let duration =
        |(start, end): (&i64, i64)| end.checked_sub(*start).and_then(|duration| u32::try_from(duration).ok());
    let durations: Option<Vec<u32>> = sorted.iter().zip(ends).map(duration).collect();
    let difference = |(decoded, presented): (&i64, &i64)| decoded.checked_sub(*presented);
    let delay = sorted.iter().zip(times).filter_map(difference).max().unwrap_or(0).max(0);
    let offset = |(decoded, presented): (&i64, &i64)| {
        let offset = presented.checked_sub(*decoded)?.checked_add(delay)?;
        u32::try_from(offset).ok().filter(|offset| *offset <= i32::MAX.unsigned_abs())
    };
    let offsets: Option<Vec<u32>> = sorted.iter().zip(times).map(offset).collect();
    let mut offsets =
        offsets.ok_or(Error::OutOfRange { what: "The distance of a frame from its place in the file" })?;
    if offsets.iter().all(|offset| *offset == 0) {
        offsets = Vec::new();
    }
    Ok(Timing {
        timescale,
        durations: durations.or_out_of_range("The duration of a frame")?,
        offsets,
        start,
        delay: u32::try_from(delay).or_out_of_range("The delay of the composition")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: u64 = 1_000_000;

    fn frames(stamps: impl IntoIterator<Item = i64>) -> Vec<Frame> {
        stamps.into_iter().map(|stamp| Frame::new(0, 1, Some(stamp), true)).collect()
    }

    /// Milliseconds of 29.97 frames a second, rounded down and to the nearest.
    #[test]
    fn a_constant_rate_is_restored_from_rounded_timestamps() {
        let exact = |number: i64| number * 1_001_000;
        for rounded in [|time: i64| time / 30_000, |time: i64| (time + 15_000) / 30_000] {
            let stamps = (0..10_000).map(|number| rounded(exact(number)));
            let timing = of_video(&frames(stamps), MILLISECOND, Some(33_366_667), None).unwrap();
            assert_eq!((timing.timescale, timing.durations.len()), (30_000, 10_000));
            assert!(timing.durations.iter().all(|duration| *duration == 1001));
        }
    }

    #[test]
    fn a_missing_frame_is_a_gap_and_a_variable_rate_is_kept() {
        let timing = of_video(&frames([0, 40, 120, 160]), MILLISECOND, Some(40 * MILLISECOND), None).unwrap();
        assert_eq!((timing.timescale, timing.durations), (25_000, vec![1000, 2000, 1000, 1000]));
        let timing = of_video(&frames([5, 38, 90, 100]), MILLISECOND, Some(40 * MILLISECOND), Some(17)).unwrap();
        assert_eq!((timing.timescale, timing.start, timing.durations), (1000, 5, vec![33, 52, 10, 17]));
    }

    /// I P B B P, as an encoder with two B-frames stores them.
    #[test]
    fn decode_times_ascend_and_composition_times_are_the_timestamps() {
        let timing = of_video(&frames([0, 120, 40, 80, 160]), MILLISECOND, None, None).unwrap();
        assert_eq!(timing.durations, [40; 5]);
        assert_eq!((timing.offsets, timing.delay), (vec![40, 120, 0, 0, 40], 40));
    }

    #[test]
    fn packets_of_audio_are_contiguous_until_there_is_a_gap() {
        // 1024 samples at 44.1 kHz are 23.2 ms.
        let contiguous = (0..1000_i64).map(|number| number * 1024 * 1000 / 44_100);
        let timing = of_audio(&frames(contiguous.clone()), MILLISECOND, 44_100, Some(1024)).unwrap();
        assert!(timing.durations.iter().all(|duration| *duration == 1024));
        let with_gap = contiguous.enumerate().map(|(number, stamp)| if number < 500 { stamp } else { stamp + 1000 });
        let timing = of_audio(&frames(with_gap), MILLISECOND, 44_100, Some(1024)).unwrap();
        let long: Vec<_> = timing.durations.iter().enumerate().filter(|(_, duration)| **duration != 1024).collect();
        assert_eq!(long.len(), 1);
        assert_eq!(long.first().map(|(number, _)| *number), Some(499));
        assert!(long.iter().all(|(_, duration)| duration.abs_diff(1024 + 44_100) <= 88), "{long:?}");
    }

    #[test]
    fn packets_of_a_block_follow_one_another() {
        let laced = [Some(0), None, None, Some(63)].map(|stamp| Frame::new(0, 1, stamp, true));
        let timing = of_audio(&laced, MILLISECOND, 48_000, Some(1024)).unwrap();
        assert_eq!(timing.durations, [1024; 4]);
    }
}
