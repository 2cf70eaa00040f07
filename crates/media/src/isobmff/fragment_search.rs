//! Finding the fragments of a movie by many reads side by side.
//!
//! Each fragment leads to the next, so a walk takes one request after another: at 100 ms each, minutes for an hour of short
//! fragments. A [`FragmentSearch`] divides what the walk has not reached into regions and walks them side by side. Each region
//! begins at a box that the file itself names: in its segment index (`sidx`, ISO/IEC 14496-12 8.16.3) or in its fragment random
//! access box (`mfra`, 8.8.9). A file with neither has its regions searched for a `moof` box.
//!
//! All of these positions may be wrong. They are only where a walk starts: [`IndexReader`](super::IndexReader) continues from
//! box to box, and takes over the boxes of a region only if it arrives at the first of them. So the index is the same with and
//! without a search, and a wrong position costs only the reads of its region. If all are wrong, the regions are searched.

use std::ops::Range;

use super::fragment_chain::{Chain, Limits};
use super::{BoxView, MAX_MOOV_BYTES, entry_field};
use crate::Result;

/// Maximum number of regions, and so of reads side by side.
const MAX_REGIONS: u64 = 32;

/// Number of reads that a region is expected to take, at least, where the file names its fragments.
const READS_OF_KNOWN_REGION: u64 = 8;

/// The same where fragments are searched for, which takes half the length of a fragment on average.
const READS_OF_SEARCHED_REGION: u64 = 32;

/// A region ends after this many times the expected number of reads.
const MARGIN: u64 = 4;

/// The part of a region that is read to find a fragment in it: one sixteenth.
const SEARCHED_PART: u64 = 16;

/// Maximum size of an index of fragments, in bytes: 350,000 entries of a `sidx`.
const MAX_FRAGMENT_INDEX: u64 = 4 * 1024 * 1024;

/// Bytes of the box at the end of a movie that has the size of the `mfra` around it (`mfro`, ISO/IEC 14496-12 8.8.11).
const MFRO_BYTES: u64 = 16;

/// The sans-I/O search for the fragments of a movie.
///
/// [`want`](Self::want) returns ranges that can be read side by side, and [`supply`](Self::supply) takes their bytes, until
/// there are none. [`IndexReader::add_fragments`](super::IndexReader::add_fragments) then takes what was found.
#[derive(Debug)]
pub struct FragmentSearch {
    file_size: u64,
    /// The part of the file to search.
    rest: Range<u64>,
    /// Number of reads that a walk over it is expected to take.
    expected_reads: u64,
    /// Whether the file named the positions of the regions.
    has_named_positions: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The ranges of the indexes that the file may have are read: the `sidx`, and the end of the file.
    Indexes { sidx: Option<Range<u64>> },
    /// The `mfra` is read.
    Mfra { range: Range<u64> },
    /// The regions are walked.
    Regions(Vec<Chain>),
}

impl FragmentSearch {
    /// Creates the search of `rest`, which a walk is expected to need `expected_reads` for. `sidx` is a segment index of the file.
    pub(super) fn new(file_size: u64, rest: Range<u64>, expected_reads: u64, sidx: Option<Range<u64>>) -> Self {
        let sidx = sidx.filter(|sidx| sidx.end.saturating_sub(sidx.start) <= MAX_FRAGMENT_INDEX);
        Self { file_size, rest, expected_reads, has_named_positions: false, state: State::Indexes { sidx } }
    }

    /// Returns the ranges of the file to read next, in bytes; none when the search is complete.
    #[must_use]
    pub fn want(&self) -> Vec<Range<u64>> {
        match &self.state {
            State::Indexes { sidx } => {
                let end = self.file_size.saturating_sub(MFRO_BYTES)..self.file_size;
                sidx.iter().cloned().chain([end]).collect()
            }
            State::Mfra { range } => vec![range.clone()],
            State::Regions(chains) => chains.iter().filter_map(Chain::want).collect(),
        }
    }

    /// Takes the bytes of the ranges that [`want`](Self::want) returned, in their order.
    pub fn supply(&mut self, reads: &[Vec<u8>]) {
        match &mut self.state {
            State::Indexes { sidx } => {
                let positions = sidx.take().zip(reads.first()).map(|(range, bytes)| sidx_positions(range.start, bytes));
                let positions = self.usable(positions.and_then(Result::ok).unwrap_or_default());
                let mfra = reads.last().and_then(|end| mfra_range(end, self.file_size));
                self.state = match mfra {
                    Some(range) if positions.is_empty() => State::Mfra { range },
                    _ => self.regions(&positions),
                };
            }
            State::Mfra { range } => {
                let positions = reads.first().map(|bytes| mfra_positions(range.start, bytes));
                let positions = self.usable(positions.and_then(Result::ok).unwrap_or_default());
                self.state = self.regions(&positions);
            }
            State::Regions(chains) => {
                let waiting = chains.iter_mut().filter(|chain| chain.want().is_some());
                waiting.zip(reads).for_each(|(chain, bytes)| chain.supply(bytes));
                let are_complete = chains.iter().all(|chain| chain.want().is_none());
                if are_complete && self.has_named_positions && !chains.iter().any(Chain::has_fragments) {
                    self.state = self.regions(&[]);
                }
            }
        }
    }

