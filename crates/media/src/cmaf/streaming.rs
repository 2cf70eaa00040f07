//! The heart for bytes that are still arriving: *(work unit, key) and its source bytes, as they come → segments, as they are whole*.
//!
//! A segment's payload is its samples, one behind the other. Each segment has a buffer of that length from its first byte on,
//! and what arrives of a range is dealt out to the buffers it belongs to. A segment whose buffer is full is encrypted in it and
//! handed out, so of an interleaved movie no more is held than the segments that are not whole yet.
//! The bytes are those that [`package_work_unit`](super::package_work_unit) makes, whatever pieces the ranges arrive in.

use std::ops::Range;

use super::plan::{SegmentPlan, SourceRange, WorkUnit};
use super::segment::{Encryptor, Segment, package_segment};
use super::source::{MISFIT, Piece, SourceBuffers};
use crate::cenc::ContentKeys;
use crate::number::u64_of;
use crate::{Error, Result};

const FOREIGN: Error = Error::SourceMismatch { reason: "more bytes came than a range of the work unit has" };

/// Packages a work unit while its source bytes arrive.
#[derive(Debug)]
pub struct StreamingPackager<'s> {
    work_unit: &'s WorkUnit,
    encryptors: Vec<Option<Encryptor<'s>>>,
    ranges: Vec<Arriving>,
    segments: Vec<Gathering>,
}

/// A segment with its bytes.
#[derive(Debug)]
pub struct WholeSegment {
    /// What it is.
    pub segment: Segment,
    source: SourceBuffers,
}

impl WholeSegment {
    /// Its bytes, in two pieces, one behind the other.
    #[must_use]
    pub fn into_bytes(self) -> [Vec<u8>; 2] {
        self.segment.into_bytes(self.source)
    }
}

/// A range of the source, as far as it is there.
#[derive(Debug)]
struct Arriving {
    /// Offset in the source of the next byte.
    next: u64,
    end: u64,
    /// Where its bytes go, by where they lie.
    landings: Vec<Landing>,
    /// The landings before this one have begun.
    begun: usize,
    /// The landings that have begun and not ended.
    open: Vec<usize>,
}

/// An extent of a segment: where it lies in the source, and where in the segment's payload.
#[derive(Debug)]
struct Landing {
    source: Range<u64>,
    segment: usize,
    at: usize,
}

/// A segment that is not whole yet.
#[derive(Debug)]
struct Gathering {
    payload: Vec<u8>,
    missing: usize,
}

impl<'s> StreamingPackager<'s> {
    /// Prepares to take the bytes of a work unit's ranges.
    ///
    /// # Errors
    /// [`Error::SourceMismatch`] when `keys` lack that of an encrypted track, [`Error::BadPlan`] when a segment has bytes that
    /// lie in no range.
    pub fn new(work_unit: &'s WorkUnit, keys: &ContentKeys) -> Result<Self> {
        let encryptors = work_unit.tracks.iter().map(|track| Encryptor::new(track, keys)).collect::<Result<_>>()?;
        let mut ranges: Vec<Arriving> = work_unit.ranges.iter().map(Arriving::new).collect();
        let mut segments = Vec::with_capacity(work_unit.segments.len());
        for (position, plan) in work_unit.segments.iter().enumerate() {
            segments.push(land(plan, position, work_unit, &mut ranges)?);
        }
        ranges.iter_mut().for_each(|range| range.landings.sort_by_key(|landing| landing.source.start));
        Ok(Self { work_unit, encryptors, ranges, segments })
    }

    /// The segments that have no bytes in the source: those of text may be so. Asked for once, before any bytes are supplied.
    ///
    /// # Errors
    /// As [`supply`](Self::supply).
    pub fn empty(&mut self) -> Result<Vec<WholeSegment>> {
        let empty: Vec<usize> = self.segments.iter().enumerate().filter_map(|(at, own)| own.is_whole(at)).collect();
        empty.into_iter().map(|position| self.package(position)).collect()
    }

    /// Takes the next bytes of a range, and returns the segments that are whole by them.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] and the like when a sample does not parse; [`Error::SourceMismatch`] when more bytes come
    /// than the range has.
    pub fn supply(&mut self, range: usize, bytes: &[u8]) -> Result<Vec<WholeSegment>> {
        let whole = self.ranges.get_mut(range).ok_or(FOREIGN)?.take(bytes, &mut self.segments)?;
        whole.into_iter().map(|position| self.package(position)).collect()
    }

