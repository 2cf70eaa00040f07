//! Which byte ranges of the source to read for a slice.
//!
//! One request is cheap, a wasted byte is not free, and a file may interleave its tracks by the frame, by the second or not
//! at all. So the extents a slice needs are laid out in file order, and the gaps between them are read over as long as all
//! that is wasted stays under one part in a hundred of what is needed; the largest gaps are where a new range begins. An
//! interleaved file comes out as one range, a file with one track behind the other as one range per track.

use std::collections::BTreeSet;
use std::ops::Range;

use super::plan::{Extent, SegmentPlan, SliceTrack, SourceRange};
use crate::{Error, Result};

/// The part of the needed bytes that may be read for nothing.
const WASTE_DIVISOR: u64 = 100;

/// Ranges a slice may have: past this, gaps are read over whatever they cost.
const MAX_RANGES: usize = 64;

/// The ranges that hold every extent of `segments`, which are of `tracks`: of each source in turn, ascending and apart.
///
/// # Errors
/// As [`ranges`].
pub(super) fn of_sources(segments: &[SegmentPlan], tracks: &[SliceTrack]) -> Result<Vec<SourceRange>> {
    let input_of = |segment: &SegmentPlan| tracks.get(usize::from(segment.track)).map(|track| track.input);
    let inputs: BTreeSet<u16> = tracks.iter().map(|track| track.input).collect();
    let mut all = Vec::new();
    for input in inputs {
        let own = segments.iter().filter(|segment| input_of(segment) == Some(input));
        all.extend(ranges(own)?.into_iter().map(|bytes| SourceRange { input, bytes }));
    }
    Ok(all)
}

/// The ranges that hold every extent of `segments`, which are of one source.
///
/// # Errors
/// [`Error::MalformedSample`] when two samples share bytes: encryption in place would encrypt them twice.
fn ranges<'s>(segments: impl Iterator<Item = &'s SegmentPlan>) -> Result<Vec<Range<u64>>> {
    let mut extents: Vec<Extent> = segments.flat_map(|segment| segment.extents.iter().copied()).collect();
    extents.retain(|extent| extent.bytes > 0);
    extents.sort_unstable_by_key(|extent| extent.offset);
    let mut gaps = Vec::new();
    let mut needed: u64 = 0;
    for (extent, next) in extents.iter().zip(extents.iter().skip(1)) {
        let gap = next.offset.checked_sub(end(extent));
        let gap =
            gap.ok_or(Error::MalformedSample { offset: next.offset, reason: "it shares bytes with another sample" })?;
        if gap > 0 {
            gaps.push((gap, next.offset));
        }
    }
    for extent in &extents {
        needed = needed.saturating_add(extent.bytes);
    }
    let mut breaks = breaks(gaps, needed / WASTE_DIVISOR);
    breaks.sort_unstable();
    let mut breaks = breaks.into_iter().peekable();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for extent in &extents {
        match ranges.last_mut() {
            Some(last) if breaks.next_if_eq(&extent.offset).is_none() => last.end = end(extent),
            _ => ranges.push(extent.offset..end(extent)),
        }
    }
    Ok(ranges)
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

    fn of(extents: &[(u64, u64)]) -> Result<Vec<Range<u64>>> {
        let extents = extents.iter().map(|(offset, bytes)| Extent { offset: *offset, bytes: *bytes }).collect();
        let (description, first_sample, decode_time, samples) = (0, 0, 0, vec![]);
        let segment = SegmentPlan { track: 0, number: 1, description, first_sample, decode_time, extents, samples };
        ranges(std::iter::once(&segment))
    }

    #[test]
    fn an_interleaved_file_is_one_range() {
        assert_eq!(of(&[(5000, 1000), (0, 3000), (3000, 2000)]).unwrap(), [0..6000]);
        assert_eq!(of(&[(0, 3000), (3020, 2000)]).unwrap(), [0..5020], "a small gap is read over");
    }

    #[test]
    fn tracks_that_lie_apart_are_read_apart() {
        assert_eq!(of(&[(0, 3000), (3010, 10), (1_000_000, 500)]).unwrap(), [0..3020, 1_000_000..1_000_500]);
    }

    #[test]
    fn what_is_read_for_nothing_is_under_one_in_a_hundred() {
        let extents: Vec<_> = (0..50).map(|i| (i * 11_000 + i * i * 10, 10_000)).collect();
        let ranges = of(&extents).unwrap();
        let read: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        assert!(read <= 505_000, "{read}");
        assert!(ranges.len() <= MAX_RANGES);
    }

    #[test]
    fn samples_that_share_bytes_are_refused() {
        assert_eq!(of(&[(0, 3000), (2999, 10)]).unwrap_err().code(), "malformed_sample");
    }
}
