//! Media time: whole units on a timescale, compared exactly.
//!
//! Tracks have different timescales (video 15,360 Hz, audio 48,000 Hz), so times of two tracks are never added. They are
//! compared by cross-multiplication, which is exact for every 64-bit time and 32-bit timescale.

use std::cmp::Ordering;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Units per second of a track or movie; never zero (ISO/IEC 14496-12 8.4.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timescale(NonZeroU32);

impl Timescale {
    /// Returns a timescale of `hz` units per second; `None` for zero.
    #[must_use]
    pub fn new(hz: u32) -> Option<Self> {
        NonZeroU32::new(hz).map(Self)
    }

    /// Returns the units per second.
    #[must_use]
    pub fn hz(self) -> u32 {
        self.0.get()
    }

    /// Returns the time `units` after zero on this timescale.
    #[must_use]
    pub fn at(self, units: i64) -> MediaTime {
        MediaTime { units, timescale: self }
    }

    /// Converts `units` of `other` to this timescale, rounded to the nearest unit; `None` when the result does not fit.
    #[must_use]
    pub fn rescale(self, units: u64, other: Self) -> Option<u64> {
        u64::try_from(self.rescale_wide(units, other)).ok()
    }

    /// Converts like [`rescale`](Self::rescale), to a type that every result fits.
    #[expect(clippy::arithmetic_side_effects, reason = "64 bits times 32 bits fit 128, and no timescale is zero")]
    pub(crate) fn rescale_wide(self, units: u64, other: Self) -> u128 {
        let half = u128::from(other.hz() / 2);
        (u128::from(units) * u128::from(self.hz()) + half) / u128::from(other.hz())
    }

    /// Converts a requested duration to this timescale, rounded down. It saturates: 64 bits are longer than any media.
    #[must_use]
    #[expect(clippy::arithmetic_side_effects, reason = "94 bits of nanoseconds times 32 bits fit 128")]
    pub fn units_of(self, duration: Duration) -> u64 {
        let units = duration.as_nanos() * u128::from(self.hz()) / 1_000_000_000;
        u64::try_from(units).unwrap_or(u64::MAX)
    }
}

/// Reduces a fraction to lowest terms.
#[must_use]
pub fn reduce(numerator: u32, denominator: u32) -> (u32, u32) {
    let divisor = greatest_common_divisor(numerator, denominator);
    let part = |whole: u32| whole.checked_div(divisor).unwrap_or(whole);
    (part(numerator), part(denominator))
}

/// Returns the greatest common divisor; if one number is zero, returns the other.
pub(crate) fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while let Some(remainder) = a.checked_rem(b) {
        (a, b) = (b, remainder);
    }
    a
}

/// A time on the timeline of one track, positive or negative.
#[derive(Debug, Clone, Copy)]
pub struct MediaTime {
    units: i64,
    timescale: Timescale,
}

impl MediaTime {
    /// Returns the time in nanoseconds, for messages. Comparisons use the exact value.
    #[must_use]
    #[expect(clippy::arithmetic_side_effects, reason = "64 bits times 30 bits fit 128, and no timescale is zero")]
    pub fn as_nanos(self) -> i128 {
        i128::from(self.units) * 1_000_000_000 / i128::from(self.timescale.hz())
    }

    /// Returns whether both times are equal within one unit of the coarser of their timescales.
    #[must_use]
    pub fn is_within_a_unit_of(self, other: Self) -> bool {
        let coarser_unit = self.timescale.hz().max(other.timescale.hz());
        self.distance(other) <= u128::from(coarser_unit)
    }

    /// Returns whether both times are less than half of `length` apart.
    #[must_use]
    pub fn is_within_half_of(self, other: Self, length: Self) -> bool {
        let hz = |time: Self| u128::from(time.timescale.hz());
        // The length has at most 128 bits in this unit; a distance that does not fit is longer than any length.
        let twice = self.distance(other).saturating_mul(2).saturating_mul(hz(length));
        let length = u128::from(length.units.unsigned_abs()).saturating_mul(hz(self)).saturating_mul(hz(other));
        twice < length
    }

    /// Returns the distance of both times, in units of one second divided by the product of their timescales.
    fn distance(self, other: Self) -> u128 {
        let (left, right) = self.on_common_timescale(other);
        left.abs_diff(right)
    }

    /// Returns both times in units of one second divided by the product of their timescales.
    #[expect(clippy::arithmetic_side_effects, reason = "64 bits times 32 bits fit 128")]
    fn on_common_timescale(self, other: Self) -> (i128, i128) {
        let left = i128::from(self.units) * i128::from(other.timescale.hz());
        let right = i128::from(other.units) * i128::from(self.timescale.hz());
        (left, right)
    }
}

impl Ord for MediaTime {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = self.on_common_timescale(*other);
        left.cmp(&right)
    }
}

impl PartialOrd for MediaTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for MediaTime {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MediaTime {}

#[cfg(test)]
mod tests {
    use super::*;

    fn hz(hz: u32) -> Timescale {
        Timescale::new(hz).unwrap()
    }

    #[test]
    fn times_of_different_tracks_compare_exactly() {
        assert_eq!(hz(15_360).at(15_360 * 6), hz(48_000).at(48_000 * 6));
        assert!(hz(30_000).at(1001) > hz(90_000).at(3002));
        assert!(hz(1).at(i64::MIN) < hz(u32::MAX).at(i64::MAX));
    }

    #[test]
    fn times_are_equal_within_rounding_but_not_half_a_frame_apart() {
        // 2.002 s, in thousandths rounded down to 2.001.
        let (exact, rounded) = (hz(24_000).at(48_048), hz(1000).at(2001));
        assert!(exact != rounded && exact.is_within_a_unit_of(rounded) && rounded.is_within_a_unit_of(exact));
        assert!(!exact.is_within_a_unit_of(hz(1000).at(2000)));
        // If a unit is a frame, the next frame is within a unit, but is a different frame.
        let (one, next) = (hz(25).at(50), hz(25).at(51));
        assert!(one.is_within_a_unit_of(next) && !one.is_within_half_of(next, hz(25).at(1)));
        assert!(one.is_within_half_of(hz(90_000).at(180_000), hz(25).at(1)));
    }

    #[test]
    fn fractions_reduce_to_lowest_terms() {
        assert_eq!(reduce(90_000, 3003), (30_000, 1001));
        assert_eq!(reduce(0, 0), (0, 0));
        assert_eq!(reduce(5, 0), (1, 0));
    }

    #[test]
    fn rescaling_rounds_to_the_nearest_unit() {
        assert_eq!(hz(48_000).rescale(1, hz(1000)), Some(48));
        assert_eq!(hz(1000).rescale(1024, hz(48_000)), Some(21));
        assert_eq!(hz(u32::MAX).rescale(u64::MAX, hz(1)), None);
    }
}
