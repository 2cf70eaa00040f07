//! Work units: complete descriptions of what one worker packages.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::identity::{RepresentationId, SegmentId};
use super::options::Layout;
use crate::cenc::TrackEncryption;
use crate::codec::ProtectionRule;
use crate::text::TextTrack;
use crate::{Error, Result};

/// A unit of work: whole segments of all tracks, and the location of their bytes in the source. Apart from the keys, packaging
/// needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkUnit {
    /// Position among the work units, from 0.
    pub index: u32,
    /// The byte ranges to read, source by source, ascending and disjoint; one for an interleaved file.
    pub ranges: Vec<SourceRange>,
    /// All tracks of the package.
    pub tracks: Vec<WorkUnitTrack>,
    /// The segments, in the order of their windows.
    pub segments: Vec<SegmentPlan>,
    /// The files that segments are stored in.
    pub layout: Layout,
}

impl WorkUnit {
    /// Returns the number of bytes to read from the sources.
    #[must_use]
    pub fn source_bytes(&self) -> u64 {
        // The ranges are disjoint parts of files, so only a malformed plan reaches the maximum.
        self.ranges.iter().map(SourceRange::length).fold(0, u64::saturating_add)
    }

    /// Returns the track of a segment.
    ///
    /// # Errors
    /// [`Error::BadPlan`] if the work unit does not have it.
    pub fn track_of(&self, segment: &SegmentPlan) -> Result<&WorkUnitTrack> {
        let track = self.tracks.get(usize::from(segment.track));
        track.ok_or(Error::BadPlan { reason: "a segment belongs to a track that the work unit does not have" })
    }

    /// Returns the identity of a segment.
    ///
    /// # Errors
    /// [`Error::BadPlan`] if the work unit does not have its track.
    pub fn id_of(&self, segment: &SegmentPlan) -> Result<SegmentId> {
        Ok(SegmentId { representation: self.track_of(segment)?.representation, number: segment.number })
    }
}

/// A byte range of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRange {
    /// Position of the source among the movies of the package.
    pub input: u16,
    /// The range.
    pub bytes: Range<u64>,
}

impl SourceRange {
    /// Returns the number of bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        // A range that ends before it starts is empty.
        self.bytes.end.saturating_sub(self.bytes.start)
    }
}

/// The properties of a track that packaging its segments needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkUnitTrack {
    /// The representation that the track becomes.
    pub representation: RepresentationId,
    /// Position of its source among the movies of the package.
    pub input: u16,
    /// `track_ID` in the output.
    pub track_id: u32,
    /// Its encryption.
    pub encryption: Option<TrackEncryption>,
    /// The bytes of samples that may be encrypted, for each sample description.
    pub rules: Vec<ProtectionRule>,
    /// The coding of text.
    pub text: Option<TextTrack>,
    /// Whether the track meets CMAF, so that its segments may claim it.
    pub is_cmaf: bool,
}

/// A segment: one movie fragment of one track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentPlan {
    /// Position of the track in [`WorkUnit::tracks`].
    pub track: u16,
    /// The segment number, from 1.
    pub number: u32,
    /// Whether it is the last segment of its track.
    pub is_last: bool,
    /// Position of the sample description in [`WorkUnitTrack::rules`].
    pub description: u32,
    /// Position of the first sample in the track, from 0.
    pub first_sample: u32,
    /// `baseMediaDecodeTime`.
    pub decode_time: u64,
    /// The location of the samples in the source.
    pub extents: Vec<Extent>,
    /// The samples, in decode order.
    pub samples: Vec<PlannedSample>,
}

impl SegmentPlan {
    /// Returns the number of bytes of all samples. The boxes of the segment are not included.
    #[must_use]
    pub fn payload_bytes(&self) -> u64 {
        // Samples are parts of a file. For a malformed plan, the sum may saturate: packaging refuses any segment of that size.
        self.extents.iter().map(|extent| extent.bytes).fold(0, u64::saturating_add)
    }
}

/// Samples that are stored back to back in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Offset of the first byte in the source.
    pub offset: u64,
    /// Number of bytes.
    pub bytes: u64,
}

impl Extent {
    /// Returns the offset of the byte after the last one.
    pub(super) fn end(&self) -> u64 {
        // Samples end within a file. For a malformed plan, the sum may saturate: no source range extends that far.
        self.offset.saturating_add(self.bytes)
    }
}

/// A sample as its segment describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSample {
    /// Number of bytes in the source. A rewritten `tx3g` sample has a different size in the segment.
    pub size: u32,
    /// Decode time of the next sample minus that of this one.
    pub duration: u32,
    /// Composition time minus decode time.
    pub composition_offset: i32,
    /// Whether decoding can start here.
    pub is_sync: bool,
}
