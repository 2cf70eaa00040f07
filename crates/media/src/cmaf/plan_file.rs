//! The stored form of a plan.
//!
//! ```text
//! "vpppln12"  lengths of index and presentation (u32, u32)  index  presentation  work unit 0  work unit 1  ...
//! ```
//!
//! The index states, for each work unit, its length and the number of segments that it has of each representation. So a segment
//! that is requested by itself is found with the index and one section, without the presentation.
//!
//! Each work unit is a section that is decoded separately. The message that requests a work unit contains the range of its
//! section, so a worker reads some kilobytes, however long the movie is. Presentation and sections are encoded with `postcard`,
//! in which small integers, the bulk of a plan, take one or two bytes.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::identity::{RepresentationId, SegmentId};
use super::presentation::{Presentation, SegmentTime};
use super::work_unit::WorkUnit;
use crate::number::{Checked, u64_of};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"vpppln12";

/// Bytes of magic and lengths.
const HEADER: u64 = 16;

/// Bytes to read from the start of a plan: enough for the index and the presentation of most movies.
pub const PLAN_PREFIX: u64 = 64 * 1024;

/// Approximate bytes of a chunk. A plan is larger than the index that it is derived from, so it is never copied as a whole.
const CHUNK: usize = 1024 * 1024;

/// A plan under construction.
#[derive(Debug, Default)]
pub struct PlanWriter {
    /// The full chunks.
    chunks: Vec<Vec<u8>>,
    /// The chunk that grows.
    last: Vec<u8>,
    /// Bytes of all full chunks.
    full_bytes: u64,
    /// End of the last section, relative to the first one.
    end: u64,
    entries: Vec<IndexEntry>,
}

/// The index, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredIndex {
    /// The representations, in the order of the presentation.
    representations: Vec<RepresentationId>,
    /// The work units, in order.
    entries: Vec<IndexEntry>,
}

/// The entry of a work unit in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct IndexEntry {
    /// Length of its section in bytes.
    bytes: u64,
    /// The number of its segments of each representation.
    segments: Vec<u32>,
}

/// A finished plan.
#[derive(Debug)]
pub struct PlanFile {
    /// The bytes, in chunks that follow one another.
    pub chunks: Vec<Vec<u8>>,
    /// The byte range of each work unit's section.
    pub sections: Vec<Range<u64>>,
}

impl PlanWriter {
    /// Creates a plan without work units.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next work unit.
    ///
    /// # Errors
    /// [`Error::BadPlan`] if it cannot be encoded.
    pub fn push(&mut self, work_unit: &WorkUnit) -> Result<()> {
        self.last = encode(work_unit, std::mem::take(&mut self.last))?;
        let end = self.full_bytes.checked_add(u64_of(self.last.len())).or_out_of_range(LENGTH)?;
        let mut segments = vec![0_u32; work_unit.tracks.len()];
        for segment in &work_unit.segments {
            if let Some(count) = segments.get_mut(usize::from(segment.track)) {
                *count = count.checked_add(1).or_out_of_range("The number of segments of a work unit")?;
            }
        }
        let start = std::mem::replace(&mut self.end, end);
        self.entries.push(IndexEntry { bytes: end.saturating_sub(start), segments });
        if self.last.len() >= CHUNK {
            let mut chunk = std::mem::take(&mut self.last);
            chunk.shrink_to_fit();
            self.full_bytes = end;
            self.chunks.push(chunk);
        }
        Ok(())
    }

    /// Completes the plan with its presentation.
    ///
    /// # Errors
    /// [`Error::BadPlan`] if the presentation cannot be encoded, [`Error::OutOfRange`] if it is too large.
    pub fn finish(self, presentation: &Presentation) -> Result<PlanFile> {
        let representations = presentation.representations.iter().map(|representation| representation.id).collect();
        let index = StoredIndex { representations, entries: self.entries };
        let encoded = [encode(&index, Vec::new())?, encode(presentation, Vec::new())?];
        let mut front = MAGIC.to_vec();
        for part in &encoded {
            let length = u32::try_from(part.len()).or_out_of_range("The length of the front of a plan")?;
            front.extend_from_slice(&length.to_be_bytes());
        }
        encoded.iter().for_each(|part| front.extend_from_slice(part));
        let mut start = u64_of(front.len());
        let mut sections = Vec::with_capacity(index.entries.len());
        for entry in index.entries {
            let end = start.checked_add(entry.bytes).or_out_of_range(LENGTH)?;
            sections.push(start..end);
            start = end;
        }
        let chunks = std::iter::once(front).chain(self.chunks).chain([self.last]).collect();
        Ok(PlanFile { chunks, sections })
    }
}

