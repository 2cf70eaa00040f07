//! Sizes of the segments as they were written: what manifests state rates by.

use super::plan::Presentation;
use crate::{Error, Result};

/// The size of a segment, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SegmentSize {
    /// The whole segment.
    pub bytes: u64,
    /// From its start to the end of its first sample: what a player that only wants a picture has to read.
    pub entry_bytes: u64,
}

/// The sizes of all segments of a presentation.
#[derive(Debug, Clone)]
pub struct SegmentSizes {
    /// Per representation, per segment; zero until known.
    sizes: Vec<Vec<SegmentSize>>,
}

impl SegmentSizes {
    /// Sizes not known yet, of the segments of `presentation`.
    #[must_use]
    pub fn new(presentation: &Presentation) -> Self {
        let unknown = |segments: usize| vec![SegmentSize::default(); segments];
        Self { sizes: presentation.representations.iter().map(|own| unknown(own.segments.len())).collect() }
    }

    /// Notes the size of segment `number` (from 1) of the representation called `name`.
    ///
    /// # Errors
    /// [`Error::BadPlan`] when the presentation has no such segment.
    pub fn set(&mut self, presentation: &Presentation, name: &str, number: u32, size: SegmentSize) -> Result<()> {
        let position = presentation.representations.iter().position(|own| own.name == name);
        let segment = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let slot = position.and_then(|position| self.sizes.get_mut(position)).zip(segment);
        let slot = slot.and_then(|(sizes, segment)| sizes.get_mut(segment));
        *slot.ok_or(Error::BadPlan { reason: "a segment was written that the presentation does not have" })? = size;
        Ok(())
    }

    /// The sizes of each representation of `presentation`, in order.
    ///
    /// # Errors
    /// [`Error::BadPlan`] when one is not known.
    pub fn known(&self, presentation: &Presentation) -> Result<&[Vec<SegmentSize>]> {
        let complete = self.sizes.len() == presentation.representations.len()
            && self.sizes.iter().flatten().all(|size| size.bytes > 0);
        if complete {
            Ok(&self.sizes)
        } else {
            Err(Error::BadPlan { reason: "the sizes of its segments are not all known" })
        }
    }
}
