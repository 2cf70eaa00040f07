//! The stored form of a plan.
//!
//! ```text
//! "vpppln11"  length of the presentation (u32)  presentation  work unit 0  work unit 1  ...
//! ```
//!
//! Each work unit is a section that is decoded separately. The message that requests a work unit contains the range of its
//! section, so a worker reads some kilobytes, however long the movie is. Presentation and sections are encoded with `postcard`,
//! in which small integers, the bulk of a plan, take one or two bytes.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::presentation::{Presentation, SegmentTime};
use super::work_unit::WorkUnit;
use crate::number::{Checked, u64_of};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"vpppln11";

/// Bytes of magic and length.
const HEADER: u64 = 12;

/// Bytes to read from the start of a plan: enough for the presentation of most movies.
pub const PRESENTATION_PREFIX: u64 = 64 * 1024;

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
    /// End of each section, relative to the first one.
    ends: Vec<u64>,
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
        self.ends.push(end);
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
        let mut encoded = encode(presentation, Vec::new())?;
        let length = u32::try_from(encoded.len()).or_out_of_range("The length of a presentation")?;
        let mut front = MAGIC.to_vec();
        front.extend_from_slice(&length.to_be_bytes());
        front.append(&mut encoded);
        let mut start = u64_of(front.len());
        let mut sections = Vec::with_capacity(self.ends.len());
        for end in self.ends {
            let end = end.checked_add(u64_of(front.len())).or_out_of_range(LENGTH)?;
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
    let (magic, rest) = prefix.split_first_chunk().ok_or(TRUNCATED)?;
    if magic != MAGIC {
        return Err(Error::BadPlan { reason: "it is not a plan of this version" });
    }
    let length = u32::from_be_bytes(*rest.first_chunk().ok_or(TRUNCATED)?);
    let end = HEADER.checked_add(length.into()).or_out_of_range(LENGTH)?;
    Ok(HEADER..end)
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
