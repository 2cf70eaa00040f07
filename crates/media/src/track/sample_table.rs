//! Sample tables (ISO/IEC 14496-12 8.5 to 8.7): read where they lie, checked once, then iterated.
//!
//! A track's samples are described by half a dozen run-length tables that a reader must walk in step. [`Tables`] holds slices
//! of the index, whatever the number of samples, and [`TableSamples`] is the walk. Because [`Tables::parse`] has proven that
//! the tables agree on the number of samples, the walk cannot fail.

use super::fragment::End;
use super::samples::{MAX_SAMPLES, Sample};
use crate::isobmff::{BoxView, Reader};
use crate::{Error, Result};

/// The sample tables of one track, in agreement with each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'a> {
    pub(super) count: u32,
    sizes: Sizes<'a>,
    /// `stts`: (count, delta).
    durations: &'a [[u8; 8]],
    /// `ctts`: (count, offset).
    composition_offsets: &'a [[u8; 8]],
    /// `stss`: sample numbers from 1; absent when every sample is a sync sample.
    sync_samples: Option<&'a [[u8; 4]]>,
    /// `stsc`: (first chunk from 1, samples per chunk, sample description from 1).
    chunk_runs: &'a [[u8; 12]],
    chunk_offsets: ChunkOffsets<'a>,
    /// The duration of the last sample where the fragments that follow make it another than `stts` says.
    pub(super) last_duration: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Sizes<'a> {
    /// `stsz` with a size for all.
    Fixed(u32),
    /// `stsz` with a size each.
    Each(&'a [[u8; 4]]),
    /// `stz2`: 4, 8 or 16 bits each.
    Compact { bits: u8, bytes: &'a [u8] },
}

impl Sizes<'_> {
    fn at(&self, index: u32) -> Option<u32> {
        let index = usize::try_from(index).ok()?;
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Each(sizes) => sizes.get(index).copied().map(u32::from_be_bytes),
            Self::Compact { bits: 4, bytes } => {
                let pair = *bytes.get(index / 2)?;
                Some(u32::from(if index % 2 == 0 { pair >> 4 } else { pair & 15 }))
            }
            Self::Compact { bits: 8, bytes } => bytes.get(index).copied().map(u32::from),
            Self::Compact { bytes, .. } => {
                let (sizes, _) = bytes.as_chunks();
                sizes.get(index).map(|size| u32::from(u16::from_be_bytes(*size)))
            }
        }
    }
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

impl<'a> Tables<'a> {
    /// Reads the tables of an `stbl` box, and checks them against each other.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a table is missing or two disagree, [`Error::LimitExceeded`] for more samples than a day of
    /// media has.
    pub(super) fn parse(stbl: &BoxView<'a>) -> Result<Self> {
        let (count, sizes) = Self::sizes(stbl)?;
        if count > MAX_SAMPLES {
            let (found, limit) = (u64::from(count), u64::from(MAX_SAMPLES));
            return Err(Error::LimitExceeded { what: "the number of samples of a track", found, limit });
        }
        let durations = stbl.required(b"stts", "it has no sample durations (stts)")?;
        let chunk_runs = stbl.required(b"stsc", "it has no sample-to-chunk table (stsc)")?;
        let table = Self {
            count,
            sizes,
            durations: entries(&durations)?,
            composition_offsets: stbl.child(b"ctts")?.map(|ctts| entries(&ctts)).transpose()?.unwrap_or_default(),
            sync_samples: stbl.child(b"stss")?.map(|stss| entries(&stss)).transpose()?,
            chunk_runs: entries(&chunk_runs)?,
            chunk_offsets: Self::chunk_offsets(stbl)?,
            last_duration: None,
        };
        if total(table.durations) < u64::from(count) {
            return Err(durations.malformed("it has fewer durations than there are samples"));
        }
        table.check_chunks(&chunk_runs)?;
        Ok(table)
    }

    /// Where the samples end.
    pub(super) fn end(&self) -> End {
        let mut end = End { samples: self.count, last: None, time: 0 };
        let mut left = self.count;
        for run in self.durations {
            let (count, duration) = pair(run);
            let count = count.min(left);
            if count > 0 {
                let span = |samples: u32| u64::from(samples).saturating_mul(u64::from(duration));
                end.last = Some(end.time.saturating_add(span(count.saturating_sub(1))));
                end.time = end.time.saturating_add(span(count));
                left = left.saturating_sub(count);
            }
        }
        end
    }

