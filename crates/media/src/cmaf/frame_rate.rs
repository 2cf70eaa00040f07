//! The frame rate of a track, from the durations of its frames.
//!
//! A duration is a whole number of units of the track's timescale, and many rates are not: at 600 units per second, frames of
//! 29.97 Hz last 20 units, and some 21. So a track has a frame rate if each frame starts within one unit of a grid of equal
//! distances. The rate of the grid is stated, not that of a frame:
//!
//! - If all durations are equal, it follows from them.
//! - Otherwise several rates fit the grid. The one in [`WELL_KNOWN`] that is nearest to the average is stated, else the one that
//!   is the simplest fraction.
//!
//! The last frame does not count: its duration is often that of the audio, or not known. A frame has to last more than two units,
//! because otherwise frames that are missing look like a grid. All other video has a variable frame rate.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::{Timescale, reduce};

/// Frames per second, as a fraction in lowest terms, in the order of the rates. `Display` writes `@frameRate` of an MPD: `25` or `30000/1001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRate {
    frames: u32,
    seconds: u32,
}

/// The rates of cinema, television and displays, in frames and seconds.
pub(crate) const WELL_KNOWN: [(u32, u32); 21] = [
    (24_000, 1001),
    (24, 1),
    (25, 1),
    (30_000, 1001),
    (30, 1),
    (48_000, 1001),
    (48, 1),
    (50, 1),
    (60_000, 1001),
    (60, 1),
    (100, 1),
    (120_000, 1001),
    (120, 1),
    (240_000, 1001),
    (240, 1),
    (15_000, 1001),
    (15, 1),
    (25, 2),
    (12, 1),
    (10, 1),
    (20, 1),
];

impl FrameRate {
    /// Returns the rate of this many frames in this many seconds; `None` if one of them is zero.
    #[must_use]
    pub fn new(frames: u32, seconds: u32) -> Option<Self> {
        let (frames, seconds) = reduce(frames, seconds);
        (frames > 0 && seconds > 0).then_some(Self { frames, seconds })
    }

    /// Returns the frames per second.
    #[must_use]
    pub fn hz(self) -> f64 {
        f64::from(self.frames) / f64::from(self.seconds)
    }

    /// Returns the number of whole frames in a duration, in units of a timescale.
    #[must_use]
    pub fn frames_in(self, duration: u64, timescale: Timescale) -> u64 {
        // The product of a 64-bit and a 32-bit number fits 128 bits.
        let frames = u128::from(duration).saturating_mul(self.frames.into());
        let units = u128::from(self.seconds).saturating_mul(timescale.hz().into());
        frames.checked_div(units).map_or(0, |frames| u64::try_from(frames).unwrap_or(u64::MAX))
    }
}

impl Ord for FrameRate {
    fn cmp(&self, other: &Self) -> Ordering {
        let product = |a: u32, b: u32| u64::from(a).saturating_mul(b.into());
        product(self.frames, other.seconds).cmp(&product(other.frames, self.seconds))
    }
}

impl PartialOrd for FrameRate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            1 => write!(f, "{}", self.frames),
            seconds => write!(f, "{}/{seconds}", self.frames),
        }
    }
}

/// A fraction that is not negative. Its denominator is not zero.
#[derive(Debug, Clone, Copy)]
struct Fraction {
    numerator: u64,
    denominator: u64,
}

impl Fraction {
    /// Compares by cross-multiplication: 64 bits times 64 bits fit 128.
    fn compare(self, other: Self) -> Ordering {
        let product = |a: u64, b: u64| u128::from(a).saturating_mul(u128::from(b));
        product(self.numerator, other.denominator).cmp(&product(other.numerator, self.denominator))
    }
}

/// The grids on which all frames so far start.
#[derive(Debug, Clone, Copy)]
enum Grids {
    /// All frames have the same duration.
    Equal,
    /// The distance of the grid is within these limits.
    Between(Fraction, Fraction),
    /// There is none.
    None,
}

/// Estimates the frame rate of a track.
#[derive(Debug, Clone)]
pub(super) struct FrameRateEstimate {
    first: Option<u32>,
    /// The duration of the last frame so far. It counts when another frame follows.
    last: u32,
    /// Number of frames that count.
    frames: u64,
    /// Sum of their durations.
    total: u64,
    grids: Grids,
}

