//! Packaging while source bytes arrive.
//!
//! The payload of a segment is its samples, one after the other. Each segment has a buffer of that length from its first byte
//! on, and arriving bytes are copied into the buffers of their segments. As soon as a buffer is complete, the [`Packager`]
//! encrypts it and returns the segment. So for an interleaved movie, only the incomplete segments are in memory. The segments
//! are the same as those of [`package_work_unit`](super::package_work_unit), however the bytes are split on arrival.

use std::ops::Range;

use super::packager::Packager;
use super::segment::Segment;
use super::source_buffers::{ByteSpan, MISFIT, SourceBuffers};
use super::work_unit::{SegmentPlan, SourceRange, WorkUnit};
use crate::cenc::ContentKeys;
use crate::number::u64_of;
use crate::{Error, Result};

const EXCESS: Error = Error::SourceMismatch { reason: "more bytes arrived than a range of the work unit has" };

/// A packager for source bytes that are still arriving.
#[derive(Debug)]
pub struct StreamingPackager<'w> {
    packager: Packager<'w>,
    ranges: Vec<ArrivingRange>,
    segments: Vec<SegmentBuffer>,
}

/// A segment and its payload, ready to be written.
#[derive(Debug)]
pub struct PackagedSegment {
    /// The segment.
    pub segment: Segment,
    source: SourceBuffers,
}

impl PackagedSegment {
    /// Returns the bytes of the segment, in two buffers, one after the other.
    #[must_use]
    pub fn into_bytes(self) -> [Vec<u8>; 2] {
        self.segment.into_bytes(self.source)
    }
}

/// A range of the source that is arriving.
#[derive(Debug)]
struct ArrivingRange {
    /// Offset in the source of the next byte to arrive.
    next: u64,
    end: u64,
    /// The extents in the range, sorted by their offset.
    targets: Vec<ExtentTarget>,
    /// Number of targets that have started.
    started: usize,
    /// The targets that have started but not ended.
    open: Vec<usize>,
}

/// An extent of a segment: its location in the source, and its position in the payload of the segment.
#[derive(Debug)]
struct ExtentTarget {
    source: Range<u64>,
    segment: usize,
    position: usize,
}

/// The payload of an incomplete segment.
#[derive(Debug)]
struct SegmentBuffer {
    payload: Vec<u8>,
    missing: usize,
}

impl<'w> StreamingPackager<'w> {
    /// Prepares to receive the bytes of the ranges of a work unit.
    ///
    /// # Errors
    /// [`Error::SourceMismatch`] if `keys` do not contain the key of an encrypted track, [`Error::BadPlan`] if a segment has
    /// bytes outside the ranges.
    pub fn new(work_unit: &'w WorkUnit, keys: &ContentKeys) -> Result<Self> {
        let packager = Packager::new(work_unit, keys)?;
        let mut ranges: Vec<ArrivingRange> = work_unit.ranges.iter().map(ArrivingRange::new).collect();
        let mut segments = Vec::with_capacity(work_unit.segments.len());
        for (position, plan) in work_unit.segments.iter().enumerate() {
            segments.push(add_targets(plan, position, work_unit, &mut ranges)?);
        }
        ranges.iter_mut().for_each(|range| range.targets.sort_by_key(|target| target.source.start));
        Ok(Self { packager, ranges, segments })
    }

    /// Returns the segments that have no bytes in the source, such as some text segments. Call it once, before the first
    /// [`supply`](Self::supply).
    ///
    /// # Errors
    /// As [`supply`](Self::supply).
    pub fn empty_segments(&mut self) -> Result<Vec<PackagedSegment>> {
        let empty = self.segments.iter().enumerate().filter(|(_, buffer)| buffer.is_complete());
        let empty: Vec<usize> = empty.map(|(position, _)| position).collect();
        empty.into_iter().map(|position| self.package(position)).collect()
    }

    /// Takes the next bytes of a range, and returns the segments that they complete.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] if a sample does not parse, [`Error::SourceMismatch`] if more bytes arrive than the range has.
    pub fn supply(&mut self, range: usize, bytes: &[u8]) -> Result<Vec<PackagedSegment>> {
        let complete = self.ranges.get_mut(range).ok_or(EXCESS)?.take(bytes, &mut self.segments)?;
        complete.into_iter().map(|position| self.package(position)).collect()
    }

