//! The samples of a track: first those of its sample table, then those of its movie fragments.

use std::collections::BTreeSet;
use std::ops::Range;

use super::needed_samples::{Edits, NeededSamples};
use super::sample::{Sample, check_sample_count};
use super::sample_table::{SampleTable, TableSamples};
use super::track_run::{RunSamples, TrackRun, assign_decode_times};
use crate::codec::TrackKind;
use crate::isobmff::BoxView;
use crate::number::Checked;
use crate::{Error, Result};

/// Upper bound of decode and composition times, in units of the track's timescale.
const MAX_TIME: u64 = 1 << 62;

/// The samples of one track that its presentation needs: see [`super::needed_samples`]. Every sample is inside the file.
///
/// A progressive movie has all samples in the sample tables of its `moov`, a fragmented one in the track runs of its `moof`s.
/// Some files have the first samples in a sample table and the others in track runs. Both are read in place.
#[derive(Debug, Clone)]
pub struct TrackSamples<'a> {
    table: SampleTable<'a>,
    runs: Vec<TrackRun<'a>>,
    /// Number of samples at the start of the tables that the presentation does not need.
    unneeded: u32,
    /// Whether the sample flags of fragments can mark a non-sync sample. Muxers write arbitrary flags for audio.
    uses_sync_flags: bool,
    /// Numbers of the sample descriptions in use, from 1, ascending.
    descriptions: Vec<u32>,
    count: u32,
    bytes: u64,
    earliest_composition_time: i64,
    latest_composition_end: i64,
    media_end: i64,
    has_composition_offsets: bool,
}

impl<'a> TrackSamples<'a> {
    /// Reads and checks the tables of an `stbl` box and the `runs` of the track's fragments, of a file of `file_size` bytes, and
    /// finds the samples that the presentation by `edits` needs. There are none if the edit list presents no sample.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a table is missing or two disagree, [`Error::TruncatedMedia`] when a sample is past the end
    /// of the file, [`Error::LimitExceeded`] for more samples than a day of media has.
    pub(super) fn parse(
        stbl: &BoxView<'a>,
        mut runs: Vec<TrackRun<'a>>,
        kind: TrackKind,
        edits: &Edits,
        file_size: u64,
    ) -> Result<Self> {
        let mut table = SampleTable::parse(stbl)?;
        // Fewer than 2^32 numbers of 32 bits: the sum fits 64 bits.
        let samples = std::iter::once(table.count).chain(runs.iter().map(|run| run.count)).map(u64::from).sum();
        check_sample_count(samples)?;
        let count = u32::try_from(samples).or_out_of_range("The number of samples of a track")?;
        if samples > file_size {
            return Err(stbl.malformed("there are more samples than the file has bytes"));
        }
        table.last_duration = assign_decode_times(&mut runs, table.end(), stbl)?;
        let samples = Self {
            table,
            runs,
            unneeded: 0,
            uses_sync_flags: kind == TrackKind::Video,
            descriptions: Vec::new(),
            count,
            bytes: 0,
            earliest_composition_time: 0,
            latest_composition_end: 0,
            has_composition_offsets: false,
            media_end: 0,
        };
        samples.check(stbl, kind, edits, file_size)
    }

    /// Takes non-sync samples of audio from the sample flags of its fragments as well: those of some codecs depend on earlier
    /// ones. If the flags mark even the first sample, they are arbitrary, and are ignored.
    #[must_use]
    pub(super) fn with_sync_flags(mut self) -> Self {
        let first = self.runs.first().and_then(|run| run.samples().next());
        self.uses_sync_flags |= first.is_some_and(|first| first.is_sync);
        self
    }

    /// Returns the number of samples.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Returns whether the track has no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns whether the tables start with samples that the presentation does not need.
    pub(super) fn has_unneeded(&self) -> bool {
        self.unneeded > 0
    }

    /// Numbers of the sample descriptions in use: entries of `stsd`, from 1, ascending.
    #[must_use]
    pub fn descriptions(&self) -> &[u32] {
        &self.descriptions
    }

    /// Returns the sum of the sizes of all samples, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the decode time of the first sample. It is not zero in an excerpt of a longer recording.
    #[must_use]
    pub fn first_decode_time(&self) -> u64 {
        self.samples().next().map_or(0, |first| first.decode_time)
    }

    /// Returns the earliest composition time of the samples, in units of the track's timescale.
    #[must_use]
    pub fn earliest_composition_time(&self) -> i64 {
        self.earliest_composition_time
    }

