//! The byte ranges of the sources to read for a work unit.
//!
//! A request has a fixed cost, every byte adds to it, and a file may interleave its tracks by the frame, by the second or not
//! at all. So the extents of a work unit are sorted by offset, and the gaps between them are read as well, as long as their sum
//! stays under one percent of the needed bytes. A new range starts after each of the largest gaps. An interleaved file is read
//! as one range, a file with one track after the other as one range per track. Gaps of a few bytes, such as the headers of blocks in
//! a Matroska file, are always read. Samples that share bytes, such as a silence that
//! is stored once, are read once.
//!
//! A viewer waits for a segment that is requested by itself, so there the number of requests counts, and not the bytes: any gap
//! that takes no longer to read than another request is read.

use std::collections::BTreeSet;
use std::ops::Range;

use super::work_unit::{Extent, SegmentPlan, SourceRange, WorkUnitTrack};

/// The divisor of the needed bytes that bounds the bytes of read gaps.
const GAP_DIVISOR: u64 = 100;

/// Gaps of at most this many bytes are always read: the headers between the frames of a Matroska file.
const MAX_HEADER_GAP: u64 = 64;

/// The bytes that arrive in about the time of another request.
const BYTES_OF_A_REQUEST: u64 = 1024 * 1024;

/// Maximum number of ranges of a work unit. To stay within it, gaps of any size are read.
const MAX_RANGES: usize = 64;

/// A gap between extents: its length, and the offset of its end.
type Gap = (u64, u64);

/// Returns the ranges that contain every extent of `segments`, which belong to `tracks`: source by source, ascending and
/// disjoint.
pub(super) fn source_ranges(segments: &[SegmentPlan], tracks: &[WorkUnitTrack]) -> Vec<SourceRange> {
    by_source(segments, tracks, |mut gaps, needed| {
        gaps.retain(|(gap, _)| *gap > MAX_HEADER_GAP);
        range_starts(gaps, needed / GAP_DIVISOR)
    })
}

/// Returns such ranges for a segment that a viewer waits for.
pub(super) fn source_ranges_of_one(segment: &SegmentPlan, tracks: &[WorkUnitTrack]) -> Vec<SourceRange> {
    by_source(std::slice::from_ref(segment), tracks, |mut gaps, _| {
        gaps.retain(|(gap, _)| *gap > BYTES_OF_A_REQUEST);
        range_starts(gaps, 0)
    })
}

/// Returns the ranges of all sources. `starts` decides, from the gaps and the number of needed bytes of a source, after which
/// gaps a range starts.
fn by_source(
    segments: &[SegmentPlan],
    tracks: &[WorkUnitTrack],
    starts: impl Fn(Vec<Gap>, u64) -> Vec<u64>,
) -> Vec<SourceRange> {
    let inputs: BTreeSet<u16> = tracks.iter().map(|track| track.input).collect();
    let mut all = Vec::new();
    for input in inputs {
        // Track by track: the samples of a track are mostly stored in order, so sorting merges a few ascending sequences.
        let of_input = (0..).zip(tracks).filter(|(_, track)| track.input == input);
        let segments = of_input
            .flat_map(|(position, _): (u16, _)| segments.iter().filter(move |segment| segment.track == position));
        all.extend(ranges(segments, &starts).into_iter().map(|bytes| SourceRange { input, bytes }));
    }
    all
}

/// Returns the ranges that contain every extent of `segments`, which belong to one source.
fn ranges<'s>(
    segments: impl Iterator<Item = &'s SegmentPlan>,
    starts: &impl Fn(Vec<Gap>, u64) -> Vec<u64>,
) -> Vec<Range<u64>> {
    let mut extents: Vec<Extent> = segments.flat_map(|segment| segment.extents.iter().copied()).collect();
    extents.retain(|extent| extent.bytes > 0);
    // A stable sort merges sequences that are in order.
    extents.sort_by_key(|extent| extent.offset);
    let mut gaps = Vec::new();
    let mut needed: u64 = 0;
    let mut covered = extents.first().map_or(0, |extent| extent.offset);
    for extent in &extents {
        // An extent may start before the end of the one before it: then there is no gap, or nothing new.
        let gap = extent.offset.saturating_sub(covered);
        if gap > 0 {
            gaps.push((gap, extent.offset));
        }
        needed = needed.saturating_add(extent.end().saturating_sub(covered.max(extent.offset)));
        covered = covered.max(extent.end());
    }
    let mut starts = starts(gaps, needed);
    starts.sort_unstable();
    let mut starts = starts.into_iter().peekable();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for extent in &extents {
        match ranges.last_mut() {
            Some(last) if starts.next_if_eq(&extent.offset).is_none() => last.end = last.end.max(extent.end()),
            _ => ranges.push(extent.offset..extent.end()),
        }
    }
    ranges
}

