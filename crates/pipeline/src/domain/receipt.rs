//! The receipt of a work unit: what was read from the source, and what was written to the output bucket.

use vpp_media::cmaf::{RepresentationId, SegmentId, SegmentSize};

use crate::domain::object::{Digest, ETag};
use crate::domain::resource_usage::ResourceUsage;

/// The receipt of one work unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Number of the work unit, from 0.
    pub work_unit: u32,
    /// Bytes read from the source.
    pub bytes_read: u64,
    /// The work unit's segments.
    pub segments: Vec<SegmentReceipt>,
    /// The parts of single files that the segments were written in; empty when each segment is an object.
    pub parts: Vec<PartReceipt>,
    /// The representations of which the work unit encrypted bytes: of a track whose samples are all too small for a block of
    /// `cbcs` it encrypts nothing. `None` in receipts of earlier releases.
    pub encrypted: Option<Vec<RepresentationId>>,
    /// Resource usage of the work.
    pub usage: ResourceUsage,
}

impl Receipt {
    /// Returns the number of bytes written: the sum of the parts, or of the segments.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        if self.parts.is_empty() {
            return self.segments.iter().map(|segment| segment.size.bytes).sum();
        }
        self.parts.iter().map(|part| part.bytes).sum()
    }
}

/// A segment that the origin made on demand. It is in no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeSegment {
    /// Bytes read from the source.
    pub bytes_read: u64,
    /// Bytes written to the output bucket.
    pub bytes_written: u64,
}

/// Consecutive segments of a single file that were written together: a part of the file, or a portion of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartReceipt {
    /// The representation.
    pub representation: RepresentationId,
    /// Length in bytes.
    pub bytes: u64,
    /// Digest of the bytes.
    pub digest: Digest,
    /// Location of the bytes.
    pub location: PartLocation,
}

/// The location of the bytes of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartLocation {
    /// The bytes are the whole file, with its header.
    File,
    /// The bytes were uploaded as this part of the file.
    Uploaded {
        /// The part's number.
        part: u16,
        /// The part's entity tag.
        etag: ETag,
    },
    /// The bytes are staged in the work bucket, to be uploaded with others as this part.
    Staged {
        /// The part's number.
        part: u16,
    },
}

/// One media segment in the output bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReceipt {
    /// The identity of the segment: its representation and number.
    pub id: SegmentId,
    /// Its size.
    pub size: SegmentSize,
    /// Digest of the bytes; `None` when the segment is not an object but written in a part.
    pub digest: Option<Digest>,
}
