//! Track runs (`trun`, ISO/IEC 14496-12 8.8.8), read in place.
//!
//! A [`TrackRun`] is one `trun`: it takes about as much memory as the box itself, however many samples it lists. Its samples
//! are read once for their sums; then [`assign_decode_times`] puts the runs of a track on its decode timeline.

use super::sample::{DecodeEnd, Sample};
use super::sample_durations::MAX_DELTA;
use super::trex::SampleDefaults;
use crate::isobmff::{BoxView, Reader, SampleFlags, trun};
use crate::number::Checked;
use crate::{Error, Result};

/// A track run: samples whose bytes are contiguous.
#[derive(Debug, Clone)]
pub(super) struct TrackRun<'a> {
    /// Number of samples.
    pub(super) count: u32,
    /// Offset of the first byte in the file.
    offset: u64,
    defaults: SampleDefaults,
    first_flags: Option<u32>,
    /// The fields that each entry has: flags of `trun`.
    fields: u32,
    entries: &'a [u8],
    /// Decode time of the first sample, by `tfdt`.
    pub(super) start: Option<u64>,
    /// Time without samples after the run.
    pub(super) empty_after: u64,
    /// Sum of the durations of all samples, as listed.
    duration: u64,
    /// Decode time of the last sample minus that of the first.
    last_start: u64,
    /// The duration of the last sample, if it is not the listed one.
    pub(super) last_duration: Option<u32>,
    /// Position of the first sample in the track, once assigned.
    first: u32,
    /// Decode time of the first sample, once assigned.
    decode_time: u64,
}

impl<'a> TrackRun<'a> {
    /// Reads a `trun`. Its data offset is relative to `base`; without one, its data begins at `next`.
    pub(super) fn parse(trun: &BoxView<'a>, base: u64, next: u64, defaults: SampleDefaults) -> Result<Self> {
        let (_, flags, mut reader) = trun.full()?;
        let count = reader.u32()?;
        let offset = if flags & trun::DATA_OFFSET == 0 {
            next
        } else {
            let distance = i64::from(i32::from_be_bytes(reader.array()?));
            base.checked_add_signed(distance).ok_or(trun.malformed("its data is before the start of the file"))?
        };
        let first_flags = if flags & trun::FIRST_FLAGS == 0 { None } else { Some(reader.u32()?) };
        let fields = flags & (trun::DURATION | trun::SIZE | trun::FLAGS | trun::COMPOSITION_OFFSET);
        Ok(Self {
            count,
            offset,
            defaults,
            first_flags,
            fields,
            entries: entries(&mut reader, fields, count)?,
            start: None,
            empty_after: 0,
            duration: 0,
            last_start: 0,
            last_duration: None,
            first: 0,
            decode_time: 0,
        })
    }

    /// Sums up the samples, and returns the end of their data in the file.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the data ends past 64 bits.
    pub(super) fn add_up(&mut self, trun: &BoxView<'_>) -> Result<u64> {
        let (mut end, mut seen) = (Some(self.offset), 0);
        let (mut last_start, mut duration) = (0, 0);
        for (number, sample) in (1..).zip(self.samples()) {
            (seen, end) = (number, sample.end());
            if sample.duration > MAX_DELTA {
                return Err(trun.malformed("a sample has a negative duration"));
            }
            last_start = sample.decode_time;
            duration = sample.decode_time.checked_add(u64::from(sample.duration)).or_out_of_range(DECODE_TIME)?;
        }
        (self.last_start, self.duration) = (last_start, duration);
        end.filter(|_| seen == self.count).ok_or(trun.malformed("its data is past the end of any file"))
    }

    /// Leaves out the samples from position `end` of the track on. Returns whether one is left.
    pub(super) fn keep_before(&mut self, end: u32) -> bool {
        let kept = end.saturating_sub(self.first);
        if kept < self.count {
            (self.count, self.last_duration) = (kept, None);
        }
        kept > 0
    }

    /// Returns the samples.
    pub(super) fn samples(&self) -> RunSamples<'_> {
        RunSamples { run: self, position: 0, rest: self.entries, offset: self.offset, decode_time: self.decode_time }
    }
}

const DECODE_TIME: &str = "The decode time of a movie fragment";

