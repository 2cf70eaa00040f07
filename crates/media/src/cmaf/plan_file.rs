//! The stored form of a plan.
//!
//! ```text
//! "vppplan6"  length of the presentation (u32)  presentation  work unit 0  work unit 1  ...
//! ```
//!
//! Each work unit is a section that can be read by itself, by the range that goes with the message that asks for it: a worker
//! reads some kilobytes however long the movie is. Presentation and sections are encoded with `postcard`: small integers,
//! which is what a plan is made of, take one or two bytes.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::plan::{Presentation, WorkUnit};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"vppplan6";

/// Bytes of magic and length.
const HEADER: usize = 12;

/// Bytes of a plan to read first: enough for the presentation of most movies.
pub const PRESENTATION_PREFIX: u64 = 64 * 1024;

/// Bytes of a piece, about. A plan has more bytes than the index it comes of, so it is never copied as a whole.
const PIECE: usize = 1024 * 1024;

/// A plan under construction.
#[derive(Debug, Default)]
pub struct PlanWriter {
    /// Full ones.
    pieces: Vec<Vec<u8>>,
    /// The one that grows.
    last: Vec<u8>,
    /// Bytes in full pieces.
    full: usize,
    ends: Vec<usize>,
}

/// A finished plan.
#[derive(Debug)]
pub struct PlanFile {
    /// Its bytes, one piece behind the other.
    pub pieces: Vec<Vec<u8>>,
    /// Where each work unit's section lies in them.
    pub sections: Vec<Range<u64>>,
}

impl PlanWriter {
    /// A plan without work units.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next work unit.
    pub fn push(&mut self, work_unit: &WorkUnit) {
        encode_into(&mut self.last, work_unit);
        self.ends.push(self.full.saturating_add(self.last.len()));
        if self.last.len() >= PIECE {
            let mut piece = std::mem::take(&mut self.last);
            piece.shrink_to_fit();
            self.full = self.full.saturating_add(piece.len());
            self.pieces.push(piece);
        }
    }

    /// The plan, with the presentation in front.
    #[must_use]
    pub fn finish(self, presentation: &Presentation) -> PlanFile {
        let mut encoded = Vec::new();
        encode_into(&mut encoded, presentation);
        let mut front = MAGIC.to_vec();
        front.extend_from_slice(&u32::try_from(encoded.len()).unwrap_or(u32::MAX).to_be_bytes());
        front.append(&mut encoded);
        let offset = |end: usize| u64::try_from(front.len().saturating_add(end)).unwrap_or(u64::MAX);
        let starts = std::iter::once(&0).chain(&self.ends);
        let sections = starts.zip(&self.ends).map(|(start, end)| offset(*start)..offset(*end)).collect();
        let pieces = std::iter::once(front).chain(self.pieces).chain([self.last]).collect();
        PlanFile { pieces, sections }
    }
}

/// Where the presentation lies in a plan that begins with `prefix`.
///
/// # Errors
/// [`Error::BadPlan`] when `prefix` is not the beginning of a plan.
pub fn presentation_range(prefix: &[u8]) -> Result<Range<u64>> {
    let (magic, rest) = prefix.split_first_chunk().ok_or(CUT_OFF)?;
    if magic != MAGIC {
        return Err(Error::BadPlan { reason: "it does not begin as a plan of this version" });
    }
    let length = u32::from_be_bytes(*rest.first_chunk().ok_or(CUT_OFF)?);
    let start = u64::try_from(HEADER).unwrap_or(u64::MAX);
    Ok(start..start.saturating_add(u64::from(length)))
}

/// Reads a presentation from the bytes of its range.
///
/// # Errors
/// [`Error::BadPlan`].
pub fn read_presentation(bytes: &[u8]) -> Result<Presentation> {
    decode(bytes)
}

/// Reads a work unit from the bytes of its section.
///
/// # Errors
/// [`Error::BadPlan`].
pub fn read_work_unit(section: &[u8]) -> Result<WorkUnit> {
    decode(section)
}

const CUT_OFF: Error = Error::BadPlan { reason: "it is cut off" };

fn encode_into(bytes: &mut Vec<u8>, value: &impl Serialize) {
    let extended = postcard::to_extend(value, std::mem::take(bytes));
    debug_assert!(extended.is_ok(), "plans hold nothing that postcard cannot encode");
    *bytes = extended.unwrap_or_default();
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(Error::BadPlan { reason: "there are bytes behind its end" }),
        Err(_) => Err(Error::BadPlan { reason: "it does not decode" }),
    }
}