    fn package(&mut self, position: usize) -> Result<WholeSegment> {
        let plan = self.work_unit.segments.get(position).ok_or(MISFIT)?;
        let track = usize::from(plan.track);
        let encryptor = self.encryptors.get(track).and_then(Option::as_ref);
        let track = self.work_unit.tracks.get(track).ok_or(MISFIT)?;
        let payload = self.segments.get_mut(position).map(|own| std::mem::take(&mut own.payload)).unwrap_or_default();
        let mut source = SourceBuffers::of_payload(payload);
        let mut end = 0_usize;
        let extents = plan.extents.iter().map(|extent| {
            let start = end;
            end = usize::try_from(extent.bytes).ok().and_then(|bytes| start.checked_add(bytes)).ok_or(MISFIT)?;
            Ok(Piece::new(0, start..end))
        });
        let body = extents.collect::<Result<Vec<_>>>()?;
        let segment = package_segment(plan, track, encryptor, self.work_unit.layout, body, &mut source)?;
        Ok(WholeSegment { segment, source })
    }
}

/// Notes where the extents of a segment come from.
fn land(plan: &SegmentPlan, segment: usize, work_unit: &WorkUnit, ranges: &mut [Arriving]) -> Result<Gathering> {
    const NOWHERE: Error = Error::BadPlan { reason: "a work unit's ranges do not hold its samples" };
    let input = work_unit.tracks.get(usize::from(plan.track)).ok_or(MISFIT)?.input;
    let mut at = 0_usize;
    for extent in plan.extents.iter().filter(|extent| extent.bytes > 0) {
        let end = extent.offset.checked_add(extent.bytes).ok_or(NOWHERE)?;
        let key = (input, extent.offset);
        let behind = work_unit.ranges.partition_point(|range| (range.input, range.bytes.start) <= key);
        let position = behind.checked_sub(1).ok_or(NOWHERE)?;
        let holds = |range: &SourceRange| range.input == input && end <= range.bytes.end;
        let range = ranges.get_mut(position).filter(|_| work_unit.ranges.get(position).is_some_and(holds));
        range.ok_or(NOWHERE)?.landings.push(Landing { source: extent.offset..end, segment, at });
        at = usize::try_from(extent.bytes).ok().and_then(|bytes| at.checked_add(bytes)).ok_or(NOWHERE)?;
    }
    Ok(Gathering { payload: Vec::new(), missing: at })
}

impl Arriving {
    fn new(range: &SourceRange) -> Self {
        let Range { start, end } = range.bytes;
        Self { next: start, end, landings: Vec::new(), begun: 0, open: Vec::new() }
    }

    /// Deals `bytes` out; returns the segments that are whole by them.
    fn take(&mut self, bytes: &[u8], segments: &mut [Gathering]) -> Result<Vec<usize>> {
        let start = self.next;
        let end = start.checked_add(u64_of(bytes.len())).filter(|end| *end <= self.end).ok_or(FOREIGN)?;
        self.next = end;
        let behind = self.landings.partition_point(|landing| landing.source.start < end);
        self.open.extend(std::mem::replace(&mut self.begun, behind)..behind);
        let mut whole = Vec::new();
        let (landings, open) = (&self.landings, std::mem::take(&mut self.open));
        for position in open {
            let landing = landings.get(position).ok_or(MISFIT)?;
            let shared = landing.source.start.max(start)..landing.source.end.min(end);
            let gathering = segments.get_mut(landing.segment).ok_or(MISFIT)?;
            gathering.fill(landing, &shared, bytes.get(within(&shared, start)?).ok_or(MISFIT)?)?;
            whole.extend(gathering.is_whole(landing.segment));
            if landing.source.end > end {
                self.open.push(position);
            }
        }
        Ok(whole)
    }
}

impl Gathering {
    /// Puts the `shared` part of a landing where it belongs.
    fn fill(&mut self, landing: &Landing, shared: &Range<u64>, bytes: &[u8]) -> Result<()> {
        if self.payload.is_empty() {
            self.payload = vec![0; self.missing];
        }
        let Range { start, end } = within(shared, landing.source.start)?;
        let to = landing.at.checked_add(start).zip(landing.at.checked_add(end)).ok_or(MISFIT)?;
        self.payload.get_mut(to.0..to.1).ok_or(MISFIT)?.copy_from_slice(bytes);
        self.missing = self.missing.checked_sub(bytes.len()).ok_or(MISFIT)?;
        Ok(())
    }

    /// Its position, when nothing is missing.
    fn is_whole(&self, position: usize) -> Option<usize> {
        (self.missing == 0).then_some(position)
    }
}

/// `range` as positions in what begins at `start`.
fn within(range: &Range<u64>, start: u64) -> Result<Range<usize>> {
    let position = |offset: u64| offset.checked_sub(start).and_then(|offset| usize::try_from(offset).ok());
    Ok(position(range.start).ok_or(MISFIT)?..position(range.end).ok_or(MISFIT)?)
}
