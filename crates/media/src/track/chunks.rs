//! Chunks: the `stsc` box (ISO/IEC 14496-12 8.7.4) and the `stco` and `co64` boxes (8.7.5), which locate samples in the file.

use crate::Result;
use crate::isobmff::{BoxView, entry_field};
use crate::number::{Checked, u64_of};

/// The chunks of a track, in place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunks<'a> {
    /// Entries of `stsc`.
    runs: &'a [[u8; 12]],
    offsets: ChunkOffsets<'a>,
}

#[derive(Debug, Clone, Copy)]
enum ChunkOffsets<'a> {
    /// `stco`.
    Small(&'a [[u8; 4]]),
    /// `co64`.
    Large(&'a [[u8; 8]]),
}

impl ChunkOffsets<'_> {
    fn at(&self, chunk: u32) -> Option<u64> {
        let chunk = usize::try_from(chunk).ok()?;
        match self {
            Self::Small(offsets) => offsets.get(chunk).map(|offset| u64::from(u32::from_be_bytes(*offset))),
            Self::Large(offsets) => offsets.get(chunk).copied().map(u64::from_be_bytes),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Small(offsets) => offsets.len(),
            Self::Large(offsets) => offsets.len(),
        }
    }
}

/// An entry of `stsc`: consecutive chunks with the same number of samples and the same sample description.
struct ChunkRun {
    /// Number of the first chunk, from 1.
    first_chunk: u32,
    samples_per_chunk: u32,
    /// Number of the sample description, from 1.
    description: u32,
}

impl ChunkRun {
    #[inline]
    fn decode(entry: &[u8; 12]) -> Self {
        Self {
            first_chunk: entry_field(entry, 0),
            samples_per_chunk: entry_field(entry, 1),
            description: entry_field(entry, 2),
        }
    }
}

impl<'a> Chunks<'a> {
    /// Reads the chunks of an `stbl` box, and checks that they hold `samples` samples.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) when a table is missing, its runs are not in order, or it has too few
    /// samples.
    pub(super) fn parse(stbl: &BoxView<'a>, samples: u32) -> Result<Self> {
        let stsc = stbl.required(b"stsc", "it has no sample-to-chunk table (stsc)")?;
        let offsets = if let Some(stco) = stbl.child(b"stco")? {
            ChunkOffsets::Small(stco.table()?)
        } else {
            let co64 = stbl.required(b"co64", "it has no chunk offsets (stco or co64)")?;
            ChunkOffsets::Large(co64.table()?)
        };
        let chunks = Self { runs: stsc.table()?, offsets };
        chunks.check(&stsc, samples)?;
        Ok(chunks)
    }

    /// Checks that the runs ascend and hold `samples` samples.
    fn check(&self, stsc: &BoxView<'_>, samples: u32) -> Result<()> {
        let end = u64_of(self.offsets.len()).checked_add(1).or_out_of_range("The number of chunks")?;
        let mut held: u64 = 0;
        let mut following = self.runs.iter().skip(1);
        for (position, entry) in self.runs.iter().enumerate() {
            let run = ChunkRun::decode(entry);
            let first = u64::from(run.first_chunk);
            let next = following.next().map_or(end, |next| u64::from(ChunkRun::decode(next).first_chunk));
            let is_in_order = (position > 0 || first == 1) && first < next && next <= end;
            if run.samples_per_chunk == 0 || !(is_in_order || samples == 0) {
                return Err(stsc.malformed("its chunk runs are not in order"));
            }
            // The sum is only compared with a 32-bit number below, so it may saturate.
            let chunks = next.saturating_sub(first);
            held = held.saturating_add(chunks.saturating_mul(u64::from(run.samples_per_chunk)));
        }
        if held < u64::from(samples) {
            return Err(stsc.malformed("its chunks hold fewer samples than there are"));
        }
        Ok(())
    }

    /// Returns a cursor before the first sample.
    pub(super) fn cursor(&self) -> ChunkCursor<'a> {
        ChunkCursor { chunks: *self, next_chunk: 0, samples_per_chunk: 0, description: 0, left: 0, offset: 0 }
    }
}

/// A walk over the samples of the chunks.
#[derive(Debug, Clone)]
pub(super) struct ChunkCursor<'a> {
    /// The chunks; its runs are those that have not started.
    chunks: Chunks<'a>,
    /// Number of the next chunk, from 0.
    next_chunk: u32,
    samples_per_chunk: u32,
    /// Number of the sample description of the current run, from 1.
    pub(super) description: u32,
    /// Samples left in the current chunk.
    left: u32,
    /// Offset of the next sample.
    offset: u64,
}

impl ChunkCursor<'_> {
    /// Returns the offset of the next sample, which has `size` bytes; `None` after the last, or when it would end past 64 bits.
    #[inline]
    pub(super) fn next(&mut self, size: u32) -> Option<u64> {
        if self.left == 0 {
            let number = self.next_chunk.checked_add(1)?;
            if let Some((entry, rest)) = self.chunks.runs.split_first() {
                let run = ChunkRun::decode(entry);
                if run.first_chunk == number {
                    (self.samples_per_chunk, self.description) = (run.samples_per_chunk, run.description);
                    self.chunks.runs = rest;
                }
            }
            self.offset = self.chunks.offsets.at(self.next_chunk)?;
            self.left = self.samples_per_chunk;
            self.next_chunk = number;
        }
        self.left = self.left.checked_sub(1)?;
        let offset = self.offset;
        self.offset = offset.checked_add(u64::from(size))?;
        Some(offset)
    }
}