    /// Returns the end of the last sample in composition order that is presented, in units of the track's timescale. A sample that
    /// is only a reference of others may end later.
    #[must_use]
    pub fn latest_composition_end(&self) -> i64 {
        self.latest_composition_end
    }

    /// Returns whether a sample has another composition time than decode time.
    #[must_use]
    pub fn has_composition_offsets(&self) -> bool {
        self.has_composition_offsets
    }

    /// Returns the end of the media in composition order, with the samples at the end that are left out because the edit list
    /// hides them.
    #[must_use]
    pub fn media_end(&self) -> i64 {
        self.media_end
    }

    /// Leaves out the samples at the start that end at or before `time`, in composition order. Decoding starts at a sync sample,
    /// so those from the last sync sample on stay.
    pub(super) fn start_from(&mut self, time: i64) {
        let mut first = self.unneeded;
        for sample in self.samples() {
            if sample.is_sync {
                first = sample.index;
            }
            let end = sample.composition_time().saturating_add(i64::from(sample.duration));
            if end > time {
                break;
            }
        }
        let left_out = first.saturating_sub(self.unneeded);
        if left_out > 0 {
            (self.unneeded, self.count) = (first, self.count.saturating_sub(left_out));
            self.sum_up();
        }
    }

    /// Returns the samples in decode order.
    #[must_use]
    pub fn samples(&self) -> Samples<'_> {
        let mut samples = self.with_unneeded();
        if let Some(last_unneeded) = usize::try_from(self.unneeded).ok().and_then(|unneeded| unneeded.checked_sub(1)) {
            samples.nth(last_unneeded);
        }
        samples
    }

    /// Returns the samples from the first of the tables on, in decode order.
    pub(super) fn with_unneeded(&self) -> Samples<'_> {
        Samples {
            table: self.table.samples(),
            runs: self.runs.iter(),
            run: None,
            uses_sync_flags: self.uses_sync_flags,
            descriptions: &self.descriptions,
        }
    }

    /// Checks that every sample is inside the file, that the samples together are not longer than the file, and that times
    /// stay below 2^62. Then leaves out the samples that the presentation does not need.
    fn check(mut self, stbl: &BoxView<'_>, kind: TrackKind, edits: &Edits, file_size: u64) -> Result<Self> {
        let mut totals = Totals::default();
        let mut needed = NeededSamples::new(edits, kind);
        let (mut seen, mut descriptions, mut description) = (0_u32, BTreeSet::new(), None);
        for (number, sample) in (1..).zip(self.samples()) {
            seen = number;
            let times = totals.add(&sample).or_out_of_range("The time, the offset or the size of a sample")?;
            // Until `descriptions` is known, samples have the numbers of their descriptions as positions.
            if description != Some(sample.description) {
                if description.is_some() && !sample.is_sync {
                    return Err(Error::unsupported("A track whose codec parameters change between sync samples"));
                }
                description = Some(sample.description);
                descriptions.insert(sample.description);
            }
            needed.add(&sample, times);
        }
        if seen < self.count {
            return Err(stbl.malformed("its tables end before its samples do"));
        }
        if totals.end > file_size {
            return Err(Error::TruncatedMedia { file_size, needed: totals.end });
        }
        if totals.bytes > file_size {
            return Err(stbl.malformed("its samples overlap: together they are longer than the file"));
        }
        if totals.latest_decode_end >= MAX_TIME || totals.latest_composition_end >= MAX_TIME.cast_signed() {
            return Err(stbl.malformed("its times overflow"));
        }
        self.media_end = if seen > 0 { totals.latest_composition_end } else { 0 };
        self.keep(&needed, kind, edits);
        if self.count == seen {
            self.descriptions = descriptions.into_iter().collect();
            self.bytes = totals.bytes;
            self.has_composition_offsets = totals.has_composition_offsets;
            self.earliest_composition_time = if seen > 0 { totals.earliest_composition_time } else { 0 };
        } else {
            self.sum_up();
        }
        Ok(self)
    }

    /// Leaves out the samples that are not `needed`, and gives the last sample its duration.
    fn keep(&mut self, needed: &NeededSamples, kind: TrackKind, edits: &Edits) {
        let range = needed.range().unwrap_or(self.count..self.count);
        if range.end < self.table.count {
            (self.table.count, self.table.last_duration) = (range.end, None);
        }
        self.runs.retain_mut(|run| run.keep_before(range.end));
        self.unneeded = range.start.min(range.end);
        self.count = range.end.saturating_sub(self.unneeded);
        self.latest_composition_end = if self.count > 0 { needed.composition_end } else { 0 };
        if let Some(last) = needed.last.filter(|_| self.count > 0)
            && let Some(duration) = edits.last_duration(last, kind, needed.composition_end)
        {
            match self.runs.last_mut() {
                Some(run) => run.last_duration = Some(duration),
                None => self.table.last_duration = Some(duration),
            }
            let end = last.composition_time.saturating_add(i64::from(duration));
            let is_cut = last.duration > duration;
            self.latest_composition_end = if is_cut { end } else { needed.composition_end.max(end) };
        }
    }

    /// Sums up the samples that are left.
    fn sum_up(&mut self) {
        let (mut descriptions, mut bytes, mut earliest) = (BTreeSet::new(), 0_u64, None);
        let mut has_composition_offsets = false;
        for sample in self.samples() {
            // The sum over all samples of the tables fits.
            bytes = bytes.saturating_add(u64::from(sample.size));
            let composition_time = sample.composition_time();
            earliest = Some(earliest.map_or(composition_time, |earliest: i64| earliest.min(composition_time)));
            has_composition_offsets |= sample.composition_offset != 0;
            descriptions.insert(sample.description);
        }
        self.has_composition_offsets = has_composition_offsets;
        // Sample descriptions have been parsed by these numbers: they stay.
        if self.descriptions.is_empty() {
            self.descriptions = descriptions.into_iter().collect();
        }
        self.bytes = bytes;
        self.earliest_composition_time = earliest.unwrap_or(0);
    }
}