    /// Returns the chains of fragments that were found.
    pub(super) fn finish(self) -> Vec<Chain> {
        match self.state {
            State::Regions(chains) => chains.into_iter().filter(Chain::has_fragments).collect(),
            State::Indexes { .. } | State::Mfra { .. } => Vec::new(),
        }
    }

    /// Returns those of the positions that are in the part to search, in order; none if they end in its first half, as those of
    /// a `sidx` box for each segment do.
    fn usable(&self, mut positions: Vec<u64>) -> Vec<u64> {
        positions.retain(|at| self.rest.contains(at));
        positions.sort_unstable();
        positions.dedup();
        let middle = self.rest.start.midpoint(self.rest.end);
        if positions.last().is_none_or(|last| *last < middle) {
            positions.clear();
        }
        positions
    }

    /// Divides the part to search into regions of equal size, each from the first of the usable positions in it.
    fn regions(&mut self, positions: &[u64]) -> State {
        self.has_named_positions = !positions.is_empty();
        let reads = if positions.is_empty() { READS_OF_SEARCHED_REGION } else { READS_OF_KNOWN_REGION };
        let count = self.expected_reads.checked_div(reads).unwrap_or(0).min(MAX_REGIONS);
        let length = self.rest.end.saturating_sub(self.rest.start).checked_div(count).unwrap_or(0);
        if length == 0 {
            return State::Regions(Vec::new());
        }
        let expected = self.expected_reads.saturating_mul(MARGIN).checked_div(count).unwrap_or(0);
        let limits = Limits {
            bytes: MAX_MOOV_BYTES.checked_div(count).unwrap_or(0),
            reads: u32::try_from(expected).unwrap_or(u32::MAX),
        };
        let bound = |number: u64| self.rest.start.saturating_add(length.saturating_mul(number));
        let starts = (0..count).map(bound);
        if positions.is_empty() {
            let searched = length.checked_div(SEARCHED_PART).unwrap_or(0);
            let chain =
                |start: u64| Chain::within(start..start.saturating_add(length), self.file_size, limits, searched);
            return State::Regions(starts.map(chain).collect());
        }
        let mut starts: Vec<u64> =
            starts.filter_map(|start| positions.get(positions.partition_point(|at| *at < start)).copied()).collect();
        starts.dedup();
        let ends = starts.iter().skip(1).copied().chain([self.rest.end]);
        State::Regions(
            starts.iter().zip(ends).map(|(start, end)| Chain::at(*start..end, self.file_size, limits)).collect(),
        )
    }
}

/// Returns the range of the `mfra` box, of which `end` is the last [`MFRO_BYTES`].
fn mfra_range(end: &[u8], file_size: u64) -> Option<Range<u64>> {
    let (header, size) = end.split_last_chunk::<4>()?;
    let size = u64::from(u32::from_be_bytes(*size));
    let is_mfro = header.get(4..8) == Some(b"mfro") && (MFRO_BYTES..=MAX_FRAGMENT_INDEX).contains(&size);
    is_mfro.then(|| file_size.checked_sub(size)).flatten().map(|start| start..file_size)
}

/// Returns where the boxes that a `sidx` box refers to start.
fn sidx_positions(offset: u64, bytes: &[u8]) -> Result<Vec<u64>> {
    const TYPE: u32 = 1 << 31;
    let sidx = BoxView::parse(bytes, offset)?;
    let (version, _, mut fields) = sidx.full()?;
    fields.skip(8)?;
    fields.word(version)?;
    let mut at = sidx.end().saturating_add(fields.word(version)?);
    fields.skip(2)?;
    let count = u32::from(fields.u16()?);
    let mut positions = Vec::new();
    for entry in fields.table::<12>(count)? {
        positions.push(at);
        at = at.saturating_add(u64::from(entry_field(entry, 0) & !TYPE));
    }
    Ok(positions)
}

/// Returns where the fragments start that the first track of an `mfra` box lists (`tfra`, ISO/IEC 14496-12 8.8.10).
fn mfra_positions(offset: u64, bytes: &[u8]) -> Result<Vec<u64>> {
    let mfra = BoxView::parse(bytes, offset)?;
    let tfra = mfra.required(b"tfra", "the mfra box has no tfra box")?;
    let (version, _, mut fields) = tfra.full()?;
    fields.skip(4)?;
    let lengths = fields.u32()?;
    let numbers = [4, 2, 0].map(|shift| usize::try_from((lengths >> shift) & 3).unwrap_or(0).saturating_add(1));
    let numbers = numbers.into_iter().fold(0, usize::saturating_add);
    let count = fields.u32()?;
    let mut positions = Vec::new();
    for _ in 0..count {
        fields.word(version)?;
        positions.push(fields.word(version)?);
        fields.skip(numbers)?;
    }
    Ok(positions)
}

/// Returns the number of reads that a walk needs for `rest` bytes, if it took `reads` for `walked` bytes.
pub(super) fn expected_reads(rest: u64, reads: u32, walked: u64) -> u64 {
    let expected = u128::from(rest).saturating_mul(u128::from(reads)).checked_div(u128::from(walked.max(1)));
    expected.and_then(|expected| u64::try_from(expected).ok()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "fragment_search_tests.rs"]
mod tests;
