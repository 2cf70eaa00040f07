//! The part plan: which segments go into which part of the multipart upload of a single file.
//!
//! # The problem
//!
//! S3 assembles an object from parts, which many writers can upload in parallel. Every part but the last has at least
//! [`MIN_PART_BYTES`](crate::domain::multipart::MIN_PART_BYTES), and there are at most [`MAX_PARTS`]. The segments of a track
//! in one work unit may be smaller than that: audio nearly always is. And the file starts with its header, which cannot be
//! written before the sizes of all segments are known.
//!
//! # The solution
//!
//! Parts end at segment boundaries. They are planned work unit by work unit, in the order of the plan. A part stays open until
//! its segments have enough *payload*: the payload is known from the plan and is a lower bound of the bytes that will be
//! written, so no part is too small. The remaining segments of the work unit are a part of their own if they are large enough;
//! otherwise they open the next part.
//!
//! - A part with the segments of a single work unit is *whole*: the encrypt stage uploads it to its final place.
//! - Any other part is *staged*: the encrypt stage stores the segments of each work unit in the work bucket, and the dash stage
//!   uploads the part.
//! - Part 1 is open from the start. It is always staged, so that the header can precede it once all sizes are known.
//!
//! For video of some megabits per second, the first segments are staged, and after them each work unit is one part. Audio is
//! staged throughout.
//!
//! The part plan is a function of the plan and of the source's size: a repeated message gives the same part plan.

use serde::{Deserialize, Serialize};
use vpp_media::cmaf::{SegmentPlan, WorkUnit};

use crate::domain::multipart::MAX_PARTS;
use crate::error::Error;

/// The number of parts to plan for. One part is reserved for the remainder.
const MAX_PLANNED_PARTS: u64 = MAX_PARTS - 1;

/// Maximum size of a work unit in source bytes: a function can hold it in memory and process it in seconds.
pub const MAX_WORK_UNIT_BYTES: u64 = 256 * 1024 * 1024;

/// Target number of work units in a package: for a larger source, the work units grow instead. Every work unit increments the
/// same counter item, whose write rate is limited, so more work units save no time.
const TARGET_WORK_UNITS: u64 = 4096;

/// Consecutive segments of a track, in one work unit and one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSpan {
    /// Position of the track in the work unit.
    pub track: u16,
    /// Number of the part, from 1.
    pub part: u16,
    /// The number of segments. They follow the segments of the track's earlier spans in the work unit.
    pub segments: u16,
    /// Whether the span is the whole part.
    pub whole: bool,
}

/// The sizes of parts and work units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitSizes {
    /// Minimum size of every part except the last, in bytes.
    pub part: u64,
    /// Approximate source bytes of a work unit.
    pub work_unit: u64,
}

impl UnitSizes {
    /// Returns the sizes for a source of `source_bytes` whose segments are files. `smallest` has the sizes for a small source.
    #[must_use]
    pub fn of_segments(source_bytes: u64, smallest: Self, max_work_unit: u64) -> Self {
        let grown = source_bytes.div_ceil(TARGET_WORK_UNITS).min(max_work_unit);
        Self { work_unit: smallest.work_unit.max(grown), ..smallest }
    }

    /// Returns the sizes for a source whose tracks become single files; `None` when the source is too large for work units of
    /// `max_work_unit` bytes.
    #[must_use]
    pub fn of_single_files(source_bytes: u64, smallest: Self, max_work_unit: u64) -> Option<Self> {
        let smallest = Self::of_segments(source_bytes, smallest, max_work_unit);
        let part = smallest.part.max(source_bytes.div_ceil(MAX_PLANNED_PARTS));
        // The largest track's segments of a work unit fill a part; the margin is for the other tracks.
        let with_margin = part.checked_add(part / 4)?;
        let work_unit = smallest.work_unit.max(if part > smallest.part { with_margin } else { 0 });
        (work_unit <= max_work_unit.max(smallest.work_unit)).then_some(Self { part, work_unit })
    }
}

