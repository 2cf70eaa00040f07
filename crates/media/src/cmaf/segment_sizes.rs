//! The sizes of segments. Manifests derive bit rates and byte ranges from them.
//!
//! # One text before and after
//!
//! The plan already determines the sizes of most segments, so that manifests can be written before any segment is. Only one
//! figure is missing: the number of slices of each encrypted frame, each of which has an entry in the encryption's auxiliary
//! information. It is expected from the first frames ([`Representation::planned_sizes`]). A manifest states the planned sizes of
//! such a track plus [`ALLOWANCE`], and keeps them when the segments are written, if they are right: no rate is too low for what
//! was written, and none is more than 0.5 % too high. The manifests of a track for which they are not right state the written
//! sizes.

use super::identity::{RepresentationId, SegmentId};
use super::options::Layout;
use super::presentation::{Presentation, Representation};
use super::segment_size::SegmentSize;
use crate::track::TrackKind;
use crate::{Error, Result};

/// The part of a size, one in so many bytes, that is added to an expected size.
const ALLOWANCE: u64 = 400;

/// The part of a written size, one in so many bytes, by which a stated size may exceed it.
const TOLERANCE: u64 = 200;

/// The sizes of all segments of a presentation.
#[derive(Debug, Clone)]
pub struct SegmentSizes {
    /// The sizes of each representation, segment by segment; zero until known.
    sizes: Vec<(RepresentationId, Vec<SegmentSize>)>,
}

/// A representation and the sizes of all its segments.
#[derive(Debug, Clone, Copy)]
pub struct SizedRepresentation<'p> {
    /// The representation.
    pub representation: &'p Representation,
    /// The sizes, one for each segment.
    pub sizes: &'p [SegmentSize],
}

impl SegmentSizes {
    /// Creates sizes for the segments of `presentation`, all unknown.
    #[must_use]
    pub fn new(presentation: &Presentation) -> Self {
        let unknown = |representation: &Representation| {
            (representation.id, vec![SegmentSize::default(); representation.segments.len()])
        };
        Self { sizes: presentation.representations.iter().map(unknown).collect() }
    }

    /// Records the size of a segment.
    ///
    /// # Errors
    /// [`Error::BadPlan`] if the presentation does not have the segment.
    pub fn set(&mut self, segment: SegmentId, size: SegmentSize) -> Result<()> {
        let sizes = self.sizes.iter_mut().find(|(id, _)| *id == segment.representation);
        let position = usize::try_from(segment.number).ok().and_then(|number| number.checked_sub(1));
        let slot = sizes.zip(position).and_then(|((_, sizes), position)| sizes.get_mut(position));
        *slot.ok_or(Error::BadPlan { reason: "a segment was written that the presentation does not have" })? = size;
        Ok(())
    }

    /// Returns the sizes that the manifests of `presentation` state before its segments are written; unknown sizes in the
    /// single-file layout, in which every size is a byte range.
    #[must_use]
    pub fn planned(presentation: &Presentation) -> Self {
        if presentation.layout == Layout::SingleFile {
            return Self::new(presentation);
        }
        let stated = |of: &Representation| {
            let sizes = of.planned_sizes.iter().map(|planned| of.stated_size(*planned));
            (of.id, sizes.collect())
        };
        Self { sizes: presentation.representations.iter().map(stated).collect() }
    }

    /// Returns whether the manifests that were written before the segments are right for these sizes.
    #[must_use]
    pub fn are_as_planned(&self, presentation: &Presentation) -> bool {
        let is_right = |(id, written): &(RepresentationId, Vec<SegmentSize>)| {
            let of = presentation.representations.iter().find(|representation| representation.id == *id);
            of.is_some_and(|of| of.are_right(of.planned_sizes.iter().map(|planned| of.stated_size(*planned)), written))
        };
        presentation.layout == Layout::Segments && self.sizes.iter().all(is_right)
    }

    /// Returns the sizes that the manifests of `presentation` state when these sizes are written: the planned ones where they are
    /// right, so that the manifests remain as they were. Takes the planned sizes out of the presentation, which may have hundreds
    /// of thousands.
    #[must_use]
    pub fn stated(mut self, presentation: &mut Presentation) -> Self {
        for (id, written) in &mut self.sizes {
            let of = presentation.representations.iter_mut().find(|representation| representation.id == *id);
            let Some(of) = of else { continue };
            let mut planned = std::mem::take(&mut of.planned_sizes);
            planned.iter_mut().for_each(|size| *size = of.stated_size(*size));
            if of.are_right(planned.iter().copied(), written) {
                *written = planned;
            }
        }
        self
    }

    /// Returns each representation of `presentation` with its sizes.
    ///
    /// # Errors
    /// [`Error::BadPlan`] if the size of a segment is unknown.
    pub fn of<'p>(&'p self, presentation: &'p Presentation) -> Result<Vec<SizedRepresentation<'p>>> {
        let sized = |representation: &'p Representation| {
            let (_, sizes) = self.sizes.iter().find(|(id, _)| *id == representation.id)?;
            let complete = sizes.len() == representation.segments.len() && sizes.iter().all(|size| size.bytes > 0);
            complete.then_some(SizedRepresentation { representation, sizes })
        };
        let all: Option<Vec<_>> = presentation.representations.iter().map(sized).collect();
        all.ok_or(Error::BadPlan { reason: "the size of a segment is unknown" })
    }
}

impl Representation {
    /// Returns the size that manifests state before a segment of this `planned` size is written.
    fn stated_size(&self, planned: SegmentSize) -> SegmentSize {
        let allowance = if self.has_expected_sizes() { planned.bytes / ALLOWANCE } else { 0 };
        SegmentSize { bytes: planned.bytes.saturating_add(allowance), ..planned }
    }

    /// Returns whether its planned sizes depend on the expected number of slices.
    fn has_expected_sizes(&self) -> bool {
        self.kind == TrackKind::Video && self.encryption.is_some()
    }

    /// Returns whether manifests that state the `stated` sizes are right for the `written` ones.
    fn are_right(&self, stated: impl ExactSizeIterator<Item = SegmentSize>, written: &[SegmentSize]) -> bool {
        let is_right = |(stated, written): (SegmentSize, &SegmentSize)| match self.kind {
            TrackKind::Text | TrackKind::Audio => stated.bytes == written.bytes,
            // The first frame of a segment is a byte range in a playlist, which may end after it.
            TrackKind::Video => {
                let is_near = |stated: u64, written: u64| {
                    (written..=written.saturating_add(written / TOLERANCE)).contains(&stated)
                };
                is_near(stated.bytes, written.bytes) && is_near(stated.first_sample_end, written.first_sample_end)
            }
        };
        stated.len() == written.len() && stated.zip(written).all(is_right)
    }
}
