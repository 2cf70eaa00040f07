//! Which parts of a multipart upload a single file is made of.
//!
//! # The problem
//!
//! S3 assembles an object of parts that many writers upload side by side. Every part but the last has at least 5 MiB, and
//! there are at most 10,000. A track's share of a work unit may be less than 5 MiB: sound nearly always is. And the file begins
//! with its head, which cannot be written before the sizes of all segments are known.
//!
//! # The answer
//!
//! Parts are cut at segments, work unit by work unit in the order of the plan. A part is open until its segments hold enough *payload*:
//! that is known from the plan, and is a lower bound of what will be written, so no part comes out too small. What is left of a
//! work unit behind the segment that closes a part is a part by itself when it is large enough, and opens the next one otherwise.
//!
//! - A part that lies in one work unit is *whole*: the encrypt stage uploads it straight to where it belongs.
//! - Any other is *gathered*: the encrypt stage keeps each work unit's share in the work bucket, and the dash stage uploads it.
//! - Part 1 is open from the start. It is gathered, and so the head can be put in front of it when all is known.
//!
//! For a picture of some megabits a second this means that the first segments are gathered, and that each work unit is then one
//! part; the sound is gathered throughout.
//!
//! All of it is a function of the plan and of the source's size: made again, it is the same.

use serde::{Deserialize, Serialize};
use vpp_media::cmaf::{SegmentPlan, WorkUnit};

use crate::domain::multipart::MAX_PARTS;

/// Parts an upload may have; one is spared for what is left at the end.
const MAX_PLANNED_PARTS: u64 = MAX_PARTS - 1;

/// Source bytes that a worker is given at most: it can hold them, and is done with them in seconds.
pub const MAX_WORK_UNIT_BYTES: u64 = 256 * 1024 * 1024;

/// Work units a package has before they grow. All of them are counted in one place, which takes so many a second; more of them
/// than this gain no time.
const TARGET_WORK_UNITS: u64 = 4096;

/// Segments of a track that follow one another, in one work unit and one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSpan {
    /// Position of the track in the work unit.
    pub track: u16,
    /// Number of the part, from 1.
    pub part: u16,
    /// How many segments: those of the track that no earlier span of the work unit has.
    pub segments: u16,
    /// Whether it is all of its part.
    pub whole: bool,
}

/// How large parts and work units are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitSizes {
    /// Bytes that every part but the last has at least.
    pub part: u64,
    /// Bytes of source in a work unit, about.
    pub work_unit: u64,
}

impl UnitSizes {
    /// The sizes for a source of `source_bytes` whose segments are files, given those for a small one and the largest work unit.
    #[must_use]
    pub fn of_segments(source_bytes: u64, smallest: Self, largest_work_unit: u64) -> Self {
        let grown = source_bytes.div_ceil(TARGET_WORK_UNITS).min(largest_work_unit);
        Self { work_unit: smallest.work_unit.max(grown), ..smallest }
    }

    /// The same for one whose tracks are single files; `None` when it has too many bytes to be made of such work units.
    #[must_use]
    pub fn of_single_files(source_bytes: u64, smallest: Self, largest_work_unit: u64) -> Option<Self> {
        let smallest = Self::of_segments(source_bytes, smallest, largest_work_unit);
        let part = smallest.part.max(source_bytes.div_ceil(MAX_PLANNED_PARTS));
        // With some room for what is not of the largest track, a work unit is a part.
        let work_unit = smallest.work_unit.max(if part > smallest.part { part.saturating_add(part / 4) } else { 0 });
        (work_unit <= largest_work_unit.max(smallest.work_unit)).then_some(Self { part, work_unit })
    }
}

/// Cuts the tracks of a plan into parts, work unit by work unit.
#[derive(Debug, Clone)]
pub struct PartPlanner {
    smallest: u64,
    tracks: Vec<Track>,
}

/// How far a track is.
#[derive(Debug, Clone, Copy)]
struct Track {
    /// The part that is open, or that comes next.
    part: u16,
    /// Bytes of the part that is open, if one is.
    open: Option<u64>,
}

impl PartPlanner {
    /// Nothing cut yet, into parts of `smallest` bytes and more.
    #[must_use]
    pub fn new(smallest: u64) -> Self {
        Self { smallest, tracks: Vec::new() }
    }