/// Plans the parts of all tracks, work unit by work unit.
#[derive(Debug, Clone)]
pub struct PartPlanner {
    min_part_bytes: u64,
    tracks: Vec<TrackParts>,
}

/// The parts of one track so far.
#[derive(Debug, Clone, Copy)]
struct TrackParts {
    /// The open part, or the next one.
    part: u16,
    /// Bytes of the open part, if one is open.
    open: Option<u64>,
}

impl Default for TrackParts {
    /// Starts with part 1 open.
    fn default() -> Self {
        Self { part: 1, open: Some(0) }
    }
}

impl PartPlanner {
    /// Creates a planner of parts with at least `min_part_bytes`.
    #[must_use]
    pub fn new(min_part_bytes: u64) -> Self {
        Self { min_part_bytes, tracks: Vec::new() }
    }

    /// Returns the spans of the next work unit, in the order of tracks and segments.
    ///
    /// # Errors
    /// When a track has more parts, or a work unit more segments, than an upload and a message can have.
    pub fn plan_work_unit(&mut self, work_unit: &WorkUnit) -> Result<Vec<PartSpan>, Error> {
        self.tracks.resize(self.tracks.len().max(work_unit.tracks.len()), TrackParts::default());
        let mut spans = Vec::new();
        for (track, parts) in (0..).zip(&mut self.tracks) {
            let segments = work_unit.segments.iter().filter(|segment| segment.track == track);
            // Text may take fewer bytes in the output than in the source. It is small, so all of it is one part.
            let is_text = work_unit.tracks.get(usize::from(track)).is_some_and(|track| track.text.is_some());
            let payload = |segment: &SegmentPlan| if is_text { 0 } else { segment.payload_bytes() };
            let payloads: Vec<u64> = segments.map(payload).collect();
            for (part, segments, whole) in parts.plan(&payloads, self.min_part_bytes)? {
                let segments = u16::try_from(segments).map_err(|_| too_many("segments in a work unit"))?;
                spans.push(PartSpan { track, part, segments, whole });
            }
        }
        Ok(spans)
    }

    /// Returns the number of parts of each track so far.
    pub fn part_counts(&self) -> impl Iterator<Item = u16> {
        // The number of a part is at least 1.
        self.tracks.iter().map(|track| if track.open.is_some() { track.part } else { track.part - 1 })
    }
}

impl TrackParts {
    /// Returns the spans of segments with these payloads: part, number of segments, and whether the span is the whole part.
    fn plan(&mut self, payloads: &[u64], min_part_bytes: u64) -> Result<Vec<(u16, usize, bool)>, Error> {
        let mut rest = payloads;
        let mut spans = Vec::new();
        if let Some(mut bytes) = self.open {
            let mut taken = 0;
            for payload in payloads {
                if bytes >= min_part_bytes {
                    break;
                }
                bytes = add(bytes, *payload)?;
                taken += 1;
            }
            spans.push((self.part, taken, false));
            rest = rest.get(taken..).unwrap_or_default();
            self.open = Some(bytes);
            if bytes >= min_part_bytes {
                self.close()?;
            }
        }
        if self.open.is_none() {
            let bytes = rest.iter().try_fold(0, |bytes, payload| add(bytes, *payload))?;
            let whole = bytes >= min_part_bytes;
            spans.push((self.part, rest.len(), whole));
            match whole {
                true => self.close()?,
                false if !rest.is_empty() => self.open = Some(bytes),
                false => {}
            }
        }
        spans.retain(|(_, segments, _)| *segments > 0);
        Ok(spans)
    }

    fn close(&mut self) -> Result<(), Error> {
        self.open = None;
        self.part = self.part.checked_add(1).ok_or_else(|| too_many("parts in a file"))?;
        Ok(())
    }
}

fn add(bytes: u64, payload: u64) -> Result<u64, Error> {
    bytes.checked_add(payload).ok_or_else(|| too_many("bytes in a part"))
}