impl Default for FrameRateEstimate {
    fn default() -> Self {
        Self { first: None, last: 0, frames: 0, total: 0, grids: Grids::Equal }
    }
}

impl FrameRateEstimate {
    /// Adds the next frame in decode order. Parsing refuses times of 2^62 or later, so no sum overflows.
    #[inline]
    pub(super) fn add(&mut self, duration: u32) {
        let counted = std::mem::replace(&mut self.last, duration);
        let Some(first) = self.first else {
            self.first = Some(duration);
            return;
        };
        if counted != first && matches!(self.grids, Grids::Equal) {
            self.narrow();
        }
        self.frames = self.frames.saturating_add(1);
        self.total = self.total.saturating_add(u64::from(counted));
        if !matches!(self.grids, Grids::Equal) {
            self.narrow();
        }
    }

    /// Restricts the grids to those on which the next frame starts, if its time is `total`, within one unit.
    fn narrow(&mut self) {
        let limit = |numerator: u64| Fraction { numerator, denominator: self.frames };
        let (shortest, longest) = (limit(self.total.saturating_sub(1)), limit(self.total.saturating_add(1)));
        self.grids = match self.grids {
            Grids::Equal => Grids::Between(shortest, longest),
            Grids::Between(low, high) => {
                let low = if low.compare(shortest).is_lt() { shortest } else { low };
                let high = if high.compare(longest).is_gt() { longest } else { high };
                if low.compare(high).is_le() { Grids::Between(low, high) } else { Grids::None }
            }
            Grids::None => Grids::None,
        };
    }

    /// Returns the frame rate, if there is one.
    pub(super) fn rate(&self, timescale: Timescale) -> Option<FrameRate> {
        let hz = timescale.hz();
        match self.grids {
            Grids::Equal => FrameRate::new(hz, self.first?),
            Grids::Between(shortest, longest) => {
                const TWO_UNITS: Fraction = Fraction { numerator: 2, denominator: 1 };
                if shortest.compare(TWO_UNITS).is_le() {
                    return None;
                }
                self.well_known(hz, shortest, longest).or_else(|| simplest(hz, shortest, longest))
            }
            Grids::None => None,
        }
    }

    /// Returns the well-known rate on the grids that is nearest to the average.
    fn well_known(&self, hz: u32, shortest: Fraction, longest: Fraction) -> Option<FrameRate> {
        let product = |a: u64, b: u32| u128::from(a).saturating_mul(u128::from(b));
        // Frames last hz × seconds ÷ frames units.
        let units = |seconds: u32| u64::from(hz).saturating_mul(u64::from(seconds));
        let fits = |(frames, seconds): &(u32, u32)| {
            let distance = Fraction { numerator: units(*seconds), denominator: u64::from(*frames) };
            shortest.compare(distance).is_le() && distance.compare(longest).is_le()
        };
        // The difference to the average duration, total ÷ frames that count, times the latter and the frames of the rate.
        let difference = |(frames, seconds): (u32, u32)| {
            let scaled = u128::from(units(seconds)).saturating_mul(u128::from(self.frames));
            (product(self.total, frames).abs_diff(scaled), frames)
        };
        let nearest = WELL_KNOWN.into_iter().filter(fits).min_by(|a, b| {
            let ((a, a_frames), (b, b_frames)) = (difference(*a), difference(*b));
            a.saturating_mul(u128::from(b_frames)).cmp(&b.saturating_mul(u128::from(a_frames)))
        });
        nearest.and_then(|(frames, seconds)| FrameRate::new(frames, seconds))
    }
}

/// Returns the rate on the grids whose fraction is the simplest; `None` if its numbers do not fit.
fn simplest(hz: u32, shortest: Fraction, longest: Fraction) -> Option<FrameRate> {
    let rate = |distance: Fraction| {
        let frames = u128::from(hz).checked_mul(u128::from(distance.denominator))?;
        Some((frames, u128::from(distance.numerator)))
    };
    let (frames, seconds) = simplest_between(rate(longest)?, rate(shortest)?)?;
    FrameRate::new(u32::try_from(frames).ok()?, u32::try_from(seconds).ok()?)
}

