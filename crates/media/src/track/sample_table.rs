//! The sample table (`stbl`, ISO/IEC 14496-12 8.5 to 8.7): read in place, checked once, then iterated.
//!
//! Half a dozen run-length tables describe the samples of a track, and a reader walks them in step. [`SampleTable`] holds
//! slices of the index, however many samples there are, and [`TableSamples`] walks them. [`SampleTable::parse`] has checked
//! that the tables agree on the number of samples, so the walk cannot fail.

use super::chunks::{ChunkCursor, Chunks};
use super::sample::{DecodeEnd, Sample, check_sample_count};
use super::sample_durations::{DurationRuns, SampleDurations, pair};
use super::sample_sizes::SampleSizes;
use crate::Result;
use crate::isobmff::BoxView;

/// The tables of an `stbl` box, checked against each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleTable<'a> {
    pub(super) count: u32,
    sizes: SampleSizes<'a>,
    /// `stts`: (count, delta).
    durations: &'a [[u8; 8]],
    /// `ctts`: (count, offset).
    composition_offsets: &'a [[u8; 8]],
    /// `stss`: sample numbers from 1; absent when every sample is a sync sample.
    sync_samples: Option<&'a [[u8; 4]]>,
    chunks: Chunks<'a>,
    /// The duration of the last sample, if it is not that of its table.
    pub(super) last_duration: Option<u32>,
}

impl<'a> SampleTable<'a> {
    /// Reads the tables of an `stbl` box, and checks them against each other.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) when a table is missing or two disagree,
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) for too many samples.
    pub(super) fn parse(stbl: &BoxView<'a>) -> Result<Self> {
        let (count, sizes) = SampleSizes::parse(stbl)?;
        check_sample_count(u64::from(count))?;
        let stts = stbl.required(b"stts", "it has no sample durations (stts)")?;
        let durations = stts.table()?;
        // At most 2^32 entries of 32 bits: the sum fits 64 bits.
        let counted: u64 = durations.iter().map(|entry| u64::from(pair(entry).0)).sum();
        if counted < u64::from(count) {
            return Err(stts.malformed("it has fewer durations than there are samples"));
        }
        Ok(Self {
            count,
            sizes,
            durations,
            composition_offsets: stbl.child(b"ctts")?.map(|ctts| ctts.table()).transpose()?.unwrap_or_default(),
            sync_samples: stbl.child(b"stss")?.map(|stss| stss.table()).transpose()?,
            chunks: Chunks::parse(stbl, count)?,
            last_duration: None,
        })
    }

    /// Returns the end of the samples.
    #[expect(clippy::arithmetic_side_effects, reason = "2^25 samples of 32-bit durations: sums stay below 2^57")]
    pub(super) fn end(&self) -> DecodeEnd {
        let mut end = DecodeEnd { samples: self.count, last: None, time: 0 };
        let mut left = self.count;
        for (count, duration) in DurationRuns::new(self.durations) {
            let count = count.min(left);
            if count > 0 {
                end.last = Some(end.time + u64::from(count - 1) * u64::from(duration));
                end.time += u64::from(count) * u64::from(duration);
                left -= count;
            }
        }
        end
    }

    /// Returns the samples, in decode order.
    pub(super) fn samples(&self) -> TableSamples<'a> {
        TableSamples {
            table: *self,
            index: 0,
            decode_time: 0,
            durations: SampleDurations::new(self.durations),
            composition_offsets: RunLength::new(self.composition_offsets),
            next_sync: 0,
            chunks: self.chunks.cursor(),
        }
    }
}

/// The samples of a sample table, in decode order.
#[derive(Debug, Clone)]
pub(super) struct TableSamples<'a> {
    table: SampleTable<'a>,
    index: u32,
    decode_time: u64,
    durations: SampleDurations<'a>,
    composition_offsets: RunLength<'a>,
    /// Position in `stss` of the next sync sample.
    next_sync: usize,
    chunks: ChunkCursor<'a>,
}

impl Iterator for TableSamples<'_> {
    type Item = Sample;

    #[inline]
    #[expect(clippy::arithmetic_side_effects, reason = "2^25 samples of 32-bit durations: sums stay below 2^57")]
    fn next(&mut self) -> Option<Sample> {
        if self.index >= self.table.count {
            return None;
        }
        let number = self.index + 1;
        let size = self.table.sizes.at(self.index)?;
        let duration = self.durations.next().unwrap_or(0);
        let is_last = number == self.table.count;
        let duration = self.table.last_duration.filter(|_| is_last).unwrap_or(duration);
        // Version 0 tables with negative offsets exist (QuickTime), so both versions are read as signed.
        let composition_offset = self.composition_offsets.next().unwrap_or(0).cast_signed();
        let sample = Sample {
            index: self.index,
            offset: self.chunks.next(size)?,
            size,
            decode_time: self.decode_time,
            duration,
            composition_offset,
            is_sync: self.is_sync(number),
            description: self.chunks.description,
        };
        self.index = number;
        self.decode_time += u64::from(duration);
        Some(sample)
    }
}

impl TableSamples<'_> {
    /// Returns whether the sample `number`, from 1, is a sync sample. Numbers ascend from call to call.
    #[expect(clippy::arithmetic_side_effects, reason = "a position in a slice, and one more, fits")]
    fn is_sync(&mut self, number: u32) -> bool {
        let Some(sync_samples) = self.table.sync_samples else { return true };
        while let Some(next) = sync_samples.get(self.next_sync).copied().map(u32::from_be_bytes) {
            if next > number {
                return false;
            }
            self.next_sync += 1;
            if next == number {
                return true;
            }
        }
        false
    }
}

/// A walk over a run-length table of (count, value).
#[derive(Debug, Clone)]
struct RunLength<'a> {
    rest: &'a [[u8; 8]],
    left: u32,
    value: u32,
}

impl<'a> RunLength<'a> {
    fn new(rest: &'a [[u8; 8]]) -> Self {
        Self { rest, left: 0, value: 0 }
    }

    #[inline]
    fn next(&mut self) -> Option<u32> {
        while self.left == 0 {
            let (entry, rest) = self.rest.split_first()?;
            (self.left, self.value) = pair(entry);
            self.rest = rest;
        }
        self.left = self.left.saturating_sub(1); // not zero, by the loop
        Some(self.value)
    }
}