    /// The samples in decode order.
    pub(super) fn samples(&self) -> TableSamples<'a> {
        TableSamples {
            table: *self,
            index: 0,
            decode_time: 0,
            durations: Runs::new(self.durations),
            composition_offsets: Runs::new(self.composition_offsets),
            next_sync: 0,
            chunks: Chunks {
                runs: self.chunk_runs,
                chunk: 0,
                samples_per_chunk: 0,
                description: 0,
                left: 0,
                offset: 0,
            },
        }
    }

    fn sizes(stbl: &BoxView<'a>) -> Result<(u32, Sizes<'a>)> {
        if let Some(stsz) = stbl.child(b"stsz")? {
            let (_, _, mut reader) = stsz.full()?;
            let (fixed, count) = (reader.u32()?, reader.u32()?);
            let sizes = if fixed == 0 { Sizes::Each(reader.table(count)?) } else { Sizes::Fixed(fixed) };
            return Ok((count, sizes));
        }
        let stz2 = stbl.required(b"stz2", "it has no sample sizes (stsz or stz2)")?;
        let (_, _, mut reader) = stz2.full()?;
        reader.skip(3)?;
        let (bits, count) = (reader.u8()?, reader.u32()?);
        let samples = usize::try_from(count).unwrap_or(usize::MAX);
        let bytes = match bits {
            4 => samples.div_ceil(2),
            8 => samples,
            16 => samples.saturating_mul(2),
            _ => return Err(stz2.malformed("its field size is not 4, 8 or 16 bits")),
        };
        Ok((count, Sizes::Compact { bits, bytes: reader.bytes(bytes)? }))
    }

    fn chunk_offsets(stbl: &BoxView<'a>) -> Result<ChunkOffsets<'a>> {
        if let Some(stco) = stbl.child(b"stco")? {
            return entries(&stco).map(ChunkOffsets::Small);
        }
        let co64 = stbl.required(b"co64", "it has no chunk offsets (stco or co64)")?;
        entries(&co64).map(ChunkOffsets::Large)
    }

    /// Proves that the chunk runs ascend and hold every sample.
    fn check_chunks(&self, stsc: &BoxView<'_>) -> Result<()> {
        let chunks = u64::try_from(self.chunk_offsets.len()).unwrap_or(u64::MAX);
        let mut held: u64 = 0;
        let mut following = self.chunk_runs.iter().skip(1);
        for (position, run) in self.chunk_runs.iter().enumerate() {
            let (first, samples, _) = chunk_run(run);
            let next = following.next().map_or(chunks.saturating_add(1), |next| u64::from(chunk_run(next).0));
            let in_order = (position > 0 || first == 1) && u64::from(first) < next && next <= chunks.saturating_add(1);
            if samples == 0 || !(in_order || self.count == 0) {
                return Err(stsc.malformed("its chunk runs are not in order"));
            }
            held = held.saturating_add(next.saturating_sub(u64::from(first)).saturating_mul(u64::from(samples)));
        }
        if held < u64::from(self.count) {
            return Err(stsc.malformed("its chunks hold fewer samples than there are"));
        }
        Ok(())
    }
}

/// The entries of a full box that is a count and a table.
fn entries<'a, const N: usize>(table: &BoxView<'a>) -> Result<&'a [[u8; N]]> {
    let (_, _, mut reader): (_, _, Reader<'a>) = table.full()?;
    let count = reader.u32()?;
    reader.table(count)
}

/// The samples a (count, value) table speaks of.
fn total(runs: &[[u8; 8]]) -> u64 {
    runs.iter().map(|run| u64::from(pair(run).0)).fold(0, u64::saturating_add)
}

fn pair(entry: &[u8; 8]) -> (u32, u32) {
    let (words, _) = entry.as_chunks();
    (word(words, 0), word(words, 1))
}

/// First chunk, samples per chunk and sample description of an entry of `stsc`.
fn chunk_run(entry: &[u8; 12]) -> (u32, u32, u32) {
    let (words, _) = entry.as_chunks();
    (word(words, 0), word(words, 1), word(words, 2))
}

