//! A work unit's segments, dealt out to the spans they are written in.
//!
//! Segments of a single file are not objects of their own: those of a span (see [`crate::domain::part_plan`]) are written together. They
//! become whole in the order in which their bytes arrive, and a span is written as soon as its last one is there.

use vpp_media::cmaf::{PackagedSegment, RepresentationId, SegmentId, WorkUnit};

use crate::domain::part_plan::PartSpan;
use crate::domain::receipt::SegmentReceipt;
use crate::error::Error;
use crate::ports::Body;

const MISFIT: &str = "the spans of a work unit are not those of its segments";

/// A segment that is segment: what its receipt says, and its bytes.
#[derive(Debug)]
pub(crate) struct EncryptedSegment {
    pub(crate) receipt: SegmentReceipt,
    pub(crate) body: Body,
}

impl EncryptedSegment {
    /// A segment that is written with others, and has no digest of its own.
    pub(crate) fn of(packaged: PackagedSegment) -> Self {
        let receipt = SegmentReceipt { id: packaged.segment.id, size: packaged.segment.size(), digest: None };
        Self { receipt, body: packaged.into_bytes().into_iter().collect() }
    }
}

/// A span whose segments are all there.
#[derive(Debug)]
pub(crate) struct AssembledSpan {
    pub(crate) span: PartSpan,
    pub(crate) representation: RepresentationId,
    pub(crate) receipts: Vec<SegmentReceipt>,
    pub(crate) body: Body,
}

/// The spans of a work unit, as far as they are there.
#[derive(Debug)]
pub(crate) struct PartAssembler {
    open: Vec<PendingSpan>,
}

/// A span that waits for segments.
#[derive(Debug)]
struct PendingSpan {
    span: PartSpan,
    representation: RepresentationId,
    /// Its segments, as far as they have arrived.
    segments: Vec<(SegmentId, Option<EncryptedSegment>)>,
}

impl PartAssembler {
    /// Waits for the segments of `work unit`: every segment goes to one span.
    pub(crate) fn new(spans: &[PartSpan], work_unit: &WorkUnit) -> Result<Self, Error> {
        let misfit = || Error::permanent("bad_plan", MISFIT);
        let mut open: Vec<PendingSpan> = Vec::new();
        for span in spans {
            let track = work_unit.tracks.get(usize::from(span.track)).ok_or_else(misfit)?;
            let earlier = open.iter().filter(|pending| pending.span.track == span.track);
            let dealt: usize = earlier.map(|pending| pending.segments.len()).sum();
            let own = work_unit.segments.iter().filter(|segment| segment.track == span.track);
            let own = own.skip(dealt).take(usize::from(span.segments));
            let representation = track.representation;
            let id = |number| SegmentId { representation, number };
            let segments = own.map(|segment| (id(segment.number), None)).collect();
            open.push(PendingSpan { span: *span, representation, segments });
        }
        let dealt: usize = open.iter().map(|pending| pending.segments.len()).sum();
        if dealt == work_unit.segments.len() { Ok(Self { open }) } else { Err(misfit()) }
    }

    /// Takes a segment; returns its span if that has all of its segments by it.
    pub(crate) fn take(&mut self, segment: EncryptedSegment) -> Option<AssembledSpan> {
        let (position, place) = self.open.iter().enumerate().find_map(|(position, pending)| {
            let place = pending.segments.iter().position(|(id, _)| *id == segment.receipt.id)?;
            Some((position, place))
        })?;
        let pending = self.open.get_mut(position)?;
        pending.segments.get_mut(place)?.1 = Some(segment);
        if pending.segments.iter().any(|(_, segment)| segment.is_none()) {
            return None;
        }
        let PendingSpan { span, representation, segments } = self.open.swap_remove(position);
        let (mut receipts, mut body) = (Vec::new(), Body::default());
        for segment in segments.into_iter().filter_map(|(_, segment)| segment) {
            receipts.push(segment.receipt);
            body.extend(segment.body);
        }
        Some(AssembledSpan { span, representation, receipts, body })
    }
}