/// Returns the offsets at which a new range starts: after the largest gaps, until the others have at most `allowance` bytes.
fn range_starts(mut gaps: Vec<Gap>, allowance: u64) -> Vec<u64> {
    // Gaps are disjoint parts of a file, so their sum fits, and no gap exceeds it.
    let mut gap_bytes = gaps.iter().map(|(gap, _)| *gap).fold(0, u64::saturating_add);
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    let largest = gaps.into_iter().take(MAX_RANGES.saturating_sub(1));
    largest
        .map_while(|(gap, offset)| {
            let exceeds = gap_bytes > allowance;
            gap_bytes = gap_bytes.saturating_sub(gap);
            exceeds.then_some(offset)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmaf::RepresentationId;
    use crate::track::TrackKind;

    fn of(extents: &[(u64, u64)]) -> Vec<Range<u64>> {
        bytes(source_ranges(&[segment(extents)], &[track()]))
    }

    fn of_one(extents: &[(u64, u64)]) -> Vec<Range<u64>> {
        bytes(source_ranges_of_one(&segment(extents), &[track()]))
    }

    fn bytes(ranges: Vec<SourceRange>) -> Vec<Range<u64>> {
        ranges.into_iter().map(|range| range.bytes).collect()
    }

    fn track() -> WorkUnitTrack {
        let representation = RepresentationId::new(TrackKind::Video, 1);
        let (rules, encryption, text) = (vec![], None, None);
        WorkUnitTrack { representation, input: 0, track_id: 1, encryption, rules, text, is_cmaf: true }
    }

    fn segment(extents: &[(u64, u64)]) -> SegmentPlan {
        let extents = extents.iter().map(|(offset, bytes)| Extent { offset: *offset, bytes: *bytes }).collect();
        let (description, first_sample, decode_time, samples) = (0, 0, 0, vec![]);
        SegmentPlan { track: 0, number: 1, is_last: false, description, first_sample, decode_time, extents, samples }
    }

    #[test]
    fn a_single_segment_is_read_with_the_gaps_that_cost_less_than_a_request() {
        let interleaved: Vec<_> = (0..300).map(|frame| (frame * 20_000, 400)).collect();
        assert_eq!(of_one(&interleaved), [0..299 * 20_000 + 400]);
        assert_eq!(of_one(&[(0, 3000), (2_000_000, 500)]), [0..3000, 2_000_000..2_000_500]);
        let sparse: Vec<_> = (0..100).map(|chunk| (chunk * (2_000_000 + chunk), 10)).collect();
        assert_eq!(of_one(&sparse).len(), MAX_RANGES, "the number of requests is bounded");
    }

    #[test]
    fn an_interleaved_file_is_one_range() {
        assert_eq!(of(&[(5000, 1000), (0, 3000), (3000, 2000)]), [0..6000]);
        assert_eq!(of(&[(0, 3000), (3020, 2000)]), [0..5020], "a small gap is read");
    }

    #[test]
    fn tracks_far_apart_are_separate_ranges() {
        assert_eq!(of(&[(0, 3000), (3010, 10), (1_000_000, 500)]), [0..3020, 1_000_000..1_000_500]);
    }

    #[test]
    fn read_gaps_stay_under_one_percent() {
        let extents: Vec<_> = (0..50).map(|i| (i * 11_000 + i * i * 10, 10_000)).collect();
        let ranges = of(&extents);
        let read: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        assert!(read <= 505_000, "{read}");
        assert!(ranges.len() <= MAX_RANGES);
    }

    #[test]
    fn headers_between_frames_are_read_whatever_their_share() {
        let frames: Vec<_> = (0..1000).map(|frame| (frame * 300, 280)).collect();
        assert_eq!(of(&frames), [0..299_980]);
    }

    #[test]
    fn bytes_that_samples_share_are_read_once() {
        assert_eq!(
            of(&[(0, 3000), (2999, 10), (100, 20), (3009, 1), (50_000, 7), (50_000, 7)]),
            [0..3010, 50_000..50_007]
        );
    }
}
