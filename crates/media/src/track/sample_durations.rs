//! Sample durations: the `stts` box (ISO/IEC 14496-12 8.6.1.2).
//!
//! `sample_delta` is an unsigned number, but some cameras store a negative one to correct decode times that have run ahead. Read
//! as unsigned, it would last for hours. Decode times cannot go back, so such a sample lasts one unit, and the samples after it
//! are shortened until the decode times are those of the file again: a sample is never shorter than one unit for this. ffmpeg
//! reads the same durations.

/// The greatest delta that is a duration. Greater ones are negative numbers of at most ten seconds at 48,000 Hz, so long durations
/// on fine timescales remain what they are. ffmpeg has the same limit.
pub(super) const MAX_DELTA: u32 = u32::MAX - 480_000;

/// Decodes an entry of two 32-bit fields.
#[inline]
pub(super) fn pair(entry: &[u8; 8]) -> (u32, u32) {
    (crate::isobmff::entry_field(entry, 0), crate::isobmff::entry_field(entry, 1))
}

/// A walk over the entries of `stts`: number of samples, and duration of each.
#[derive(Debug, Clone)]
pub(super) struct DurationRuns<'a> {
    rest: &'a [[u8; 8]],
    /// Units by which decode times are ahead of those in the file.
    ahead: u64,
}

impl<'a> DurationRuns<'a> {
    pub(super) fn new(rest: &'a [[u8; 8]]) -> Self {
        Self { rest, ahead: 0 }
    }
}

impl Iterator for DurationRuns<'_> {
    type Item = (u32, u32);

    #[inline]
    fn next(&mut self) -> Option<(u32, u32)> {
        let (entry, rest) = self.rest.split_first()?;
        self.rest = rest;
        let (count, delta) = pair(entry);
        if delta > MAX_DELTA {
            // One unit, instead of so many fewer than none. The product has 32 bits and 19; a sum of many saturates.
            let ahead = u64::from(delta.wrapping_neg()).saturating_add(1).saturating_mul(u64::from(count));
            self.ahead = self.ahead.saturating_add(ahead);
            return Some((count, 1));
        }
        if self.ahead == 0 {
            return Some((count, delta));
        }
        let each = self.ahead.checked_div(u64::from(count)).unwrap_or(0);
        let shortened = u32::try_from(each).unwrap_or(u32::MAX).min(delta.saturating_sub(1));
        let made_up = u64::from(shortened).saturating_mul(u64::from(count));
        self.ahead = self.ahead.saturating_sub(made_up);
        Some((count, delta.saturating_sub(shortened)))
    }
}

/// The durations of the samples of a track, in decode order.
#[derive(Debug, Clone)]
pub(super) struct SampleDurations<'a> {
    runs: DurationRuns<'a>,
    left: u32,
    duration: u32,
}

impl<'a> SampleDurations<'a> {
    pub(super) fn new(entries: &'a [[u8; 8]]) -> Self {
        Self { runs: DurationRuns::new(entries), left: 0, duration: 0 }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<u32> {
        while self.left == 0 {
            (self.left, self.duration) = self.runs.next()?;
        }
        self.left = self.left.saturating_sub(1); // not zero, by the loop
        Some(self.duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(entries: &[(u32, i32)]) -> Vec<(u32, u32)> {
        let entry = |(count, delta): &(u32, i32)| {
            let mut bytes = [0; 8];
            bytes[..4].copy_from_slice(&count.to_be_bytes());
            bytes[4..].copy_from_slice(&delta.to_be_bytes());
            bytes
        };
        let entries: Vec<[u8; 8]> = entries.iter().map(entry).collect();
        DurationRuns::new(&entries).collect()
    }

    /// The expected durations are those that `ffprobe -show_packets` lists for such a file.
    #[test]
    fn a_negative_delta_is_made_up_by_the_samples_after_it() {
        assert_eq!(runs(&[(75, 512), (1, -100), (74, 512)]), [(75, 512), (1, 1), (74, 511)]);
    }

    #[test]
    fn a_sample_is_never_shorter_than_a_unit_because_of_an_earlier_one() {
        assert_eq!(runs(&[(1, -9), (2, 3), (1, 3), (1, 0), (1, 512)]), [(1, 1), (2, 1), (1, 1), (1, 0), (1, 508)]);
    }

    #[test]
    fn long_durations_are_no_negative_ones() {
        assert_eq!(runs(&[(1, i32::MAX), (1, i32::MIN)]), [(1, 0x7fff_ffff), (1, 0x8000_0000)]);
        assert_eq!(runs(&[(u32::MAX, -1), (u32::MAX, -480_000), (0, 5)]), [(u32::MAX, 1), (u32::MAX, 1), (0, 5)]);
    }
}
