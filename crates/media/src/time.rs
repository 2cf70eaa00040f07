//! Media time: whole units on a timescale, compared exactly.
//!
//! Tracks tick at different rates (video at 15,360 Hz, audio at 48,000 Hz), so times of two tracks are never added; they are
//! compared by cross-multiplication, which is exact for every 64-bit time and 32-bit timescale.

use std::cmp::Ordering;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Units per second of a track or movie; never zero (ISO/IEC 14496-12 8.4.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timescale(NonZeroU32);

impl Timescale {
    /// A timescale of `hz` units per second, or `None` for zero.
    #[must_use]
    pub fn new(hz: u32) -> Option<Self> {
        NonZeroU32::new(hz).map(Self)
    }

    /// Units per second.
    #[must_use]
    pub fn hz(self) -> u32 {
        self.0.get()
    }

    /// The moment `units` after zero on this timescale.
    #[must_use]
    pub fn at(self, units: i64) -> MediaTime {
        MediaTime { units, timescale: self }
    }

    /// `units` of `other` expressed on this timescale, rounded to the nearest unit; `None` when it does not fit.
    #[must_use]
    pub fn rescale(self, units: u64, other: Self) -> Option<u64> {
        let scaled = u128::from(units).checked_mul(u128::from(self.hz()))?;
        let half = u128::from(other.hz() / 2);
        let rounded = scaled.checked_add(half)?.checked_div(u128::from(other.hz()))?;
        u64::try_from(rounded).ok()
    }

    /// A duration expressed on this timescale, rounded down, saturating.
    #[must_use]
    pub fn units_of(self, duration: Duration) -> u64 {
        let nanos = duration.as_nanos().saturating_mul(u128::from(self.hz()));
        u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

/// A fraction in lowest terms.
#[must_use]
pub fn reduce(numerator: u32, denominator: u32) -> (u32, u32) {
    let divisor = greatest_common_divisor(numerator, denominator);
    let part = |whole: u32| whole.checked_div(divisor).unwrap_or(whole);
    (part(numerator), part(denominator))
}

/// The greatest number that divides both; the other where one is zero.
pub(crate) fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while let Some(remainder) = a.checked_rem(b) {
        (a, b) = (b, remainder);
    }
    a
}

/// A moment on the presentation timeline of one track, before or after zero.
#[derive(Debug, Clone, Copy)]
pub struct MediaTime {
    units: i64,
    timescale: Timescale,
}

impl MediaTime {
    /// Seconds, for people; comparisons use the exact value.
    #[must_use]
    pub fn as_nanos(self) -> i128 {
        i128::from(self.units).saturating_mul(1_000_000_000).checked_div(i128::from(self.timescale.hz())).unwrap_or(0)
    }
}

impl MediaTime {
    /// Whether both moments are the same to within one unit of the coarser of their timescales.
    #[must_use]
    pub fn is_within_a_unit_of(self, other: Self) -> bool {
        let coarser_unit = self.timescale.hz().max(other.timescale.hz());
        self.apart(other) <= u128::from(coarser_unit)
    }

    /// Whether both moments are less than half of `length` apart.
    #[must_use]
    pub fn is_within_half_of(self, other: Self, length: Self) -> bool {
        let hz = |time: Self| u128::from(time.timescale.hz());
        let apart = self.apart(other).saturating_mul(2).saturating_mul(hz(length));
        let length = u128::from(length.units.unsigned_abs()).saturating_mul(hz(self)).saturating_mul(hz(other));
        apart < length
    }

    /// How far apart both are, in parts of a second of which the product of their timescales make one.
    fn apart(self, other: Self) -> u128 {
        // |i64| * u32 fits an i128 with 32 bits to spare.
        let left = i128::from(self.units).saturating_mul(i128::from(other.timescale.hz()));
        let right = i128::from(other.units).saturating_mul(i128::from(self.timescale.hz()));
        left.abs_diff(right)
    }
}

impl Ord for MediaTime {
    fn cmp(&self, other: &Self) -> Ordering {
        // |i64| * u32 fits an i128 with 32 bits to spare.
        let left = i128::from(self.units).saturating_mul(i128::from(other.timescale.hz()));
        let right = i128::from(other.units).saturating_mul(i128::from(self.timescale.hz()));
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
    fn moments_are_the_same_to_within_rounding_and_never_half_a_frame() {
        // 2.002 s, in thousandths rounded down to 2.001.
        let (exact, rounded) = (hz(24_000).at(48_048), hz(1000).at(2001));
        assert!(exact != rounded && exact.is_within_a_unit_of(rounded) && rounded.is_within_a_unit_of(exact));
        assert!(!exact.is_within_a_unit_of(hz(1000).at(2000)));
        // Where a unit is a frame, the next frame is within a unit, but not the same.
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
