//! The samples of a track: those of its sample tables, and behind them those of its fragments.

use std::collections::BTreeSet;

use super::fragment::{Run, RunSamples, place};
use super::sample_table::{TableSamples, Tables};
use crate::codec::TrackKind;
use crate::isobmff::BoxView;
use crate::{Error, Result};

/// Samples a track may have: a day of video at 240 frames a second, or of audio at 96 kHz, fits.
pub(super) const MAX_SAMPLES: u32 = 1 << 25;

/// One sample: an access unit of video, a frame of audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Position in the track, from 0.
    pub index: u32,
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Length in bytes.
    pub size: u32,
    /// Decode time, in units of the track's timescale.
    pub decode_time: u64,
    /// Time to the next sample's decode time.
    pub duration: u32,
    /// Composition time less decode time.
    pub composition_offset: i32,
    /// Whether decoding may start here.
    pub is_sync: bool,
    /// Position of its sample description among those of the track that are used, from 0.
    pub description: u32,
}

impl Sample {
    /// Composition time, in units of the track's timescale; may lie before zero.
    #[must_use]
    pub fn composition_time(&self) -> i64 {
        i64::try_from(self.decode_time).unwrap_or(i64::MAX).saturating_add(i64::from(self.composition_offset))
    }

    /// Where the sample ends in the file.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.size))
    }
}

/// The samples of one track, proven to lie inside the file.
///
/// A progressive movie has them all in the sample tables of its `moov`, a fragmented one in the track runs of its `moof`s, and
/// some have the first in the one and the others in the other. Both are read where they lie.
#[derive(Debug, Clone)]
pub struct SampleTable<'a> {
    tables: Tables<'a>,
    runs: Vec<Run<'a>>,
    /// Whether fragments may say that a sample is no sync sample: not for sound, where muxers say anything.
    heeds_sync_flags: bool,
    /// Numbers of the sample descriptions that samples are of, from 1, ascending.
    descriptions: Vec<u32>,
    count: u32,
    bytes: u64,
    earliest_composition_time: i64,
    latest_composition_end: i64,
}

impl<'a> SampleTable<'a> {
    /// Reads and checks the tables of an `stbl` box and the `runs` of the track's fragments, of a file of `file_size` bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a table is missing or two disagree, [`Error::TruncatedMedia`] when a sample lies past the
    /// end of the file, [`Error::LimitExceeded`] for more samples than a day of media has.
    pub(super) fn parse(stbl: &BoxView<'a>, mut runs: Vec<Run<'a>>, kind: TrackKind, file_size: u64) -> Result<Self> {
        let mut tables = Tables::parse(stbl)?;
        let counts = runs.iter().map(|run| run.count);
        let count = counts.fold(tables.count, u32::saturating_add);
        if count > MAX_SAMPLES {
            let (found, limit) = (u64::from(count), u64::from(MAX_SAMPLES));
            return Err(Error::LimitExceeded { what: "the number of samples of a track", found, limit });
        }
        if u64::from(count) > file_size {
            return Err(stbl.malformed("there are more samples than the file has bytes"));
        }
        tables.last_duration = place(&mut runs, tables.end(), stbl)?;
        let heeds_sync_flags = kind == TrackKind::Video;
        let table = Self {
            tables,
            runs,
            heeds_sync_flags,
            descriptions: Vec::new(),
            count,
            bytes: 0,
            earliest_composition_time: 0,
            latest_composition_end: 0,
        };
        table.check(stbl, file_size)
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether the track has no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Numbers of the sample descriptions that samples are of: entries of `stsd`, from 1, ascending.
    #[must_use]
    pub fn descriptions(&self) -> &[u32] {
        &self.descriptions
    }

    /// Sum of the sizes of all samples, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Decode time of the first sample: not zero in what was cut out of a longer recording.
    #[must_use]
    pub fn first_decode_time(&self) -> u64 {
        self.samples().next().map_or(0, |first| first.decode_time)
    }

    /// The earliest composition time of all samples, in units of the track's timescale.
    #[must_use]
    pub fn earliest_composition_time(&self) -> i64 {
        self.earliest_composition_time
    }

    /// When the last of all samples to be composed ends, in units of the track's timescale.
    #[must_use]
    pub fn latest_composition_end(&self) -> i64 {
        self.latest_composition_end
    }

    /// The samples in decode order.
    #[must_use]
    pub fn samples(&self) -> Samples<'_> {
        Samples {
            tables: self.tables.samples(),
            runs: self.runs.iter(),
            run: None,
            heeds_sync_flags: self.heeds_sync_flags,
            descriptions: &self.descriptions,
        }
    }

    /// Proves that every sample lies inside the file, and that together they are no longer than it.
    fn check(mut self, stbl: &BoxView<'_>, file_size: u64) -> Result<Self> {
        let (mut end, mut seen, mut latest, mut bytes): (u64, u32, u64, u64) = (0, 0, 0, 0);
        let (mut earliest, mut latest_end) = (i64::MAX, i64::MIN);
        let (mut descriptions, mut description) = (BTreeSet::new(), None);
        for sample in self.samples() {
            seen = seen.saturating_add(1);
            bytes = bytes.saturating_add(u64::from(sample.size));
            let time = sample.composition_time();
            earliest = earliest.min(time);
            latest_end = latest_end.max(time.saturating_add(i64::from(sample.duration)));
            latest = latest.max(sample.decode_time.saturating_add(u64::from(sample.duration)));
            end = end.max(sample.end());
            // Until they are known, samples have the numbers of their descriptions for positions.
            if description != Some(sample.description) {
                if description.is_some() && !sample.is_sync {
                    return Err(Error::unsupported("A track whose codec parameters change between sync samples"));
                }
                description = Some(sample.description);
                descriptions.insert(sample.description);
            }
        }
        if seen < self.count {
            return Err(stbl.malformed("its tables end before its samples do"));
        }
        if end > file_size {
            return Err(Error::TruncatedMedia { file_size, needed: end });
        }
        if bytes > file_size {
            return Err(stbl.malformed("its samples overlap: together they are longer than the file"));
        }
        if latest >= 1 << 62 {
            return Err(stbl.malformed("its times overflow"));
        }
        self.descriptions = descriptions.into_iter().collect();
        self.bytes = bytes;
        if seen > 0 {
            (self.earliest_composition_time, self.latest_composition_end) = (earliest, latest_end);
        }
        Ok(self)
    }
}

/// The samples of a track in decode order.
#[derive(Debug, Clone)]
pub struct Samples<'t> {
    tables: TableSamples<'t>,
    runs: std::slice::Iter<'t, Run<'t>>,
    run: Option<RunSamples<'t>>,
    heeds_sync_flags: bool,
    descriptions: &'t [u32],
}

impl Iterator for Samples<'_> {
    type Item = Sample;

    #[inline]
    fn next(&mut self) -> Option<Sample> {
        let sample = self.tables.next().or_else(|| self.of_runs())?;
        let description = match self.descriptions {
            [] => sample.description,
            [_] => 0,
            several => u32::try_from(several.partition_point(|number| *number < sample.description)).unwrap_or(0),
        };
        Some(Sample { description, ..sample })
    }
}

impl Samples<'_> {
    fn of_runs(&mut self) -> Option<Sample> {
        loop {
            if let Some(sample) = self.run.as_mut().and_then(Iterator::next) {
                return Some(Sample { is_sync: sample.is_sync || !self.heeds_sync_flags, ..sample });
            }
            self.run = Some(self.runs.next()?.samples());
        }
    }
}

#[cfg(test)]
#[path = "samples_tests.rs"]
mod tests;
