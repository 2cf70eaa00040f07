//! Subsamples (ISO/IEC 23001-7 9.5): pairs of clear and protected bytes that cover a sample.

use std::ops::Range;

use crate::{Error, Result};

/// Entries a sample may have: its auxiliary information, 2 + 6 × entries and 8 where it has an IV, is counted in one byte by
/// `saiz`.
pub(crate) const MAX_SUBSAMPLES: usize = 42;

/// The same with an IV of eight bytes.
pub(crate) const MAX_SUBSAMPLES_WITH_IV: usize = 40;

/// One entry: clear bytes, then protected bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subsample {
    /// `BytesOfClearData`.
    pub(crate) clear: u16,
    /// `BytesOfProtectedData`.
    pub(crate) protected: u32,
}

/// Appends the entries for a sample of `size` bytes at `offset`, of which the ascending `protected` ranges are protected, and
/// returns how many there are.
///
/// Clear bytes beyond what 16 bits hold are split over entries without protected bytes; clear bytes at the end of the sample
/// make an entry of their own. A sample that would take more than `most` entries cannot be signalled: its smallest
/// protected ranges are taken out of `protected`, and stay clear, until it can. What is listed is what is encrypted.
///
/// # Errors
/// [`Error::MalformedSample`] when the sample is larger than any access unit.
pub(crate) fn subsamples(
    size: usize,
    protected: &mut Vec<Range<usize>>,
    offset: u64,
    most: usize,
    entries: &mut Vec<Subsample>,
) -> Result<u16> {
    let before = entries.len();
    loop {
        cover(size, protected, offset, entries)?;
        let count = entries.len().saturating_sub(before);
        let excess = count.saturating_sub(most);
        if excess == 0 {
            return u16::try_from(count).map_err(|_| too_large(offset));
        }
        if protected.is_empty() {
            return Err(too_large(offset));
        }
        entries.truncate(before);
        drop_smallest(protected, excess);
    }
}

/// Moves the start of each range up so that its length is a whole number of AES blocks, as `cenc` asks of NAL units and of
/// AV1 (ISO/IEC 23001-7 9.5.2.2); a range of less than a block goes.
pub(crate) fn align_to_blocks(ranges: &mut Vec<Range<usize>>) {
    ranges.retain_mut(|range| {
        range.start = range.start.saturating_add(range.len() % 16);
        range.start < range.end
    });
}

/// Appends the entries, however many.
fn cover(size: usize, protected: &[Range<usize>], offset: u64, entries: &mut Vec<Subsample>) -> Result<()> {
    let mut position: usize = 0;
    for range in protected {
        push(entries, range.start.saturating_sub(position), range.len(), offset)?;
        position = range.end;
    }
    if position < size {
        push(entries, size.saturating_sub(position), 0, offset)?;
    }
    Ok(())
}

/// Takes the `count` smallest ranges out, the later of two of the same size first.
fn drop_smallest(ranges: &mut Vec<Range<usize>>, count: usize) {
    let mut by_size: Vec<usize> = (0..ranges.len()).collect();
    by_size.sort_by_key(|position| (ranges.get(*position).map_or(0, Range::len), usize::MAX.saturating_sub(*position)));
    by_size.truncate(count);
    let mut position: usize = 0;
    ranges.retain(|_| {
        let keep = !by_size.contains(&position);
        position = position.saturating_add(1);
        keep
    });
}

fn push(entries: &mut Vec<Subsample>, mut clear: usize, protected: usize, offset: u64) -> Result<()> {
    let protected = u32::try_from(protected).map_err(|_| too_large(offset))?;
    loop {
        if let Ok(clear) = u16::try_from(clear) {
            entries.push(Subsample { clear, protected });
            return Ok(());
        }
        entries.push(Subsample { clear: u16::MAX, protected: 0 });
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
        assert!(entries.len() <= MAX_SUBSAMPLES);
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
        assert_eq!(position, size, "entries cover the sample");
        assert_eq!(listed, protected, "what is listed is what will be encrypted");
        entries.iter().map(|e| (e.clear, e.protected)).collect()
    }

    #[test]
    fn entries_cover_the_sample() {
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
    fn a_long_clear_run_is_split() {
        assert_eq!(entries(150_000, &[140_000..150_000]), [(65_535, 0), (65_535, 0), (8930, 10_000)]);
        assert_eq!(entries(65_545, &[65_535..65_545]), [(65_535, 10)]);
    }

    #[test]
    fn of_more_ranges_than_saiz_can_count_the_smallest_stay_clear() {
        let ranges = |n: usize| (0..n).map(|i| i * 100 + 10..i * 100 + 90 - i % 7).collect::<Vec<_>>();
        assert_eq!(entries(41 * 100, &ranges(41)).len(), 42);
        let listed = entries(300 * 100, &ranges(300));
        assert_eq!(listed.iter().filter(|(_, protected)| *protected == 80).count(), 41, "the largest are kept");
        assert_eq!(listed.len(), 42);
    }

    #[test]
    fn a_sample_that_is_nothing_but_clear_bytes_beyond_count_is_refused() {
        assert!(subsamples(65_535 * 43, &mut vec![], 0, MAX_SUBSAMPLES, &mut vec![]).is_err());
    }
}
