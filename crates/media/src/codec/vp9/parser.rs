//! The parser of VP9 samples.

use std::ops::Range;

use super::superframe::frames;
use super::uncompressed_header::{ReferenceWidths, header_bytes};
use crate::number::Checked;
use crate::{Error, Result};

/// A parser of one segment's samples.
#[derive(Debug, Default)]
pub struct Vp9Parser {
    /// The frame widths of the reference slots. A key frame fills all slots.
    widths: ReferenceWidths,
}

impl Vp9Parser {
    /// Appends the ranges of `sample` that hold compressed data to `protected`, in order and disjoint.
    ///
    /// Call it on a segment's samples in decode order. `offset` is the sample's offset in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when an uncompressed header does not parse.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        for frame in frames(sample) {
            let bytes = sample.get(frame.clone()).unwrap_or_default();
            let header = header_bytes(bytes, &mut self.widths).ok_or(Error::MalformedSample {
                offset,
                reason: "an uncompressed header does not parse, or refers to a frame that its segment does not have",
            })?;
            let data = frame.start.checked_add(header).or_out_of_range("The length of a frame header")?..frame.end;
            if !data.is_empty() {
                protected.push(data);
            }
        }
        Ok(())
    }
}
