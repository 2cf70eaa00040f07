//! Assembles the segments of a work unit into part spans.
//!
//! Segments of a single file are not separate objects: the segments of a span (see [`crate::domain::part_plan`]) are written
//! together. Segments arrive in the order in which their last source bytes arrive. A span is complete as soon as its last
//! segment has arrived.

use vpp_media::cmaf::{PackagedSegment, RepresentationId, SegmentId, WorkUnit};

use crate::domain::part_plan::PartSpan;
use crate::domain::receipt::SegmentReceipt;
use crate::error::Error;
use crate::ports::Body;

const SPANS_MISMATCH: &str = "the part spans of a work unit do not match its segments";

/// An encrypted segment: its receipt and its bytes.
#[derive(Debug)]
pub(crate) struct EncryptedSegment {
    pub(crate) receipt: SegmentReceipt,
    pub(crate) body: Body,
}

impl EncryptedSegment {
    /// Creates the segment with a receipt that has no digest yet.
    pub(crate) fn of(packaged: PackagedSegment) -> Self {
        let receipt = SegmentReceipt { id: packaged.segment.id, size: packaged.segment.size(), digest: None };
        Self { receipt, body: packaged.into_bytes().into_iter().collect() }
    }
}

/// A complete span.
#[derive(Debug)]
pub(crate) struct AssembledSpan {
    pub(crate) span: PartSpan,
    pub(crate) representation: RepresentationId,
    pub(crate) receipts: Vec<SegmentReceipt>,
    pub(crate) body: Body,
}

/// Assembles the spans of one work unit.
#[derive(Debug)]
pub(crate) struct PartAssembler {
    pending: Vec<PendingSpan>,
}

/// A span with missing segments.
#[derive(Debug)]
struct PendingSpan {
    span: PartSpan,
    representation: RepresentationId,
    /// Its segments; `None` for a segment that has not arrived.
    segments: Vec<(SegmentId, Option<EncryptedSegment>)>,
}

impl PartAssembler {
    /// Creates an assembler for the spans of `work_unit`.
    ///
    /// # Errors
    /// When not every segment belongs to a span.
    pub(crate) fn new(spans: &[PartSpan], work_unit: &WorkUnit) -> Result<Self, Error> {
        let mismatch = || Error::permanent("bad_plan", SPANS_MISMATCH);
        let mut pending: Vec<PendingSpan> = Vec::new();
        for span in spans {
            let track = work_unit.tracks.get(usize::from(span.track)).ok_or_else(mismatch)?;
            let earlier = pending.iter().filter(|pending| pending.span.track == span.track);
            let assigned: usize = earlier.map(|pending| pending.segments.len()).sum();
            let segments = work_unit.segments.iter().filter(|segment| segment.track == span.track);
            let segments = segments.skip(assigned).take(usize::from(span.segments));
            let representation = track.representation;
            let id = |number| SegmentId { representation, number };
            let segments = segments.map(|segment| (id(segment.number), None)).collect();
            pending.push(PendingSpan { span: *span, representation, segments });
        }
        let assigned: usize = pending.iter().map(|pending| pending.segments.len()).sum();
        if assigned == work_unit.segments.len() { Ok(Self { pending }) } else { Err(mismatch()) }
    }

    /// Adds a segment. Returns its span if the span is now complete.
    pub(crate) fn add(&mut self, segment: EncryptedSegment) -> Option<AssembledSpan> {
        let (position, place) = self.pending.iter().enumerate().find_map(|(position, pending)| {
            let place = pending.segments.iter().position(|(id, _)| *id == segment.receipt.id)?;
            Some((position, place))
        })?;
        let pending = self.pending.get_mut(position)?;
        pending.segments.get_mut(place)?.1 = Some(segment);
        if pending.segments.iter().any(|(_, segment)| segment.is_none()) {
            return None;
        }
        let PendingSpan { span, representation, segments } = self.pending.swap_remove(position);
        let (mut receipts, mut body) = (Vec::new(), Body::default());
        for segment in segments.into_iter().filter_map(|(_, segment)| segment) {
            receipts.push(segment.receipt);
            body.extend(segment.body);
        }
        Some(AssembledSpan { span, representation, receipts, body })
    }
}
