//! A media segment: its boxes, and the source bytes that follow them.

use super::identity::SegmentId;
use super::segment_size::SegmentSize;
use super::source_buffers::{ByteSpan, SourceBuffers};
use crate::number::u64_of;

/// A media segment, ready to be written.
///
/// It consists of a head, which is all boxes up to the payload of `mdat`, and of the spans of the source buffers that follow the
/// head. So a segment can be written without copying its media.
#[derive(Debug)]
pub struct Segment {
    /// Its identity in the package.
    pub id: SegmentId,
    /// The number of its samples of which bytes are encrypted. A sample may be too small: `cbcs` encrypts whole blocks only.
    pub encrypted_samples: u32,
    pub(super) head: Vec<u8>,
    pub(super) payload: Vec<ByteSpan>,
    pub(super) first_sample_end: u64,
    pub(super) webvtt: Option<String>,
}

impl Segment {
    /// Returns the bytes in order, as slices for a vectored write. `source` are the buffers that the segment was packaged from.
    pub fn byte_slices<'s>(&'s self, source: &'s SourceBuffers) -> impl Iterator<Item = &'s [u8]> {
        std::iter::once(self.head.as_slice()).chain(self.payload.iter().map(|span| source.bytes(span)))
    }

    /// Returns the segment as a WebVTT text file, for HLS. Only WebVTT segments have one.
    #[must_use]
    pub fn webvtt(&self) -> Option<&str> {
        self.webvtt.as_deref()
    }

    /// Returns the size of the segment, in total and up to the end of its first sample.
    #[must_use]
    pub fn size(&self) -> SegmentSize {
        SegmentSize { bytes: u64_of(self.length()), first_sample_end: self.first_sample_end }
    }

    /// Copies the bytes into one buffer.
    #[must_use]
    pub fn to_vec(&self, source: &SourceBuffers) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length());
        self.byte_slices(source).for_each(|slice| bytes.extend_from_slice(slice));
        bytes
    }

    /// Returns the head and the payload of a segment whose `source` contains only that payload.
    pub(super) fn into_bytes(self, source: SourceBuffers) -> [Vec<u8>; 2] {
        // The head of a rewritten segment contains the payload.
        let payload = source.into_buffers().into_iter().next().filter(|_| !self.payload.is_empty());
        [self.head, payload.unwrap_or_default()]
    }

    /// Returns the number of bytes.
    fn length(&self) -> usize {
        // All of them are in memory.
        self.payload.iter().map(ByteSpan::len).fold(self.head.len(), usize::saturating_add)
    }
}
