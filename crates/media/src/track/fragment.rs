//! Movie fragments (ISO/IEC 14496-12 8.8): track runs, read where they lie.
//!
//! A `moof` box holds a `traf` per track, a `traf` holds `trun`s, and a `trun` lists samples whose bytes lie one behind the
//! other. What a `trun` leaves out of its entries comes from defaults: those of its `tfhd`, or of the track's `trex` in the
//! `moov`. Where the bytes begin may be said in four ways (8.8.7.1, 8.8.8.1): from the start of the file, from the start of the
//! `moof`, or behind what the run or the track before it has used; so the tracks of a `moof` are read side by side, those that
//! will not be packaged too.
//!
//! A [`Run`] is one `trun`: about as many bytes as it had itself, however many samples it lists. Only when each was read once,
//! and its sums are known, are the runs of a track put on its timeline by [`place`].

use std::collections::BTreeMap;

use super::samples::{MAX_SAMPLES, Sample};
use crate::isobmff::{BoxView, Reader, SampleFlags, tfhd, trun};
use crate::{Error, Result};

/// Tracks that fragments may be of.
const MAX_TRACKS: usize = 128;

/// What samples are when nothing else is said of them: `trex`, or `tfhd` over it.
#[derive(Debug, Clone, Copy)]
struct Defaults {
    description: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

impl Default for Defaults {
    /// Without a `trex`.
    fn default() -> Self {
        Self { description: 1, duration: 0, size: 0, flags: 0 }
    }
}

/// The track runs of a movie's fragments, by track, in file order.
#[derive(Debug, Default)]
pub(super) struct Fragments<'a> {
    tracks: BTreeMap<u32, Vec<Run<'a>>>,
    /// Samples of all of them.
    samples: u64,
    /// The last `moof` that names each track, for errors.
    seen_at: BTreeMap<u32, BoxView<'a>>,
}

impl<'a> Fragments<'a> {
    /// Reads the `moof` boxes of a file of `file_size` bytes, whose `moov` has this `mvex`.
    ///
    /// # Errors
    /// [`Error::Malformed`], and [`Error::LimitExceeded`] for more samples than a day of media has.
    pub(super) fn parse(
        mvex: Option<&BoxView<'a>>,
        moofs: impl Iterator<Item = Result<BoxView<'a>>>,
        file_size: u64,
    ) -> Result<Self> {
        let extends = mvex.map(track_extends).transpose()?.unwrap_or_default();
        let mut fragments = Self::default();
        for moof in moofs {
            fragments.moof(&moof?, &extends, file_size)?;
        }
        Ok(fragments)
    }