/// Reads the entries of a `trun`: four bytes for each of the `fields` of each of `count` samples.
fn entries<'a>(reader: &mut Reader<'a>, fields: u32, count: u32) -> Result<&'a [u8]> {
    let first_sample_end = u64::from(fields.count_ones()).checked_mul(4);
    let bytes = first_sample_end.and_then(|bytes| bytes.checked_mul(u64::from(count)));
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok()).or_out_of_range("The size of a track run")?;
    reader.bytes(bytes)
}

/// Assigns positions and decode times to the runs of a track, after the samples of its sample table, which end at `end`.
/// Returns the duration of the last sample of the table if the first run changes it.
///
/// A run begins at the time of its `tfdt`, or else at the end of the previous run. The sample before it then lasts until it
/// begins: a gap in the recording makes that sample long, an overlap (mostly from rounding) makes it short. So every decode
/// time is the one in the file, and decode times only increase.
pub(super) fn assign_decode_times(
    runs: &mut [TrackRun<'_>],
    mut end: DecodeEnd,
    stbl: &BoxView<'_>,
) -> Result<Option<u32>> {
    let mut table_duration = None;
    let mut previous: Option<&mut TrackRun<'_>> = None;
    for run in runs {
        let empty = previous.as_ref().map_or(0, |previous| previous.empty_after);
        let start = match run.start {
            Some(start) => start,
            None => end.time.checked_add(empty).or_out_of_range(DECODE_TIME)?,
        };
        if let Some(last) = end.last.filter(|_| start != end.time) {
            let duration = start.checked_sub(last).ok_or(Error::unsupported(
                "A fragmented file whose decode times run backwards from one fragment to the next",
            ))?;
            let duration =
                u32::try_from(duration).map_err(|_| stbl.malformed("its fragments are too far apart in time"))?;
            match previous {
                Some(previous) => previous.last_duration = Some(duration),
                None => table_duration = Some(duration),
            }
        }
        (run.first, run.decode_time) = (end.samples, start);
        end = DecodeEnd {
            samples: end.samples.checked_add(run.count).or_out_of_range("The number of samples of a track")?,
            last: Some(start.checked_add(run.last_start).or_out_of_range(DECODE_TIME)?),
            time: start.checked_add(run.duration).or_out_of_range(DECODE_TIME)?,
        };
        previous = Some(run);
    }
    Ok(table_duration)
}

/// The samples of a run.
#[derive(Debug, Clone)]
pub(super) struct RunSamples<'r> {
    run: &'r TrackRun<'r>,
    position: u32,
    rest: &'r [u8],
    offset: u64,
    decode_time: u64,
}

impl Iterator for RunSamples<'_> {
    type Item = Sample;

    #[inline]
    fn next(&mut self) -> Option<Sample> {
        let run = self.run;
        if self.position >= run.count {
            return None;
        }
        let duration = self.field(trun::DURATION).unwrap_or(run.defaults.duration);
        let size = self.field(trun::SIZE).unwrap_or(run.defaults.size);
        let flags = self.field(trun::FLAGS).unwrap_or(run.defaults.flags);
        let flags = run.first_flags.filter(|_| self.position == 0).unwrap_or(flags);
        // Version 0 runs with negative offsets exist, so both versions are read as signed.
        let composition_offset = self.field(trun::COMPOSITION_OFFSET).unwrap_or(0).cast_signed();
        let index = run.first.checked_add(self.position)?;
        self.position = self.position.checked_add(1)?;
        let last_duration = run.last_duration.filter(|_| self.position == run.count);
        let sample = Sample {
            index,
            offset: self.offset,
            size,
            decode_time: self.decode_time,
            duration: last_duration.unwrap_or(duration),
            composition_offset,
            is_sync: SampleFlags::from_word(flags).is_sync,
            description: run.defaults.description,
        };
        self.offset = self.offset.checked_add(u64::from(size))?;
        self.decode_time = self.decode_time.checked_add(u64::from(duration))?;
        Some(sample)
    }
}

impl RunSamples<'_> {
    /// Returns the next field of the entry, if entries have it.
    #[inline]
    fn field(&mut self, flag: u32) -> Option<u32> {
        if self.run.fields & flag == 0 {
            return None;
        }
        let (field, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*field))
    }
}
