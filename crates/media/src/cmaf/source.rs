//! The source bytes of a work unit, and where samples lie in them.
//!
//! Nothing here copies media. A [`Piece`] names bytes of the buffers that were read; whoever writes them to disk is lent those
//! bytes, and whoever encrypts them is lent all the stretches that are to be encrypted at once, each apart from the others.

use std::iter::repeat;
use std::ops::Range;

use super::plan::{SegmentPlan, SourceRange, WorkUnit};
use crate::{Error, Result};

/// The source bytes of a work unit: one buffer per range.
#[derive(Debug)]
pub struct SourceBuffers {
    /// Where each range begins: the source, and the offset in it.
    parts: Vec<((u16, u64), Vec<u8>)>,
}

impl SourceBuffers {
    /// Takes the bytes read for each of the work unit's ranges.
    ///
    /// # Errors
    /// [`Error::SourceMismatch`] when they are not as many, or not as long, as the ranges.
    pub fn new(work_unit: &WorkUnit, parts: Vec<Vec<u8>>) -> Result<Self> {
        let lengths = work_unit.ranges.iter().map(SourceRange::length);
        if !lengths.eq(parts.iter().map(|part| u64::try_from(part.len()).unwrap_or(u64::MAX))) {
            return Err(Error::SourceMismatch { reason: "a range read from the source has another length" });
        }
        Ok(Self { parts: work_unit.ranges.iter().map(|range| (range.input, range.bytes.start)).zip(parts).collect() })
    }

    /// The payload of one segment.
    pub(super) fn of_payload(payload: Vec<u8>) -> Self {
        Self { parts: vec![((0, 0), payload)] }
    }

    /// Gives the buffers back, to be read into again.
    #[must_use]
    pub fn into_parts(self) -> Vec<Vec<u8>> {
        self.parts.into_iter().map(|(_, part)| part).collect()
    }

    /// Where `bytes` bytes at `offset` of a source lie.
    pub(super) fn locate(&self, input: u16, offset: u64, bytes: u64) -> Result<Piece> {
        let part = self.parts.partition_point(|(start, _)| *start <= (input, offset)).saturating_sub(1);
        let found = self.parts.get(part).filter(|((source, _), _)| *source == input).and_then(|((_, start), held)| {
            let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
            let to = from.checked_add(usize::try_from(bytes).ok()?)?;
            (to <= held.len()).then_some(Piece { part, range: from..to })
        });
        // A sample without bytes lies nowhere in particular.
        let nowhere = || (bytes == 0).then_some(Piece { part, range: 0..0 });
        found.or_else(nowhere).ok_or(Error::SourceMismatch { reason: "the work unit's ranges do not hold its samples" })
    }

    /// Gives segments that share bytes with others a copy of theirs, so that each can be encrypted by itself. A movie may name
    /// the same bytes several times over, as a silence that is stored once.
    pub(super) fn unshare(&mut self, bodies: &mut [Vec<Piece>]) {
        let mut pieces: Vec<_> = (0..).zip(&*bodies).flat_map(|(own, body)| body.iter().zip(repeat(own))).collect();
        pieces.sort_by_key(|(piece, _)| piece.start());
        let mut shared: Vec<usize> = Vec::new();
        let mut end = (0, 0);
        for (piece, own) in pieces.into_iter().filter(|(piece, _)| piece.len() > 0) {
            shared.extend((piece.start() < end).then_some(own));
            end = end.max((piece.part, piece.range.end));
        }
        shared.sort_unstable();
        shared.dedup();
        for own in shared {
            let Some(body) = bodies.get_mut(own) else { continue };
            let part = self.parts.len();
            let mut copy = Vec::new();
            for piece in body {
                let start = copy.len();
                copy.extend_from_slice(self.bytes(piece));
                *piece = Piece::new(part, start..copy.len());
            }
            self.parts.push(((u16::MAX, u64::MAX), copy));
        }
    }

    pub(super) fn bytes(&self, piece: &Piece) -> &[u8] {
        self.parts.get(piece.part).and_then(|(_, part)| part.get(piece.range.clone())).unwrap_or_default()
    }