    /// The runs of track `id`, not yet placed.
    pub(super) fn take(&mut self, id: u32) -> Vec<Run<'a>> {
        self.tracks.remove(&id).unwrap_or_default()
    }

    /// Refuses runs that were not taken: of a track that the movie does not have.
    pub(super) fn none_left(&self) -> Result<()> {
        let left = self.tracks.keys().next().and_then(|id| self.seen_at.get(id));
        left.map_or(Ok(()), |moof| Err(moof.malformed("it names a track that the movie does not have")))
    }

    fn moof(&mut self, moof: &BoxView<'a>, extends: &BTreeMap<u32, Defaults>, file_size: u64) -> Result<()> {
        // Where the data of the track before ended.
        let mut end = None;
        for traf in moof.children() {
            let traf = traf?;
            if traf.kind == b"traf" {
                end = Some(self.traf(&traf, moof, end, extends, file_size)?);
            }
        }
        Ok(())
    }

    /// Reads a `traf`, and returns where its data ends.
    fn traf(
        &mut self,
        traf: &BoxView<'a>,
        moof: &BoxView<'a>,
        end_before: Option<u64>,
        extends: &BTreeMap<u32, Defaults>,
        file_size: u64,
    ) -> Result<u64> {
        let (_, flags, mut reader) = traf.required(b"tfhd", "it has no track fragment header (tfhd)")?.full()?;
        let id = reader.u32()?;
        let optional = |flag: u32| flags & flag != 0;
        let base = if optional(tfhd::BASE_DATA_OFFSET) { Some(reader.u64()?) } else { None };
        let from_moof = optional(tfhd::DEFAULT_BASE_IS_MOOF);
        let base = base.or(end_before.filter(|_| !from_moof)).unwrap_or(moof.offset);
        let mut defaults = extends.get(&id).copied().unwrap_or_default();
        let mut field = |flag: u32, field: &mut u32| -> Result<()> {
            if optional(flag) {
                *field = reader.u32()?;
            }
            Ok(())
        };
        field(tfhd::DESCRIPTION, &mut defaults.description)?;
        field(tfhd::DEFAULT_DURATION, &mut defaults.duration)?;
        field(tfhd::DEFAULT_SIZE, &mut defaults.size)?;
        field(tfhd::DEFAULT_FLAGS, &mut defaults.flags)?;

        let tfdt = traf.child(b"tfdt")?;
        let mut start = tfdt.map(|tfdt| {
            let (version, _, mut reader) = tfdt.full()?;
            reader.word(version)
        });
        if self.tracks.len() >= MAX_TRACKS && !self.tracks.contains_key(&id) {
            return Err(moof.malformed("there are fragments of more tracks than any movie needs"));
        }
        let runs = self.tracks.entry(id).or_default();
        self.seen_at.insert(id, *moof);
        let mut end = base;
        for trun in traf.children() {
            let trun = trun?;
            if trun.kind != b"trun" {
                continue;
            }
            let mut run = Run::parse(&trun, base, end, defaults)?;
            self.samples = self.samples.saturating_add(u64::from(run.count));
            if self.samples > file_size {
                return Err(trun.malformed("there are more samples than the file has bytes"));
            }
            if run.count > MAX_SAMPLES {
                let (found, limit) = (u64::from(run.count), u64::from(MAX_SAMPLES));
                return Err(Error::LimitExceeded { what: "the number of samples of a track", found, limit });
            }
            if run.count > 0 {
                run.start = start.take().transpose()?;
                run.add_up();
                end = run.offset.saturating_add(run.bytes);
                runs.push(run);
            }
        }
        if optional(tfhd::DURATION_IS_EMPTY)
            && let Some(last) = runs.last_mut()
        {
            last.empty_after = last.empty_after.saturating_add(u64::from(defaults.duration));
        }
        Ok(end)
    }
}

/// The sample defaults of each track: the `trex` boxes of `mvex` (8.8.3).
fn track_extends(mvex: &BoxView<'_>) -> Result<BTreeMap<u32, Defaults>> {
    let mut extends = BTreeMap::new();
    for trex in mvex.children() {
        let trex = trex?;
        if trex.kind == b"trex" {
            let (_, _, mut reader) = trex.full()?;
            let id = reader.u32()?;
            let (description, duration) = (reader.u32()?, reader.u32()?);
            extends.insert(id, Defaults { description, duration, size: reader.u32()?, flags: reader.u32()? });
        }
    }
    Ok(extends)
}

/// A track run (8.8.8): samples whose bytes lie one behind the other.
#[derive(Debug, Clone)]
pub(super) struct Run<'a> {
    /// Number of samples; never zero.
    pub(super) count: u32,
    /// Offset of the first byte in the file.
    offset: u64,
    defaults: Defaults,
    first_flags: Option<u32>,
    /// Which fields an entry has.
    fields: u32,
    entries: &'a [u8],
    /// What `tfdt` says of the first sample's decode time.
    start: Option<u64>,
    /// Time without samples behind the run.
    empty_after: u64,
    bytes: u64,
    /// From the first sample to the end of the last, as listed.
    duration: u64,
    /// From the first sample to the last.
    to_last: u64,
    /// The duration of the last sample where the next run makes it another than is listed.
    last_duration: Option<u32>,
    /// Position of the first sample in the track, once the run is placed.
    pub(super) first: u32,
    /// Decode time of the first sample, once the run is placed.
    pub(super) decode_time: u64,
}

