//! `@bandwidth` (ISO/IEC 23009-1 5.3.5.2), exactly.
//!
//! It is the smallest rate at which a client that starts at any segment, and buffers for `minBufferTime` before it plays,
//! receives every later segment completely before that segment is due. A leaky bucket over the segments decides whether a rate
//! is sufficient. Bisection over whole bits per second finds the smallest sufficient rate.

use crate::Result;
use crate::cmaf::{SegmentSize, SegmentTime};
use crate::number::Checked;
use crate::time::Timescale;

/// Returns the smallest sufficient rate in bits per second for segments of these sizes, played after `buffer_ms`.
///
/// # Errors
/// [`Error::OutOfRange`](crate::Error::OutOfRange) if it does not fit 64 bits.
pub(super) fn bandwidth(
    segments: &[SegmentTime],
    sizes: &[SegmentSize],
    timescale: Timescale,
    buffer_ms: u64,
) -> Result<u64> {
    const WHAT: &str = "The bandwidth of a representation";
    let total = sizes.iter().map(|size| size.bytes).try_fold(0, u64::checked_add).or_out_of_range(WHAT)?;
    let suffices = |rate: u64| suffices(rate, segments, sizes, timescale, buffer_ms);
    // A rate at which everything arrives within the shortest buffer is always sufficient. 64 bits times 8000 fits 128 bits.
    let everything = u128::from(total).saturating_mul(8000).div_ceil(u128::from(buffer_ms).max(1));
    let mut high = u64::try_from(everything).ok().and_then(|rate| rate.checked_add(1)).or_out_of_range(WHAT)?;
    let mut low = 0;
    while low < high {
        let middle = low.midpoint(high);
        if suffices(middle) {
            high = middle;
        } else {
            // Less than `high`.
            low = middle.saturating_add(1);
        }
    }
    Ok(high)
}

/// Returns whether no client starves at `rate`. When a segment starts, the bucket contains, in bits × timescale, the most that
/// a client still has to receive, whichever segment it started at. It must never exceed what arrives within the buffer.
fn suffices(rate: u64, segments: &[SegmentTime], sizes: &[SegmentSize], timescale: Timescale, buffer_ms: u64) -> bool {
    let hz = u128::from(timescale.hz());
    // An allowance that saturates exceeds any bucket.
    let allowance = u128::from(rate).saturating_mul(hz).saturating_mul(u128::from(buffer_ms)) / 1000;
    let mut bucket: u128 = 0;
    segments.iter().zip(sizes).all(|(segment, size)| {
        // At most 64 bits of bytes of all segments, times 8, times a 32-bit timescale.
        bucket = bucket.saturating_add(u128::from(size.bytes).saturating_mul(8).saturating_mul(hz));
        let is_enough = bucket <= allowance;
        // A bucket that drains before the segment ends is empty.
        bucket = bucket.saturating_sub(u128::from(rate).saturating_mul(u128::from(segment.duration)));
        is_enough
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn second() -> Timescale {
        Timescale::new(1000).unwrap()
    }

    fn of(sizes: &[u64]) -> Vec<SegmentSize> {
        sizes.iter().map(|bytes| SegmentSize { bytes: *bytes, first_sample_end: 0 }).collect()
    }

    fn timeline(durations: &[u64]) -> Vec<SegmentTime> {
        let mut start = 0;
        let segment_of = |duration: &u64| {
            let segment = SegmentTime { start, duration: *duration, sap: None };
            start += duration;
            segment
        };
        durations.iter().map(segment_of).collect()
    }

    #[test]
    fn constant_segments_need_exactly_their_rate() {
        assert_eq!(bandwidth(&timeline(&[6000; 10]), &of(&[750_000; 10]), second(), 6000), Ok(1_000_000));
    }

    #[test]
    fn a_longer_buffer_lowers_the_rate_that_a_peak_needs() {
        let mut sizes = [750_000; 10];
        sizes[5] = 1_500_000;
        let rate = bandwidth(&timeline(&[6000; 10]), &of(&sizes), second(), 6000).unwrap();
        assert_eq!(rate, 2_000_000, "a client may start at the peak itself");
        assert!(bandwidth(&timeline(&[6000; 10]), &of(&sizes), second(), 12_000).unwrap() < rate);
    }

    proptest! {
        /// Compares with a reference model, which checks the definition for every pair of starting point and due segment.
        #[test]
        fn the_rate_is_the_smallest_that_starves_no_client(
            parts in prop::collection::vec((1_u64..10_000, 1_u64..1_000_000), 1..20), buffer_ms in 1_u64..20_000,
        ) {
            let durations: Vec<u64> = parts.iter().map(|(duration, _)| *duration).collect();
            let sizes: Vec<u64> = parts.iter().map(|(_, bytes)| *bytes).collect();
            let segments = timeline(&durations);
            let plays = |rate: u64| (0..segments.len()).all(|from| (from..segments.len()).all(|to| {
                let bits: u64 = sizes[from..=to].iter().sum::<u64>() * 8;
                let due_ms = buffer_ms + segments[to].start - segments[from].start;
                u128::from(bits) * 1000 <= u128::from(rate) * u128::from(due_ms)
            }));
            let rate = bandwidth(&segments, &of(&sizes), second(), buffer_ms).unwrap();
            prop_assert!(plays(rate), "{rate} starves a client");
            prop_assert!(!plays(rate - 1), "{rate} is more than needed");
        }
    }
}