    /// The spans of the next work unit, in the order of tracks and segments.
    pub fn plan_work_unit(&mut self, work_unit: &WorkUnit) -> Vec<PartSpan> {
        self.tracks.resize(self.tracks.len().max(work_unit.tracks.len()), Track { part: 1, open: Some(0) });
        let mut spans = Vec::new();
        for (track, own) in (0..).zip(&mut self.tracks) {
            let segments = work_unit.segments.iter().filter(|segment| segment.track == track);
            // Text may be written in fewer bytes than it has in the source: little as it is, all of it is one part.
            let is_text = work_unit.tracks.get(usize::from(track)).is_some_and(|own| own.text.is_some());
            let payload = |segment: &SegmentPlan| if is_text { 0 } else { segment.payload_bytes() };
            let payloads: Vec<u64> = segments.map(payload).collect();
            spans.extend(own.cut(&payloads, self.smallest).map(|(part, segments, whole)| {
                // A work unit has at most a thousand segments.
                PartSpan { track, part, segments: u16::try_from(segments).unwrap_or(u16::MAX), whole }
            }));
        }
        spans
    }

    /// How many parts each track has come to.
    pub fn part_counts(&self) -> impl Iterator<Item = u16> {
        self.tracks.iter().map(|own| if own.open.is_some() { own.part } else { own.part.saturating_sub(1) })
    }
}

impl Track {
    /// Part, segments and wholeness of each span of segments with these payloads.
    fn cut(&mut self, payloads: &[u64], smallest: u64) -> impl Iterator<Item = (u16, usize, bool)> + use<> {
        let mut rest = payloads;
        let mut spans = Vec::new();
        if let Some(mut bytes) = self.open {
            let taken = rest.iter().take_while(|payload| {
                let is_open = bytes < smallest;
                bytes += if is_open { **payload } else { 0 };
                is_open
            });
            let taken = taken.count();
            spans.push((self.part, taken, false));
            rest = rest.get(taken..).unwrap_or_default();
            self.open = Some(bytes);
            if bytes >= smallest {
                self.close();
            }
        }
        if self.open.is_none() {
            let bytes = rest.iter().sum();
            let whole = bytes >= smallest;
            spans.push((self.part, rest.len(), whole));
            match whole {
                true => self.close(),
                false if !rest.is_empty() => self.open = Some(bytes),
                false => {}
            }
        }
        spans.into_iter().filter(|(_, segments, _)| *segments > 0)
    }

    fn close(&mut self) {
        self.open = None;
        self.part = self.part.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(work_units: &[&[u64]], smallest: u64) -> Vec<Vec<(u16, usize, bool)>> {
        let mut track = Track { part: 1, open: Some(0) };
        work_units.iter().map(|payloads| track.cut(payloads, smallest).collect()).collect()
    }

    #[test]
    fn the_first_segments_wait_for_the_head_and_each_work_unit_is_then_a_part() {
        let spans = cut(&[&[4, 4, 4, 4], &[4, 4, 4, 4], &[3]], 5);
        assert_eq!(spans, [vec![(1, 2, false), (2, 2, true)], vec![(3, 4, true)], vec![(4, 1, false)]]);
    }

    #[test]
    fn small_shares_of_many_work_units_are_gathered() {
        let spans = cut(&[&[2], &[], &[2], &[2], &[2], &[9, 9]], 5);
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
        assert_eq!(work_unit(256 << 30, 200 << 20), 200, "what is asked for is never made smaller");
    }

    proptest! {
        #[test]
        fn every_segment_is_in_one_part_and_only_the_last_part_may_be_small(
            work_units in prop::collection::vec(prop::collection::vec(0_u64..12, 0..6), 1..12), smallest in 1_u64..20,
        ) {
            let borrowed: Vec<&[u64]> = work_units.iter().map(Vec::as_slice).collect();
            let spans = cut(&borrowed, smallest);
            let mut parts: Vec<(u64, Vec<bool>)> = Vec::new();
            for (payloads, spans) in work_units.iter().zip(&spans) {
                prop_assert_eq!(spans.iter().map(|(_, segments, _)| segments).sum::<usize>(), payloads.len());
                let mut rest = payloads.as_slice();
                for (part, segments, whole) in spans {
                    let (own, behind) = rest.split_at(*segments);
                    rest = behind;
                    let part = usize::from(*part);
                    prop_assert!(part == parts.len() || part == parts.len() + 1, "parts follow one another");
                    parts.resize(part, (0, vec![]));
                    parts[part - 1].0 += own.iter().sum::<u64>();
                    parts[part - 1].1.push(*whole);
                }
            }
            for (position, (bytes, whole)) in parts.iter().enumerate() {
                prop_assert!(*bytes >= smallest || position + 1 == parts.len(), "part {} has {bytes}", position + 1);
                prop_assert!(!whole.contains(&true) || whole.len() == 1, "a whole part is one span");
            }
            prop_assert!(parts.first().is_none_or(|(_, whole)| !whole.contains(&true)), "the head has a place");
        }
    }
}