fn word(words: &[[u8; 4]], position: usize) -> u32 {
    words.get(position).copied().map_or(0, u32::from_be_bytes)
}

/// The samples of a track in decode order.
#[derive(Debug, Clone)]
pub(super) struct TableSamples<'a> {
    table: Tables<'a>,
    index: u32,
    decode_time: u64,
    durations: Runs<'a>,
    composition_offsets: Runs<'a>,
    /// Position in `stss` of the next sync sample.
    next_sync: usize,
    chunks: Chunks<'a>,
}

impl Iterator for TableSamples<'_> {
    type Item = Sample;

    #[inline]
    fn next(&mut self) -> Option<Sample> {
        if self.index >= self.table.count {
            return None;
        }
        let size = self.table.sizes.at(self.index)?;
        let duration = self.durations.next().unwrap_or(0);
        let is_last = self.index.saturating_add(1) == self.table.count;
        let duration = self.table.last_duration.filter(|_| is_last).unwrap_or(duration);
        // Version 0 tables with negative offsets exist (QuickTime), so both versions are read as signed.
        let composition_offset = self.composition_offsets.next().unwrap_or(0).cast_signed();
        let sample = Sample {
            index: self.index,
            offset: self.chunks.next(&self.table.chunk_offsets, size)?,
            size,
            decode_time: self.decode_time,
            duration,
            composition_offset,
            is_sync: self.is_sync(),
            description: self.chunks.description,
        };
        self.index = self.index.saturating_add(1);
        self.decode_time = self.decode_time.saturating_add(u64::from(duration));
        Some(sample)
    }
}

impl TableSamples<'_> {
    fn is_sync(&mut self) -> bool {
        let Some(sync_samples) = self.table.sync_samples else { return true };
        let number = self.index.saturating_add(1);
        while let Some(next) = sync_samples.get(self.next_sync).copied().map(u32::from_be_bytes) {
            if next > number {
                return false;
            }
            self.next_sync = self.next_sync.saturating_add(1);
            if next == number {
                return true;
            }
        }
        false
    }
}

/// A walk over a run-length table of (count, value).
#[derive(Debug, Clone)]
struct Runs<'a> {
    rest: &'a [[u8; 8]],
    left: u32,
    value: u32,
}

impl<'a> Runs<'a> {
    fn new(rest: &'a [[u8; 8]]) -> Self {
        Self { rest, left: 0, value: 0 }
    }

    #[inline]
    fn next(&mut self) -> Option<u32> {
        while self.left == 0 {
            let (run, rest) = self.rest.split_first()?;
            (self.left, self.value) = pair(run);
            self.rest = rest;
        }
        self.left = self.left.saturating_sub(1);
        Some(self.value)
    }
}

/// A walk over chunks: where the next sample lies.
#[derive(Debug, Clone)]
struct Chunks<'a> {
    /// Runs not begun yet.
    runs: &'a [[u8; 12]],
    /// Number of the chunk to begin next, from 0.
    chunk: u32,
    samples_per_chunk: u32,
    /// Number of the sample description of the current run, from 1.
    description: u32,
    /// Samples left in the current chunk.
    left: u32,
    /// Offset of the next sample.
    offset: u64,
}

impl Chunks<'_> {
    /// The offset of the next sample, which has `size` bytes.
    #[inline]
    fn next(&mut self, offsets: &ChunkOffsets<'_>, size: u32) -> Option<u64> {
        if self.left == 0 {
            if let Some((run, rest)) = self.runs.split_first()
                && chunk_run(run).0 == self.chunk.saturating_add(1)
            {
                let (_, samples_per_chunk, description) = chunk_run(run);
                (self.samples_per_chunk, self.description) = (samples_per_chunk, description);
                self.runs = rest;
            }
            self.offset = offsets.at(self.chunk)?;
            self.left = self.samples_per_chunk;
            self.chunk = self.chunk.saturating_add(1);
        }
        self.left = self.left.checked_sub(1)?;
        let offset = self.offset;
        self.offset = offset.saturating_add(u64::from(size));
        Some(offset)
    }
}
