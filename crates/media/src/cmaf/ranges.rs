//! Which byte ranges of the source to read for a work unit.
//!
//! One request is cheap, a wasted byte is not free, and a file may interleave its tracks by the frame, by the second or not
//! at all. So the extents a work unit needs are laid out in file order, and the gaps between them are read over as long as all
//! that is wasted stays under one part in a hundred of what is needed; the largest gaps are where a new range begins. An
//! interleaved file comes out as one range, a file with one track behind the other as one range per track. Samples that share
//! bytes, such as a silence that is stored once, are read once.

use std::collections::BTreeSet;
use std::ops::Range;

use super::plan::{Extent, SegmentPlan, SourceRange, WorkUnitTrack};

/// The part of the needed bytes that may be read for nothing.
const WASTE_DIVISOR: u64 = 100;

/// Ranges a work unit may have: past this, gaps are read over whatever they cost.
const MAX_RANGES: usize = 64;

/// The ranges that hold every extent of `segments`, which are of `tracks`: of each source in turn, ascending and apart.
pub(super) fn of_sources(segments: &[SegmentPlan], tracks: &[WorkUnitTrack]) -> Vec<SourceRange> {
    let inputs: BTreeSet<u16> = tracks.iter().map(|track| track.input).collect();
    let mut all = Vec::new();
    for input in inputs {
        // Track by track, for the samples of each mostly lie in their order: to sort them is to merge as many rows.
        let own = (0..).zip(tracks).filter(|(_, track)| track.input == input);
        let own = own.flat_map(|(position, _): (u16, _)| segments.iter().filter(move |own| own.track == position));
        all.extend(ranges(own).into_iter().map(|bytes| SourceRange { input, bytes }));
    }
    all
}

/// The ranges that hold every extent of `segments`, which are of one source.
fn ranges<'s>(segments: impl Iterator<Item = &'s SegmentPlan>) -> Vec<Range<u64>> {
    let mut extents: Vec<Extent> = segments.flat_map(|segment| segment.extents.iter().copied()).collect();
    extents.retain(|extent| extent.bytes > 0);
    // A stable sort merges rows that are in order.
    extents.sort_by_key(|extent| extent.offset);
    let mut gaps = Vec::new();
    let mut needed: u64 = 0;
    let mut covered = extents.first().map_or(0, |extent| extent.offset);
    for extent in &extents {
        let gap = extent.offset.saturating_sub(covered);
        if gap > 0 {
            gaps.push((gap, extent.offset));
        }
        needed = needed.saturating_add(end(extent).saturating_sub(covered.max(extent.offset)));
        covered = covered.max(end(extent));
    }
    let mut breaks = breaks(gaps, needed / WASTE_DIVISOR);
    breaks.sort_unstable();
    let mut breaks = breaks.into_iter().peekable();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for extent in &extents {
        match ranges.last_mut() {
            Some(last) if breaks.next_if_eq(&extent.offset).is_none() => last.end = last.end.max(end(extent)),
            _ => ranges.push(extent.offset..end(extent)),
        }
    }
    ranges
}

/// The offsets at which a new range begins: behind the largest gaps, until what is left of them is at most `allowance`.
fn breaks(mut gaps: Vec<(u64, u64)>, allowance: u64) -> Vec<u64> {
    let mut waste = gaps.iter().map(|(gap, _)| *gap).fold(0, u64::saturating_add);
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    let largest = gaps.into_iter().take(MAX_RANGES.saturating_sub(1));
    largest
        .map_while(|(gap, offset)| {
            let needed = waste > allowance;
            waste = waste.saturating_sub(gap);
            needed.then_some(offset)
        })
        .collect()
}

fn end(extent: &Extent) -> u64 {
    extent.offset.saturating_add(extent.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(extents: &[(u64, u64)]) -> Vec<Range<u64>> {
        let extents = extents.iter().map(|(offset, bytes)| Extent { offset: *offset, bytes: *bytes }).collect();
        let (description, first_sample, decode_time, samples) = (0, 0, 0, vec![]);
        let segment = SegmentPlan { track: 0, number: 1, description, first_sample, decode_time, extents, samples };
        ranges(std::iter::once(&segment))
    }

    #[test]
    fn an_interleaved_file_is_one_range() {
        assert_eq!(of(&[(5000, 1000), (0, 3000), (3000, 2000)]), [0..6000]);
        assert_eq!(of(&[(0, 3000), (3020, 2000)]), [0..5020], "a small gap is read over");
    }

    #[test]
    fn tracks_that_lie_apart_are_read_apart() {
        assert_eq!(of(&[(0, 3000), (3010, 10), (1_000_000, 500)]), [0..3020, 1_000_000..1_000_500]);
    }

    #[test]
    fn what_is_read_for_nothing_is_under_one_in_a_hundred() {
        let extents: Vec<_> = (0..50).map(|i| (i * 11_000 + i * i * 10, 10_000)).collect();
        let ranges = of(&extents);
        let read: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        assert!(read <= 505_000, "{read}");
        assert!(ranges.len() <= MAX_RANGES);
    }

    #[test]
    fn bytes_that_samples_share_are_read_once() {
        assert_eq!(
            of(&[(0, 3000), (2999, 10), (100, 20), (3009, 1), (50_000, 7), (50_000, 7)]),
            [0..3010, 50_000..50_007]
        );
    }
}
