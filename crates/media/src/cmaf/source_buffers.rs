//! The source bytes of a work unit, and the location of samples in them.
//!
//! Nothing here copies media. A [`ByteSpan`] locates bytes in the buffers that were read. Writers borrow those bytes. The
//! encryptor borrows all spans to encrypt in one call, as disjoint mutable slices.

use std::iter::repeat;
use std::ops::Range;

use super::work_unit::{SegmentPlan, SourceRange, WorkUnit};
use crate::number::u64_of;
use crate::{Error, Result};

/// The error of a plan whose samples and extents contradict each other.
pub(super) const MISFIT: Error = Error::BadPlan { reason: "the samples of a segment do not fill its extents" };

/// The location of a buffer: the position of the source, and the offset in it.
type Location = (u16, u64);

/// The location of a buffer that is not in any source. It sorts after all others.
const NOWHERE: Location = (u16::MAX, u64::MAX);

/// The source bytes of a work unit: one buffer for each range.
#[derive(Debug)]
pub struct SourceBuffers {
    buffers: Vec<(Location, Vec<u8>)>,
}

impl SourceBuffers {
    /// Takes the bytes that were read for each range of the work unit.
    ///
    /// # Errors
    /// [`Error::SourceMismatch`] if the number of buffers, or the length of one, differs from the ranges.
    pub fn new(work_unit: &WorkUnit, buffers: Vec<Vec<u8>>) -> Result<Self> {
        let lengths = work_unit.ranges.iter().map(SourceRange::length);
        if !lengths.eq(buffers.iter().map(|buffer| u64_of(buffer.len()))) {
            return Err(Error::SourceMismatch { reason: "a range that was read from the source has another length" });
        }
        let locations = work_unit.ranges.iter().map(|range| (range.input, range.bytes.start));
        Ok(Self { buffers: locations.zip(buffers).collect() })
    }

    /// Takes the payload of a single segment.
    pub(super) fn of_payload(payload: Vec<u8>) -> Self {
        Self { buffers: vec![((0, 0), payload)] }
    }

    /// Returns the buffers, to be reused for the next work unit.
    #[must_use]
    pub fn into_buffers(self) -> Vec<Vec<u8>> {
        self.buffers.into_iter().map(|(_, buffer)| buffer).collect()
    }

    /// Locates `bytes` bytes at `offset` of a source.
    pub(super) fn locate(&self, input: u16, offset: u64, bytes: u64) -> Result<ByteSpan> {
        let after = self.buffers.partition_point(|(start, _)| *start <= (input, offset));
        let found = after.checked_sub(1).and_then(|buffer| {
            let ((source, start), held) = self.buffers.get(buffer)?;
            let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
            let to = from.checked_add(usize::try_from(bytes).ok()?)?;
            (*source == input && to <= held.len()).then_some(ByteSpan { buffer, range: from..to })
        });
        // A sample without bytes may be located anywhere.
        let empty = || (bytes == 0).then_some(ByteSpan::EMPTY);
        found
            .or_else(empty)
            .ok_or(Error::SourceMismatch { reason: "the ranges of the work unit do not contain its samples" })
    }

    /// Copies the bytes of each segment that shares bytes with another one, so that each segment can be encrypted separately.
    /// A movie may store the same bytes once for several samples, such as a silence.
    pub(super) fn copy_overlaps(&mut self, payloads: &mut [Vec<ByteSpan>]) {
        let mut spans: Vec<_> =
            (0..).zip(&*payloads).flat_map(|(segment, payload)| payload.iter().zip(repeat(segment))).collect();
        spans.sort_by_key(|(span, _)| span.start());
        let mut overlapping: Vec<usize> = Vec::new();
        let mut end = (0, 0);
        for (span, segment) in spans.into_iter().filter(|(span, _)| span.len() > 0) {
            overlapping.extend((span.start() < end).then_some(segment));
            end = end.max((span.buffer, span.range.end));
        }
        overlapping.sort_unstable();
        overlapping.dedup();
        for segment in overlapping {
            let Some(payload) = payloads.get_mut(segment) else { continue };
            let buffer = self.buffers.len();
            let mut copy = Vec::new();
            for span in payload {
                let start = copy.len();
                copy.extend_from_slice(self.bytes(span));
                *span = ByteSpan::new(buffer, start..copy.len());
            }
            self.buffers.push((NOWHERE, copy));
        }
    }

    pub(super) fn bytes(&self, span: &ByteSpan) -> &[u8] {
        self.buffers.get(span.buffer).and_then(|(_, buffer)| buffer.get(span.range.clone())).unwrap_or_default()
    }

