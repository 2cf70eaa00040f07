//! The size of a segment.

use serde::{Deserialize, Serialize};

/// The size of a segment, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentSize {
    /// The whole segment.
    pub bytes: u64,
    /// The bytes from the start of the segment to the end of its first sample: what a player reads to show one frame.
    pub first_sample_end: u64,
}
