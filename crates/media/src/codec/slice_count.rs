//! The number of slices of a frame, from the first bytes of one.
//!
//! Manifests state bit rates before any media is read, and an encrypted frame has a subsample for each slice. Encoders divide all
//! frames of a stream alike, so the first frames show into how many.

use std::num::NonZeroU8;

use super::nal_units::lengths_of_head;
use crate::number::u64_of;

/// Returns the number of slices of a sample of `bytes` bytes, of which only `head` is known; 1 if it shows none.
///
/// If the head ends before the sample does, the slices after it are estimated: each as long as the last known one.
pub(super) fn slice_count(head: &[u8], bytes: u32, length_size: NonZeroU8, is_slice: impl Fn(&[u8]) -> bool) -> u8 {
    let (mut count, mut last, mut end) = (0_u64, None, 0_u64);
    for (length, unit) in lengths_of_head(head, length_size) {
        end = end.saturating_add(u64::from(length_size.get())).saturating_add(u64_of(length));
        if is_slice(unit) {
            count = count.saturating_add(1);
            last = Some(u64_of(length));
        }
    }
    let rest = u64::from(bytes).saturating_sub(end);
    // Rounded to the nearest number.
    let unknown = last.and_then(|last| rest.saturating_add(last / 2).checked_div(last)).unwrap_or(0);
    u8::try_from(count.saturating_add(unknown)).unwrap_or(u8::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a sample with NAL units of these types and lengths.
    fn sample(units: &[(u8, usize)]) -> Vec<u8> {
        let unit = |(kind, length): &(u8, usize)| {
            let length_field = u32::try_from(*length).unwrap().to_be_bytes().to_vec();
            [length_field, vec![*kind; *length]].concat()
        };
        units.iter().map(unit).collect::<Vec<_>>().concat()
    }

    fn count(units: &[(u8, usize)], known: usize) -> u8 {
        let sample = sample(units);
        let bytes = u32::try_from(sample.len()).unwrap();
        let head = &sample[..known.min(sample.len())];
        slice_count(head, bytes, NonZeroU8::new(4).unwrap(), |nal| nal.first() == Some(&1))
    }

    #[test]
    fn slices_are_counted_and_those_after_the_head_estimated() {
        let four = [(9, 2), (6, 700), (1, 5000), (1, 5200), (1, 4800), (1, 5100)];
        assert_eq!([count(&four, 100_000), count(&four, 2048), count(&four, 8000)], [4; 3]);
        assert_eq!(count(&[(9, 2), (1, 60_000)], 2048), 1);
        assert_eq!(count(&[(1, 30), (1, 20)], 2048), 2);
        assert_eq!(count(&[(1, 60_000), (6, 20)], 2048), 1, "20 bytes are less than half a slice");
        assert_eq!([count(&[(6, 5000), (1, 5000)], 2048), count(&[], 9)], [1; 2], "the head shows no slice");
        assert_eq!(count(&[(1, 0), (1, 9)], 2), 1, "the head ends within a length");
    }
}