impl<'a> Run<'a> {
    /// Reads a `trun` whose offset counts from `base`, or that begins at `next` if it has none.
    fn parse(trun: &BoxView<'a>, base: u64, next: u64, defaults: Defaults) -> Result<Self> {
        let (_, flags, mut reader) = trun.full()?;
        let count = reader.u32()?;
        let offset = if flags & trun::DATA_OFFSET == 0 {
            next
        } else {
            let distance = i64::from(i32::from_be_bytes(reader.array()?));
            base.checked_add_signed(distance).ok_or(trun.malformed("its data lies before the file"))?
        };
        let first_flags = if flags & trun::FIRST_FLAGS == 0 { None } else { Some(reader.u32()?) };
        let fields = flags & (trun::DURATION | trun::SIZE | trun::FLAGS | trun::COMPOSITION_OFFSET);
        let entries = entries(&mut reader, fields, count)?;
        Ok(Self {
            count,
            offset,
            defaults,
            first_flags,
            fields,
            entries,
            start: None,
            empty_after: 0,
            bytes: 0,
            duration: 0,
            to_last: 0,
            last_duration: None,
            first: 0,
            decode_time: 0,
        })
    }

    /// Sums its samples up.
    fn add_up(&mut self) {
        let (mut bytes, mut duration, mut to_last) = (0_u64, 0_u64, 0);
        for sample in self.samples() {
            bytes = bytes.saturating_add(u64::from(sample.size));
            to_last = duration;
            duration = duration.saturating_add(u64::from(sample.duration));
        }
        (self.bytes, self.duration, self.to_last) = (bytes, duration, to_last);
    }

    /// Its samples.
    pub(super) fn samples(&self) -> RunSamples<'_> {
        RunSamples { run: self, position: 0, rest: self.entries, offset: self.offset, decode_time: self.decode_time }
    }
}

/// The entries of a `trun`: four bytes for each of the `fields` of each of `count` samples.
fn entries<'a>(reader: &mut Reader<'a>, fields: u32, count: u32) -> Result<&'a [u8]> {
    let bytes = u64::from(fields.count_ones()).saturating_mul(4).saturating_mul(u64::from(count));
    reader.bytes(usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// The end of a track's samples so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// How many there are.
    pub(super) samples: u32,
    /// Decode time of the last, if there is one.
    pub(super) last: Option<u64>,
    /// When that one ends.
    pub(super) time: u64,
}

/// Puts the runs of a track on its timeline, behind the samples that its sample tables hold, which end at `end`. Returns the
/// duration that the last of those has then, if it is another than the tables say.
///
/// A run begins when its `tfdt` says, or else when the one before it ends. The sample before it then lasts until it begins: a
/// gap in the recording is a long sample, and an overlap (rounding, mostly) a short one. So every decode time is what the file
/// says, and times only ever go forward.
pub(super) fn place(runs: &mut [Run<'_>], mut end: End, moov: &BoxView<'_>) -> Result<Option<u32>> {
    let mut table_duration = None;
    let mut previous: Option<&mut Run<'_>> = None;
    for run in runs {
        let empty = previous.as_ref().map_or(0, |previous| previous.empty_after);
        let start = run.start.unwrap_or(end.time.saturating_add(empty));
        if let Some(last) = end.last.filter(|_| start != end.time) {
            let duration = start.checked_sub(last).ok_or(Error::unsupported(
                "A fragmented file whose decode times run backwards from one fragment to the next",
            ))?;
            let duration = u32::try_from(duration).map_err(|_| moov.malformed("its fragments lie too far apart"))?;
            match previous {
                Some(previous) => previous.last_duration = Some(duration),
                None => table_duration = Some(duration),
            }
        }
        (run.first, run.decode_time) = (end.samples, start);
        end = End {
            samples: end.samples.saturating_add(run.count),
            last: Some(start.saturating_add(run.to_last)),
            time: start.saturating_add(run.duration),
        };
        previous = Some(run);
    }
    Ok(table_duration)
}

/// The samples of a run.
#[derive(Debug, Clone)]
pub(super) struct RunSamples<'r> {
    run: &'r Run<'r>,
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
        let index = run.first.saturating_add(self.position);
        self.position = self.position.saturating_add(1);
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
        self.offset = self.offset.saturating_add(u64::from(size));
        self.decode_time = self.decode_time.saturating_add(u64::from(duration));
        Some(sample)
    }
}

impl RunSamples<'_> {
    /// The next field of the entry, if entries have it.
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

#[cfg(test)]
#[path = "fragment_tests.rs"]
mod tests;