/// Returns the fraction with the smallest denominator between two others, by their continued fractions. Each step is one of
/// Euclid's algorithm, so there are at most 185.
fn simplest_between(low: (u128, u128), high: (u128, u128)) -> Option<(u128, u128)> {
    let whole = low.0.checked_div(low.1)?;
    let low_rest = low.0.checked_rem(low.1)?;
    if low_rest == 0 {
        return Some((whole, 1));
    }
    if whole < high.0.checked_div(high.1)? {
        return Some((whole.checked_add(1)?, 1));
    }
    let high_rest = high.0.checked_rem(high.1)?;
    let (denominator, numerator) = simplest_between((high.1, high_rest), (low.1, low_rest))?;
    Some((whole.checked_mul(denominator)?.checked_add(numerator)?, denominator))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the rate of frames that start at these times, and last as long as the distance to the next.
    fn rate(hz: u32, starts: impl IntoIterator<Item = u64>) -> Option<String> {
        let starts: Vec<u64> = starts.into_iter().collect();
        let mut estimate = FrameRateEstimate::default();
        starts.windows(2).for_each(|pair| estimate.add(u32::try_from(pair[1] - pair[0]).unwrap()));
        estimate.add(1);
        estimate.rate(Timescale::new(hz).unwrap()).map(|rate| rate.to_string())
    }

    /// Divides, and rounds to a whole number.
    type Rounding = fn(u64, u64) -> u64;
    const DOWN: Rounding = |dividend, divisor| dividend / divisor;
    const UP: Rounding = |dividend, divisor| dividend.div_ceil(divisor);
    const NEAREST: Rounding = |dividend, divisor| (2 * dividend + divisor) / (2 * divisor);

    /// Returns the starts of frames of a rate.
    fn grid(hz: u32, (frames, seconds): (u32, u32), count: u64, rounding: Rounding) -> Vec<u64> {
        let start = |number| rounding(u64::from(hz) * u64::from(seconds) * number, u64::from(frames));
        (0..count).map(start).collect()
    }

    #[test]
    fn equal_durations_are_stated_in_lowest_terms() {
        let equal = |hz, duration: u64| rate(hz, (0..50).map(|number| number * duration));
        assert_eq!(equal(15_360, 512).as_deref(), Some("30"));
        assert_eq!(equal(90_000, 3003).as_deref(), Some("30000/1001"));
        assert_eq!(equal(1000, 33).as_deref(), Some("1000/33"));
        assert_eq!(equal(1000, 0), None);
        assert_eq!(rate(1000, [0, 40]).as_deref(), Some("25"), "the last frame does not count");
        let mut one = FrameRateEstimate::default();
        one.add(40);
        assert_eq!(one.rate(Timescale::new(1000).unwrap()), FrameRate::new(25, 1), "unless it is the only one");
    }

    #[test]
    fn durations_that_jitter_by_a_unit_average_to_a_rate() {
        for well_known in WELL_KNOWN {
            for (hz, rounding) in [(600, NEAREST), (600, DOWN), (1000, NEAREST), (90_000, UP)] {
                if f64::from(well_known.0) / f64::from(well_known.1) < f64::from(hz) / 2.1 {
                    let expected = FrameRate::new(well_known.0, well_known.1).map(|rate| rate.to_string());
                    assert_eq!(rate(hz, grid(hz, well_known, 5000, rounding)), expected, "{hz}");
                }
            }
        }
        assert_eq!(rate(1000, grid(1000, (35, 2), 500, NEAREST)).as_deref(), Some("35/2"));
        assert_eq!(rate(1000, grid(1000, (50, 3), 300, NEAREST)).as_deref(), Some("50/3"));
    }

    #[test]
    fn frames_off_every_grid_have_no_rate() {
        let mut starts = grid(1000, (25, 1), 100, NEAREST);
        starts.iter_mut().skip(50).for_each(|start| *start += 3);
        assert_eq!(rate(1000, starts), None, "one frame is three units late");
        assert_eq!(rate(1000, (0..100).map(|number| number * 40 + number * number / 50)), None, "frames slow down");
        assert_eq!(rate(30, [0, 1, 2, 4, 5, 6, 7, 9, 10]), None, "a frame is missing now and then");
    }
}