    /// The bytes of `pieces`, which are not empty, in ascending order, and apart: each to be written to by itself.
    ///
    /// # Errors
    /// [`Error::BadPlan`] when they are not: see [`unshare`](Self::unshare).
    pub(super) fn apart<'s>(&'s mut self, pieces: &[Piece]) -> Result<Vec<&'s mut [u8]>> {
        let mut apart = Vec::with_capacity(pieces.len());
        let mut pieces = pieces.iter().peekable();
        for (number, (_, part)) in self.parts.iter_mut().enumerate() {
            let (mut rest, mut position) = (part.as_mut_slice(), 0_usize);
            while let Some(piece) = pieces.next_if(|piece| piece.part == number) {
                let gap = piece.range.start.checked_sub(position).ok_or(MISFIT)?;
                let (_, behind) = rest.split_at_mut_checked(gap).ok_or(MISFIT)?;
                let (own, behind) = behind.split_at_mut_checked(piece.range.len()).ok_or(MISFIT)?;
                apart.push(own);
                (rest, position) = (behind, piece.range.end);
            }
        }
        pieces.next().map_or(Ok(apart), |_| Err(MISFIT))
    }
}

/// Bytes of a [`SourceBuffers`], ordered as they lie there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    part: usize,
    range: Range<usize>,
}

impl Piece {
    pub(super) fn new(part: usize, range: Range<usize>) -> Self {
        Self { part, range }
    }

    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// Where they begin.
    pub(super) fn start(&self) -> (usize, usize) {
        (self.part, self.range.start)
    }

    /// Those in `range` of them.
    pub(super) fn within(&self, range: &Range<usize>) -> Self {
        let at = |position: usize| self.range.start.saturating_add(position);
        Self { part: self.part, range: at(range.start)..at(range.end) }
    }
}

/// Calls `f` with each sample of a segment whose extents lie at `body`: where the sample lies, and its offset in the file.
///
/// # Errors
/// [`Error::BadPlan`] when the samples do not fill the extents, and what `f` says.
pub(super) fn each_sample(
    plan: &SegmentPlan,
    body: &[Piece],
    mut f: impl FnMut(Piece, u64) -> Result<()>,
) -> Result<()> {
    let mut samples = plan.samples.iter();
    for (extent, piece) in plan.extents.iter().zip(body) {
        let (mut start, mut offset) = (piece.range.start, extent.offset);
        while start < piece.range.end {
            let size = samples.next().map(|sample| sample.size).ok_or(MISFIT)?;
            let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
            let end = end.filter(|end| *end <= piece.range.end).ok_or(MISFIT)?;
            f(Piece { part: piece.part, range: start..end }, offset)?;
            (start, offset) = (end, offset.saturating_add(u64::from(size)));
        }
    }
    // Samples without bytes at the end of the last extent.
    let nowhere = Piece { part: 0, range: 0..0 };
    samples.try_for_each(|sample| if sample.size == 0 { f(nowhere.clone(), 0) } else { Err(MISFIT) })
}

pub(super) const MISFIT: Error = Error::BadPlan { reason: "a segment's samples do not fill its extents" };

#[cfg(test)]
mod tests {
    use super::*;

    fn source(parts: &[&[u8]]) -> SourceBuffers {
        SourceBuffers { parts: (0..).zip(parts).map(|(input, part)| ((input, 0), part.to_vec())).collect() }
    }

    fn piece(part: usize, range: Range<usize>) -> Piece {
        Piece { part, range }
    }

    #[test]
    fn pieces_are_lent_apart_from_one_another() {
        let mut source = source(&[b"one and two", b"three"]);
        let pieces = [piece(0, 0..3), piece(0, 3..4), piece(0, 8..11), piece(1, 0..5)];
        let apart = source.apart(&pieces).unwrap();
        assert_eq!(apart, [b"one".as_slice(), b" ", b"two", b"three"]);
    }

    #[test]
    fn pieces_that_share_bytes_or_lie_outside_are_a_bad_plan() {
        let mut source = source(&[b"one and two", b"three"]);
        for pieces in [
            [piece(0, 0..4), piece(0, 3..5)],
            [piece(0, 4..5), piece(0, 0..1)],
            [piece(1, 0..5), piece(0, 0..3)],
            [piece(0, 0..3), piece(0, 8..12)],
            [piece(1, 4..5), piece(2, 0..1)],
        ] {
            assert_eq!(source.apart(&pieces).unwrap_err().code(), "bad_plan");
        }
    }
}