    /// Borrows the bytes of `spans`, which must be non-empty, ascending and disjoint, as mutable slices.
    ///
    /// # Errors
    /// [`Error::BadPlan`] if they are not: see [`copy_overlaps`](Self::copy_overlaps).
    pub(super) fn disjoint<'s>(&'s mut self, spans: &[ByteSpan]) -> Result<Vec<&'s mut [u8]>> {
        let mut slices = Vec::with_capacity(spans.len());
        let mut spans = spans.iter().peekable();
        for (number, (_, buffer)) in self.buffers.iter_mut().enumerate() {
            let (mut rest, mut position) = (buffer.as_mut_slice(), 0_usize);
            while let Some(span) = spans.next_if(|span| span.buffer == number) {
                let gap = span.range.start.checked_sub(position).ok_or(MISFIT)?;
                let (_, from_span) = rest.split_at_mut_checked(gap).ok_or(MISFIT)?;
                let (slice, after) = from_span.split_at_mut_checked(span.range.len()).ok_or(MISFIT)?;
                slices.push(slice);
                (rest, position) = (after, span.range.end);
            }
        }
        spans.next().map_or(Ok(slices), |_| Err(MISFIT))
    }
}

/// A span of bytes in a [`SourceBuffers`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByteSpan {
    buffer: usize,
    range: Range<usize>,
}

impl ByteSpan {
    const EMPTY: Self = Self { buffer: 0, range: 0..0 };

    pub(super) fn new(buffer: usize, range: Range<usize>) -> Self {
        Self { buffer, range }
    }

    /// Returns the number of bytes.
    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// Returns the start, as a key that sorts spans in the order of their bytes.
    pub(super) fn start(&self) -> (usize, usize) {
        (self.buffer, self.range.start)
    }

    /// Returns the part of the span at `range`, relative to its start.
    pub(super) fn within(&self, range: &Range<usize>) -> Self {
        // A position in memory does not overflow. A span outside its buffer is refused by `disjoint`.
        let at = |position: usize| self.range.start.saturating_add(position);
        Self { buffer: self.buffer, range: at(range.start)..at(range.end) }
    }
}

/// Calls `f` with the span and the file offset of each sample of a segment whose extents are at `payload`.
///
/// # Errors
/// [`Error::BadPlan`] if the samples do not fill the extents, and any error of `f`.
pub(super) fn each_sample(
    plan: &SegmentPlan,
    payload: &[ByteSpan],
    mut f: impl FnMut(ByteSpan, u64) -> Result<()>,
) -> Result<()> {
    let mut samples = plan.samples.iter();
    for (extent, span) in plan.extents.iter().zip(payload) {
        let (mut start, mut offset) = (span.range.start, extent.offset);
        while start < span.range.end {
            let size = samples.next().map(|sample| sample.size).ok_or(MISFIT)?;
            let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
            let end = end.filter(|end| *end <= span.range.end).ok_or(MISFIT)?;
            f(ByteSpan { buffer: span.buffer, range: start..end }, offset)?;
            (start, offset) = (end, offset.checked_add(u64::from(size)).ok_or(MISFIT)?);
        }
    }
    // Samples without bytes may follow the last extent.
    samples.try_for_each(|sample| if sample.size == 0 { f(ByteSpan::EMPTY, 0) } else { Err(MISFIT) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(buffers: &[&[u8]]) -> SourceBuffers {
        SourceBuffers { buffers: (0..).zip(buffers).map(|(input, buffer)| ((input, 0), buffer.to_vec())).collect() }
    }

    fn span(buffer: usize, range: Range<usize>) -> ByteSpan {
        ByteSpan { buffer, range }
    }

    #[test]
    fn disjoint_spans_are_borrowed_together() {
        let mut source = source(&[b"one and two", b"three"]);
        let spans = [span(0, 0..3), span(0, 3..4), span(0, 8..11), span(1, 0..5)];
        let slices = source.disjoint(&spans).unwrap();
        assert_eq!(slices, [b"one".as_slice(), b" ", b"two", b"three"]);
    }

    #[test]
    fn spans_that_overlap_or_are_outside_a_buffer_are_a_bad_plan() {
        let mut source = source(&[b"one and two", b"three"]);
        for spans in [
            [span(0, 0..4), span(0, 3..5)],
            [span(0, 4..5), span(0, 0..1)],
            [span(1, 0..5), span(0, 0..3)],
            [span(0, 0..3), span(0, 8..12)],
            [span(1, 4..5), span(2, 0..1)],
        ] {
            assert_eq!(source.disjoint(&spans).unwrap_err().code(), "bad_plan");
        }
    }
}
