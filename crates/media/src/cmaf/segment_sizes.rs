//! The sizes of the segments as they were written. Manifests derive bit rates and byte ranges from them.

use super::identity::{RepresentationId, SegmentId};
use super::presentation::{Presentation, Representation};
use crate::{Error, Result};

/// The size of a segment, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SegmentSize {
    /// The whole segment.
    pub bytes: u64,
    /// The bytes from the start of the segment to the end of its first sample: what a player reads to show one frame.
    pub first_sample_end: u64,
}

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
