//! `@bandwidth` (ISO/IEC 23009-1 5.3.5.2), exactly.
//!
//! It is the smallest rate at which a client that starts at any segment, and waits for `minBufferTime` before it plays, has
//! every later segment in full before that segment is due. Whether a rate will do is a leaky bucket over the segments; the
//! smallest rate that will is found by bisection over whole bits per second.

use crate::cmaf::{SegmentSize, SegmentTime};
use crate::time::Timescale;

/// The smallest sufficient rate in bits per second for segments of these sizes, played after `buffer_ms`.
pub(super) fn bandwidth(segments: &[SegmentTime], sizes: &[SegmentSize], timescale: Timescale, buffer_ms: u64) -> u64 {
    let total = sizes.iter().map(|size| size.bytes).fold(0, u64::saturating_add);
    let suffices = |rate: u64| suffices(rate, segments, sizes, timescale, buffer_ms);
    // Everything within the shortest buffer is enough for anything.
    let mut high = u64::try_from(u128::from(total).saturating_mul(8000).div_ceil(u128::from(buffer_ms).max(1)))
        .unwrap_or(u64::MAX);
    high = high.saturating_add(1);
    let mut low = 0;
    while low < high {
        let middle = low.midpoint(high);
        if suffices(middle) {
            high = middle;
        } else {
            low = middle.saturating_add(1);
        }
    }
    high
}

/// Whether no client starves at `rate`. The bucket holds, in bits × timescale, the most that any starting point still has to
/// receive when a segment begins; it must never exceed what arrives within the buffer.
fn suffices(rate: u64, segments: &[SegmentTime], sizes: &[SegmentSize], timescale: Timescale, buffer_ms: u64) -> bool {
    let hz = u128::from(timescale.hz());
    let allowance = u128::from(rate).saturating_mul(hz).saturating_mul(u128::from(buffer_ms)) / 1000;
    let mut bucket: u128 = 0;
    segments.iter().zip(sizes).all(|(segment, size)| {
        bucket = bucket.saturating_add(u128::from(size.bytes).saturating_mul(8).saturating_mul(hz));
        let enough = bucket <= allowance;
        bucket = bucket.saturating_sub(u128::from(rate).saturating_mul(u128::from(segment.duration)));
        enough
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
        sizes.iter().map(|bytes| SegmentSize { bytes: *bytes, entry_bytes: 0 }).collect()
    }

    fn timeline(durations: &[u64]) -> Vec<SegmentTime> {
        let mut start = 0;
        let place = |duration: &u64| {
            let own = SegmentTime { start, duration: *duration, entry: None };
            start += duration;
            own
        };
        durations.iter().map(place).collect()
    }

    #[test]
    fn constant_segments_need_their_own_rate() {
        assert_eq!(bandwidth(&timeline(&[6000; 10]), &of(&[750_000; 10]), second(), 6000), 1_000_000);
    }

    #[test]
    fn a_peak_needs_no_more_than_the_buffer_cannot_take() {
        let mut sizes = [750_000; 10];
        sizes[5] = 1_500_000;
        let rate = bandwidth(&timeline(&[6000; 10]), &of(&sizes), second(), 6000);
        assert_eq!(rate, 2_000_000, "a client may start at the peak itself");
        assert!(bandwidth(&timeline(&[6000; 10]), &of(&sizes), second(), 12_000) < rate);
    }

    proptest! {
        /// The reference model: every pair of starting point and due segment, by the definition.
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
            let rate = bandwidth(&segments, &of(&sizes), second(), buffer_ms);
            prop_assert!(plays(rate), "{rate} starves a client");
            prop_assert!(!plays(rate - 1), "{rate} is more than it takes");
        }
    }
}