const LENGTH: &str = "The length of a plan";

/// Returns the byte range of the presentation in a plan that starts with `prefix`.
///
/// # Errors
/// [`Error::BadPlan`] if `prefix` is not the start of a plan.
pub fn presentation_range(prefix: &[u8]) -> Result<Range<u64>> {
    front_ranges(prefix).map(|[_, presentation]| presentation)
}

/// Returns the offset of the end of the index in a plan that starts with `prefix`.
///
/// # Errors
/// [`Error::BadPlan`] if `prefix` is not the start of a plan.
pub fn index_end(prefix: &[u8]) -> Result<u64> {
    front_ranges(prefix).map(|[index, _]| index.end)
}

/// Returns the byte ranges of index and presentation.
fn front_ranges(prefix: &[u8]) -> Result<[Range<u64>; 2]> {
    let (magic, rest) = prefix.split_first_chunk().ok_or(TRUNCATED)?;
    if magic != MAGIC {
        return Err(Error::BadPlan { reason: "it is not a plan of this version" });
    }
    let (index, rest) = rest.split_first_chunk().ok_or(TRUNCATED)?;
    let (presentation, _) = rest.split_first_chunk().ok_or(TRUNCATED)?;
    let after =
        |start: u64, length: &[u8; 4]| start.checked_add(u32::from_be_bytes(*length).into()).or_out_of_range(LENGTH);
    let middle = after(HEADER, index)?;
    Ok([HEADER..middle, middle..after(middle, presentation)?])
}

/// The index of a plan: where the section of each segment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanIndex {
    stored: StoredIndex,
    /// Offset of the first section.
    sections: u64,
}

impl PlanIndex {
    /// Decodes the index from the first bytes of a plan, at least as many as [`index_end`] returns.
    ///
    /// # Errors
    /// [`Error::BadPlan`]
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let [index, presentation] = front_ranges(bytes)?;
        let range = usize::try_from(index.start).ok().zip(usize::try_from(index.end).ok());
        let encoded = range.and_then(|(start, end)| bytes.get(start..end)).ok_or(TRUNCATED)?;
        Ok(Self { stored: decode(encoded)?, sections: presentation.end })
    }

    /// Returns the byte range of the section whose work unit has a segment; `None` if the package does not have the segment.
    #[must_use]
    pub fn section_of(&self, segment: SegmentId) -> Option<Range<u64>> {
        let position = self.stored.representations.iter().position(|id| *id == segment.representation)?;
        let mut left = segment.number.checked_sub(1)?;
        let mut start = self.sections;
        for entry in &self.stored.entries {
            let end = start.checked_add(entry.bytes)?;
            let count = entry.segments.get(position).copied().unwrap_or(0);
            let Some(after) = left.checked_sub(count) else { return Some(start..end) };
            (left, start) = (after, end);
        }
        None
    }
}

/// Decodes a presentation from the bytes of its range.
///
/// # Errors
/// [`Error::BadPlan`]
pub fn read_presentation(bytes: &[u8]) -> Result<Presentation> {
    let presentation: Presentation = decode(bytes)?;
    let mut segments = presentation.representations.iter().flat_map(|representation| &representation.segments);
    let fits = |segment: &SegmentTime| segment.start.checked_add(segment.duration).is_some_and(|end| end < 1 << 63);
    if !segments.all(fits) {
        return Err(Error::BadPlan { reason: "a segment ends later than 2^63 units of its timescale" });
    }
    Ok(presentation)
}

/// Decodes a work unit from the bytes of its section.
///
/// # Errors
/// [`Error::BadPlan`]
pub fn read_work_unit(section: &[u8]) -> Result<WorkUnit> {
    decode(section)
}

const TRUNCATED: Error = Error::BadPlan { reason: "it is truncated" };

/// Appends an encoded value to `bytes`.
fn encode(value: &impl Serialize, bytes: Vec<u8>) -> Result<Vec<u8>> {
    postcard::to_extend(value, bytes)
        .map_err(|_| Error::BadPlan { reason: "it contains a value that cannot be encoded" })
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(Error::BadPlan { reason: "bytes follow its end" }),
        Err(_) => Err(Error::BadPlan { reason: "it cannot be decoded" }),
    }
}