/// Sums and extremes over the samples of a track.
struct Totals {
    bytes: u64,
    /// End of the last sample in the file.
    end: u64,
    latest_decode_end: u64,
    earliest_composition_time: i64,
    latest_composition_end: i64,
    has_composition_offsets: bool,
}

impl Default for Totals {
    fn default() -> Self {
        let (earliest_composition_time, latest_composition_end) = (i64::MAX, i64::MIN);
        Self {
            bytes: 0,
            end: 0,
            latest_decode_end: 0,
            earliest_composition_time,
            latest_composition_end,
            has_composition_offsets: false,
        }
    }
}

impl Totals {
    /// Adds a sample, and returns its composition times; `None` when a number does not fit 64 bits.
    #[inline]
    fn add(&mut self, sample: &Sample) -> Option<Range<i64>> {
        self.bytes = self.bytes.checked_add(u64::from(sample.size))?;
        self.end = self.end.max(sample.end()?);
        let decode_end = sample.decode_time.checked_add(u64::from(sample.duration))?;
        self.latest_decode_end = self.latest_decode_end.max(decode_end);
        let composition_time = sample.checked_composition_time()?;
        self.earliest_composition_time = self.earliest_composition_time.min(composition_time);
        self.has_composition_offsets |= sample.composition_offset != 0;
        let composition_end = composition_time.checked_add(i64::from(sample.duration))?;
        self.latest_composition_end = self.latest_composition_end.max(composition_end);
        Some(composition_time..composition_end)
    }
}

/// The samples of a track, in decode order.
#[derive(Debug, Clone)]
pub struct Samples<'t> {
    table: TableSamples<'t>,
    runs: std::slice::Iter<'t, TrackRun<'t>>,
    run: Option<RunSamples<'t>>,
    uses_sync_flags: bool,
    descriptions: &'t [u32],
}

impl Iterator for Samples<'_> {
    type Item = Sample;

    #[inline]
    fn next(&mut self) -> Option<Sample> {
        let sample = self.table.next().or_else(|| self.next_in_runs())?;
        let description = match self.descriptions {
            [] => sample.description,
            [_] => 0,
            several => u32::try_from(several.partition_point(|number| *number < sample.description)).ok()?,
        };
        Some(Sample { description, ..sample })
    }
}

impl Samples<'_> {
    fn next_in_runs(&mut self) -> Option<Sample> {
        loop {
            if let Some(sample) = self.run.as_mut().and_then(Iterator::next) {
                return Some(Sample { is_sync: sample.is_sync || !self.uses_sync_flags, ..sample });
            }
            self.run = Some(self.runs.next()?.samples());
        }
    }
}

#[cfg(test)]
#[path = "samples_tests.rs"]
mod tests;