    /// Packages the complete segment at `position`.
    fn package(&mut self, position: usize) -> Result<PackagedSegment> {
        let plan = self.packager.work_unit().segments.get(position).ok_or(MISFIT)?;
        let buffer = self.segments.get_mut(position).ok_or(MISFIT)?;
        let mut source = SourceBuffers::of_payload(std::mem::take(&mut buffer.payload));
        let mut end = 0_usize;
        let spans = plan.extents.iter().map(|extent| {
            let start = end;
            end = usize::try_from(extent.bytes).ok().and_then(|bytes| start.checked_add(bytes)).ok_or(MISFIT)?;
            Ok(ByteSpan::new(0, start..end))
        });
        let payload = spans.collect::<Result<Vec<_>>>()?;
        let segment = self.packager.package_segment(plan, payload, &mut source)?;
        Ok(PackagedSegment { segment, source })
    }
}

/// Adds the extents of a segment to the ranges that contain them, and returns the buffer of the segment.
fn add_targets(
    plan: &SegmentPlan,
    segment: usize,
    work_unit: &WorkUnit,
    ranges: &mut [ArrivingRange],
) -> Result<SegmentBuffer> {
    const OUTSIDE: Error = Error::BadPlan { reason: "the ranges of a work unit do not contain its samples" };
    let input = work_unit.track_of(plan)?.input;
    let mut position = 0_usize;
    for extent in plan.extents.iter().filter(|extent| extent.bytes > 0) {
        let end = extent.offset.checked_add(extent.bytes).ok_or(OUTSIDE)?;
        let key = (input, extent.offset);
        let after = work_unit.ranges.partition_point(|range| (range.input, range.bytes.start) <= key);
        let index = after.checked_sub(1).ok_or(OUTSIDE)?;
        let contains = |range: &SourceRange| range.input == input && end <= range.bytes.end;
        let range = ranges.get_mut(index).filter(|_| work_unit.ranges.get(index).is_some_and(contains));
        range.ok_or(OUTSIDE)?.targets.push(ExtentTarget { source: extent.offset..end, segment, position });
        position = usize::try_from(extent.bytes).ok().and_then(|bytes| position.checked_add(bytes)).ok_or(OUTSIDE)?;
    }
    Ok(SegmentBuffer { payload: Vec::new(), missing: position })
}

impl ArrivingRange {
    fn new(range: &SourceRange) -> Self {
        let Range { start, end } = range.bytes;
        Self { next: start, end, targets: Vec::new(), started: 0, open: Vec::new() }
    }

    /// Copies `bytes` into the buffers of their segments; returns the segments that they complete.
    fn take(&mut self, bytes: &[u8], segments: &mut [SegmentBuffer]) -> Result<Vec<usize>> {
        let start = self.next;
        let end = start.checked_add(u64_of(bytes.len())).filter(|end| *end <= self.end).ok_or(EXCESS)?;
        self.next = end;
        let started = self.targets.partition_point(|target| target.source.start < end);
        self.open.extend(std::mem::replace(&mut self.started, started)..started);
        let mut complete = Vec::new();
        let (targets, open) = (&self.targets, std::mem::take(&mut self.open));
        for index in open {
            let target = targets.get(index).ok_or(MISFIT)?;
            let arrived = target.source.start.max(start)..target.source.end.min(end);
            let buffer = segments.get_mut(target.segment).ok_or(MISFIT)?;
            buffer.fill(target, &arrived, bytes.get(relative(&arrived, start)?).ok_or(MISFIT)?)?;
            complete.extend(buffer.is_complete().then_some(target.segment));
            if target.source.end > end {
                self.open.push(index);
            }
        }
        Ok(complete)
    }
}

impl SegmentBuffer {
    /// Copies the `arrived` part of an extent to its position.
    fn fill(&mut self, target: &ExtentTarget, arrived: &Range<u64>, bytes: &[u8]) -> Result<()> {
        if self.payload.is_empty() {
            self.payload = vec![0; self.missing];
        }
        let Range { start, end } = relative(arrived, target.source.start)?;
        let to = target.position.checked_add(start).zip(target.position.checked_add(end)).ok_or(MISFIT)?;
        self.payload.get_mut(to.0..to.1).ok_or(MISFIT)?.copy_from_slice(bytes);
        self.missing = self.missing.checked_sub(bytes.len()).ok_or(MISFIT)?;
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.missing == 0
    }
}

/// Returns `range` relative to `start`, as positions in memory.
fn relative(range: &Range<u64>, start: u64) -> Result<Range<usize>> {
    let position = |offset: u64| offset.checked_sub(start).and_then(|offset| usize::try_from(offset).ok());
    Ok(position(range.start).ok_or(MISFIT)?..position(range.end).ok_or(MISFIT)?)
}