fn too_many(what: &str) -> Error {
    Error::permanent("limit_exceeded", format!("there are too many {what}: package with layout segments"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(work_units: &[&[u64]], min_part_bytes: u64) -> Vec<Vec<(u16, usize, bool)>> {
        let mut track = TrackParts::default();
        work_units.iter().map(|payloads| track.plan(payloads, min_part_bytes).unwrap()).collect()
    }

    #[test]
    fn the_first_segments_are_staged_and_each_further_work_unit_is_a_part() {
        let spans = plan(&[&[4, 4, 4, 4], &[4, 4, 4, 4], &[3]], 5);
        assert_eq!(spans, [vec![(1, 2, false), (2, 2, true)], vec![(3, 4, true)], vec![(4, 1, false)]]);
    }

    #[test]
    fn small_spans_of_many_work_units_share_a_part() {
        let spans = plan(&[&[2], &[], &[2], &[2], &[2], &[9, 9]], 5);
        let expected = [
            vec![(1, 1, false)],
            vec![],
            vec![(1, 1, false)],
            vec![(1, 1, false)],
            vec![(2, 1, false)],
            vec![(2, 1, false), (3, 1, true)],
        ];
        assert_eq!(spans, expected);
    }

    #[test]
    fn parts_and_work_units_grow_with_the_source() {
        let smallest = UnitSizes { part: crate::domain::multipart::MIN_PART_BYTES, work_unit: 32 << 20 };
        let single = |bytes| UnitSizes::of_single_files(bytes, smallest, MAX_WORK_UNIT_BYTES);
        assert_eq!(single(50 << 30), Some(UnitSizes { part: 5_369_247, work_unit: 32 << 20 }));
        let large = single(1 << 40).unwrap();
        assert!(
            large.part * MAX_PLANNED_PARTS >= 1 << 40
                && large.work_unit > large.part
                && large.work_unit <= MAX_WORK_UNIT_BYTES
        );
        assert_eq!(single(5 << 40), None);
        let work_unit = |bytes, work_unit| {
            UnitSizes::of_segments(bytes, UnitSizes { work_unit, ..smallest }, MAX_WORK_UNIT_BYTES).work_unit >> 20
        };
        let grown = [0, 128 << 30, 256 << 30, 1 << 40, 5 << 40].map(|bytes| work_unit(bytes, 32 << 20));
        assert_eq!(grown, [32, 32, 64, 256, 256]);
        assert_eq!(work_unit(256 << 30, 200 << 20), 200, "a configured size is never reduced");
    }

    proptest! {
        #[test]
        fn every_segment_is_in_one_part_and_only_the_last_part_may_be_small(
            work_units in prop::collection::vec(prop::collection::vec(0_u64..12, 0..6), 1..12), smallest in 1_u64..20,
        ) {
            let borrowed: Vec<&[u64]> = work_units.iter().map(Vec::as_slice).collect();
            let spans = plan(&borrowed, smallest);
            let mut parts: Vec<(u64, Vec<bool>)> = Vec::new();
            for (payloads, spans) in work_units.iter().zip(&spans) {
                prop_assert_eq!(spans.iter().map(|(_, segments, _)| segments).sum::<usize>(), payloads.len());
                let mut rest = payloads.as_slice();
                for (part, segments, whole) in spans {
                    let (span, remaining) = rest.split_at(*segments);
                    rest = remaining;
                    let part = usize::from(*part);
                    prop_assert!(part == parts.len() || part == parts.len() + 1, "parts are consecutive");
                    parts.resize(part, (0, vec![]));
                    parts[part - 1].0 += span.iter().sum::<u64>();
                    parts[part - 1].1.push(*whole);
                }
            }
            for (position, (bytes, whole)) in parts.iter().enumerate() {
                prop_assert!(*bytes >= smallest || position + 1 == parts.len(), "part {} has {bytes}", position + 1);
                prop_assert!(!whole.contains(&true) || whole.len() == 1, "a whole part is one span");
            }
            prop_assert!(parts.first().is_none_or(|(_, whole)| !whole.contains(&true)), "part 1 is staged");
        }
    }
}
