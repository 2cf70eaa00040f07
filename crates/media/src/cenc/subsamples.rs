//! Subsamples (ISO/IEC 23001-7 9.5): pairs of clear and protected bytes that cover a sample.

use std::cmp::Reverse;
use std::ops::Range;

use super::cbc_chains::BLOCK;
use crate::{Error, Result};

/// Maximum number of subsamples of a sample: `saiz` has one byte for the size of its auxiliary information, which is 2 + 6 ×
/// subsamples bytes, and 8 more with an IV.
pub(crate) const MAX_SUBSAMPLES: u8 = 42;

/// Maximum number of subsamples of a sample with an IV of eight bytes.
pub(crate) const MAX_SUBSAMPLES_WITH_IV: u8 = 40;

/// One subsample: clear bytes, then protected bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subsample {
    /// `BytesOfClearData`.
    pub(crate) clear: u16,
    /// `BytesOfProtectedData`.
    pub(crate) protected: u32,
}

/// Appends the subsamples of a sample of `size` bytes at `offset`, whose ascending `protected` ranges are protected, and
/// returns their number.
///
/// Clear bytes that do not fit 16 bits are split into subsamples without protected bytes; clear bytes at the end of the sample
/// are a separate subsample. A sample that would need more than `max` subsamples cannot be signalled: its smallest protected
/// ranges are removed from `protected` until it can, and stay clear. The subsamples always match what is encrypted.
///
/// # Errors
/// [`Error::MalformedSample`] when the sample is larger than any access unit.
pub(crate) fn subsamples(
    size: usize,
    protected: &mut Vec<Range<usize>>,
    offset: u64,
    max: u8,
    subsamples: &mut Vec<Subsample>,
) -> Result<u8> {
    let before = subsamples.len();
    loop {
        cover(size, protected, offset, subsamples)?;
        let count = subsamples.get(before..).map_or(0, <[_]>::len);
        if let Ok(count) = u8::try_from(count)
            && count <= max
        {
            return Ok(count);
        }
        if protected.is_empty() {
            return Err(too_large(offset));
        }
        subsamples.truncate(before);
        remove_smallest(protected, count.saturating_sub(usize::from(max)));
    }
}

/// Moves the start of each range up so that its length is a whole number of AES blocks, which `cenc` requires for NAL units
/// and AV1 (ISO/IEC 23001-7 9.5.2.2). A range of less than a block is removed.
#[expect(clippy::arithmetic_side_effects, reason = "the remainder of a length is no larger than the length")]
pub(crate) fn align_to_blocks(ranges: &mut Vec<Range<usize>>) {
    ranges.retain_mut(|range| {
        range.start += range.len() % BLOCK;
        range.start < range.end
    });
}

/// Appends the subsamples, however many there are.
fn cover(size: usize, protected: &[Range<usize>], offset: u64, subsamples: &mut Vec<Subsample>) -> Result<()> {
    let mut position: usize = 0;
    for range in protected {
        let reason = "its protected ranges overlap";
        let clear = range.start.checked_sub(position).ok_or(Error::MalformedSample { offset, reason })?;
        push(subsamples, clear, range.len(), offset)?;
        position = range.end;
    }
    match size.checked_sub(position) {
        None | Some(0) => Ok(()),
        Some(clear) => push(subsamples, clear, 0, offset),
    }
}

/// Removes the `count` smallest ranges; of two with the same size, the later one first. The cost is linear in the number of
/// ranges: a sample may have as many slices as it has bytes to hold them.
fn remove_smallest(ranges: &mut Vec<Range<usize>>, count: usize) {
    if count >= ranges.len() {
        return ranges.clear();
    }
    let mut ranks: Vec<_> = ranges.iter().enumerate().map(|(position, range)| rank(position, range)).collect();
    let (_, smallest_kept, _) = ranks.select_nth_unstable(count);
    let mut positions = 0..;
    ranges.retain(|range| positions.next().is_some_and(|position| rank(position, range) >= *smallest_kept));
}

/// Returns the rank of the range at `position`: a range with a lower one is removed first.
fn rank(position: usize, range: &Range<usize>) -> (usize, Reverse<usize>) {
    (range.len(), Reverse(position))
}

/// Appends `clear` and `protected` bytes.
fn push(subsamples: &mut Vec<Subsample>, mut clear: usize, protected: usize, offset: u64) -> Result<()> {
    let protected = u32::try_from(protected).map_err(|_| too_large(offset))?;
    loop {
        if let Ok(clear) = u16::try_from(clear) {
            subsamples.push(Subsample { clear, protected });
            return Ok(());
        }
        subsamples.push(Subsample { clear: u16::MAX, protected: 0 });
        // More than 16 bits, so nothing saturates.
        clear = clear.saturating_sub(usize::from(u16::MAX));
    }
}

fn too_large(offset: u64) -> Error {
    Error::MalformedSample { offset, reason: "it is larger than any access unit" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(size: usize, protected: &[Range<usize>]) -> Vec<(u16, u32)> {
        let mut entries = Vec::new();
        let mut protected = protected.to_vec();
        let count = subsamples(size, &mut protected, 0, MAX_SUBSAMPLES, &mut entries).unwrap();
        assert_eq!(usize::from(count), entries.len());
        assert!(count <= MAX_SUBSAMPLES);
        let mut position = 0;
        let listed: Vec<_> = entries
            .iter()
            .map(|entry| {
                let start = position + usize::from(entry.clear);
                position = start + entry.protected as usize;
                start..position
            })
            .filter(|range| !range.is_empty())
            .collect();
        assert_eq!(position, size, "subsamples cover the sample");
        assert_eq!(listed, protected, "subsamples match what is encrypted");
        entries.iter().map(|e| (e.clear, e.protected)).collect()
    }

    #[test]
    fn subsamples_cover_the_sample() {
        assert_eq!(entries(100, &[10..50, 60..100]), [(10, 40), (10, 40)]);
        assert_eq!(entries(110, &[10..50, 60..100]), [(10, 40), (10, 40), (10, 0)]);
        assert_eq!(entries(7, &[]), [(7, 0)]);
    }

    #[test]
    fn ranges_shrink_to_whole_blocks_from_the_front() {
        let mut ranges = vec![10..45, 50..60, 64..96];
        align_to_blocks(&mut ranges);
        assert_eq!(ranges, [13..45, 64..96]);
    }

    #[test]
    fn a_long_clear_range_is_split() {
        assert_eq!(entries(150_000, &[140_000..150_000]), [(65_535, 0), (65_535, 0), (8930, 10_000)]);
        assert_eq!(entries(65_545, &[65_535..65_545]), [(65_535, 10)]);
    }

    #[test]
    fn the_smallest_of_too_many_ranges_stay_clear() {
        let ranges = |n: usize| (0..n).map(|i| i * 100 + 10..i * 100 + 90 - i % 7).collect::<Vec<_>>();
        assert_eq!(entries(41 * 100, &ranges(41)).len(), 42);
        let listed = entries(300 * 100, &ranges(300));
        assert_eq!(listed.iter().filter(|(_, protected)| *protected == 80).count(), 41, "the largest are encrypted");
        assert_eq!(listed.len(), 42);
    }

    #[test]
    fn a_sample_with_too_many_clear_bytes_is_refused() {
        assert!(subsamples(65_535 * 43, &mut vec![], 0, MAX_SUBSAMPLES, &mut vec![]).is_err());
    }
}
