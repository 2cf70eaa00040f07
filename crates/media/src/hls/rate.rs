//! The bit rates of a variant (RFC 8216bis 4.4.6.2), exactly: peak and average.

use std::collections::VecDeque;

use crate::Result;
use crate::cmaf::{Representation, SegmentTime, SizedRepresentation};
use crate::number::Checked;
use crate::time::Timescale;

const WHAT: &str = "The bit rate of a variant";

/// The bit rates of a track, in bits per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rate {
    /// The highest rate of consecutive segments that last between 0.5 and 1.5 target durations together.
    pub(super) peak: u64,
    /// The rate of the whole track.
    pub(super) average: u64,
}

impl Rate {
    /// Returns the rates of a track, given the target duration in seconds.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) if one does not fit 64 bits.
    pub(super) fn of_track(track: &SizedRepresentation<'_>, target: u64) -> Result<Self> {
        let sizes = track.sizes.iter().map(|size| size.bytes);
        Self::of(track.representation, &track.representation.segments, sizes, target)
    }

    /// Returns the rates of a track whose playlist lists these `segments` with these `sizes` in bytes, given the target duration
    /// in seconds.
    ///
    /// A segment that is longer than 1.5 target durations counts by itself, and a track that is shorter than half of one as a
    /// whole.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) if one does not fit 64 bits.
    pub(super) fn of(
        representation: &Representation,
        segments: &[SegmentTime],
        sizes: impl Iterator<Item = u64> + Clone,
        target: u64,
    ) -> Result<Self> {
        let mut end = End { units: 0, bits: 0 };
        let mut ends = Vec::with_capacity(segments.len().saturating_add(1));
        ends.push(end);
        for (segment, bytes) in segments.iter().zip(sizes.clone()) {
            let units = end.units.checked_add(segment.duration.into());
            let bits = u128::from(bytes).checked_mul(8).and_then(|bits| end.bits.checked_add(bits));
            end = End { units: units.or_out_of_range(WHAT)?, bits: bits.or_out_of_range(WHAT)? };
            ends.push(end);
        }
        let hz = u128::from(representation.timescale.hz());
        let whole = rate(end.bits, end.units, hz)?;
        // A 64-bit number times a 32-bit timescale.
        let target = u128::from(target).saturating_mul(hz);
        if end.units.saturating_mul(2) < target {
            return Ok(Self { peak: whole, average: whole });
        }
        let mut longest = 0;
        for (segment, bytes) in segments.iter().zip(sizes) {
            let units = u128::from(segment.duration);
            if units.saturating_mul(2) > target.saturating_mul(3) {
                longest = longest.max(rate(u128::from(bytes).saturating_mul(8), units, hz)?);
            }
        }
        Ok(Self { peak: peak(&ends, target, hz)?.max(longest), average: whole })
    }

    /// Returns the rates of a file of `bytes` that is played for `units` of `timescale`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) if it does not fit 64 bits.
    pub(super) fn constant(bytes: u64, units: u64, timescale: Timescale) -> Result<Self> {
        // 64 bits of bytes, times 8.
        let average = rate(u128::from(bytes).saturating_mul(8), units.into(), timescale.hz().into())?;
        Ok(Self { peak: average, average })
    }

    /// Returns the rates of two tracks that are played together.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) if one does not fit 64 bits.
    pub(super) fn with(self, other: Self) -> Result<Self> {
        let sum = |a: u64, b: u64| a.checked_add(b).or_out_of_range(WHAT);
        Ok(Self { peak: sum(self.peak, other.peak)?, average: sum(self.average, other.average)? })
    }

    /// Returns the higher peak and the higher average of two tracks, only one of which is played.
    pub(super) fn max(self, other: Self) -> Self {
        Self { peak: self.peak.max(other.peak), average: self.average.max(other.average) }
    }
}

/// The end of a segment: units of the timescale, and bits, from the start of the track.
#[derive(Debug, Clone, Copy)]
struct End {
    units: u128,
    bits: u128,
}

/// Returns the rate of `bits` in `units`, rounded up.
fn rate(bits: u128, units: u128, hz: u128) -> Result<u64> {
    let bits = bits.checked_mul(hz).or_out_of_range(WHAT)?;
    u64::try_from(bits.div_ceil(units.max(1))).or_out_of_range(WHAT)
}

/// Returns the highest rate of consecutive segments that last between 0.5 and 1.5 `target` units together; 0 if there are none.
///
/// Bisection finds the smallest rate that none of them exceeds. Each step takes time in proportion to the number of segments,
/// however many of them a target duration contains.
fn peak(ends: &[End], target: u128, hz: u128) -> Result<u64> {
    let bits = ends.last().map_or(0, |end| end.bits);
    let mut high = rate(bits, (target / 2).max(1), hz)?;
    let mut low = 0;
    while low < high {
        let middle = low.midpoint(high);
        if is_exceeded(middle, ends, target, hz)? {
            // Less than `high`.
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    Ok(high)
}

/// Returns whether consecutive segments that last between 0.5 and 1.5 `target` units have a higher rate than `rate`.
fn is_exceeded(rate: u64, ends: &[End], target: u128, hz: u128) -> Result<bool> {
    // The bits × timescale by which the media up to an end exceeds the rate.
    let excess = |end: &End| {
        let bits = end.bits.checked_mul(hz).and_then(|bits| i128::try_from(bits).ok());
        let allowed = end.units.checked_mul(rate.into()).and_then(|bits| i128::try_from(bits).ok());
        bits.zip(allowed).and_then(|(bits, allowed)| bits.checked_sub(allowed)).or_out_of_range(WHAT)
    };
    // The starts from which the segments are long enough, in order. Their excess increases: a start is dropped when a later one
    // has no more.
    let mut starts: VecDeque<(u128, i128)> = VecDeque::new();
    let mut candidates = ends.iter().peekable();
    for end in ends {
        // Ends are in order, so a difference is not negative.
        let double = |start: u128| end.units.saturating_sub(start).saturating_mul(2);
        while let Some(start) = candidates.next_if(|start| start.units < end.units && double(start.units) >= target) {
            let of_start = excess(start)?;
            while starts.pop_back_if(|(_, excess)| *excess >= of_start).is_some() {}
            starts.push_back((start.units, of_start));
        }
        while starts.pop_front_if(|(units, _)| double(*units) > target.saturating_mul(3)).is_some() {}
        let of_end = excess(end)?;
        if starts.front().is_some_and(|(_, of_start)| of_end > *of_start) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Compares with the definition, for every series of segments.
        #[test]
        fn the_peak_is_the_highest_rate_of_any_series_of_about_a_target_duration(
            parts in prop::collection::vec((1_u128..20_000, 0_u128..1_000_000), 1..20), target in 1_u128..20_000,
        ) {
            let sum = |end: &mut End, part: &(u128, u128)| {
                *end = End { units: end.units + part.0, bits: end.bits + part.1 };
                Some(*end)
            };
            let start = End { units: 0, bits: 0 };
            let ends: Vec<End> = std::iter::once(start).chain(parts.iter().scan(start, sum)).collect();
            let mut expected = 0;
            for (from, start) in ends.iter().enumerate() {
                for end in &ends[from + 1..] {
                    let (units, bits) = (end.units - start.units, end.bits - start.bits);
                    if (target..=3 * target).contains(&(2 * units)) {
                        expected = expected.max((bits * 1000).div_ceil(units));
                    }
                }
            }
            prop_assert_eq!(u128::from(peak(&ends, target, 1000).unwrap()), expected);
        }
    }
}
