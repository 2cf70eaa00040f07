//! Movie fragments (ISO/IEC 14496-12 8.8): the `moof` and `traf` boxes.
//!
//! A `moof` box has a `traf` for each track, a `traf` has `trun`s, and a `trun` lists samples whose bytes are contiguous.
//! Fields that the entries of a `trun` leave out have default values, from its `tfhd` or from the track's `trex` in the `moov`.
//! The start of the bytes is specified in one of four ways (8.8.7.1, 8.8.8.1): relative to the start of the file, relative to
//! the start of the `moof`, or after the bytes of the previous run or the previous track. So the tracks of a `moof` are read
//! together, including those that are not packaged.

use std::collections::BTreeMap;

use super::sample::check_sample_count;
use super::track_run::TrackRun;
use super::trex::{SampleDefaults, sample_defaults};
use crate::Result;
use crate::isobmff::{BoxView, tfhd};
use crate::number::Checked;

/// Maximum number of tracks in a movie, or in its fragments.
pub(super) const MAX_TRACKS: usize = 128;

/// The track runs of a movie's fragments, by track, in file order.
#[derive(Debug, Default)]
pub(super) struct Fragments<'a> {
    tracks: BTreeMap<u32, Vec<TrackRun<'a>>>,
    /// Number of samples of all tracks.
    samples: u64,
    /// The last `moof` with a `traf` of each track, for errors.
    last_moofs: BTreeMap<u32, BoxView<'a>>,
}

impl<'a> Fragments<'a> {
    /// Reads the `moof` boxes of a file of `file_size` bytes whose `moov` has this `mvex`.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed), and [`Error::LimitExceeded`](crate::Error::LimitExceeded) for too many
    /// samples.
    pub(super) fn parse(
        mvex: Option<&BoxView<'a>>,
        moofs: impl Iterator<Item = Result<BoxView<'a>>>,
        file_size: u64,
    ) -> Result<Self> {
        let defaults = mvex.map(sample_defaults).transpose()?.unwrap_or_default();
        let mut fragments = Self::default();
        for moof in moofs {
            fragments.add_moof(&moof?, &defaults, file_size)?;
        }
        Ok(fragments)
    }

    /// Removes and returns the runs of track `id`. Their decode times are not assigned yet.
    pub(super) fn take(&mut self, id: u32) -> Vec<TrackRun<'a>> {
        self.tracks.remove(&id).unwrap_or_default()
    }

    /// Checks that all runs have been taken.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) for runs of a track that the movie does not have.
    pub(super) fn check_all_taken(&self) -> Result<()> {
        let left = self.tracks.keys().next().and_then(|id| self.last_moofs.get(id));
        left.map_or(Ok(()), |moof| Err(moof.malformed("it has a fragment of a track that the movie does not have")))
    }

    fn add_moof(&mut self, moof: &BoxView<'a>, defaults: &BTreeMap<u32, SampleDefaults>, file_size: u64) -> Result<()> {
        // End of the data of the previous track.
        let mut end = None;
        for child in moof.children() {
            let child = child?;
            if child.kind == b"traf" {
                end = Some(self.add_traf(&child, moof, end, defaults, file_size)?);
            }
        }
        Ok(())
    }

    /// Reads a `traf`, and returns the end of its data.
    fn add_traf(
        &mut self,
        traf: &BoxView<'a>,
        moof: &BoxView<'a>,
        previous_end: Option<u64>,
        defaults: &BTreeMap<u32, SampleDefaults>,
        file_size: u64,
    ) -> Result<u64> {
        let header = TrackFragmentHeader::parse(traf, defaults)?;
        let relative_to_previous = previous_end.filter(|_| !header.base_is_moof);
        let base = header.base_data_offset.or(relative_to_previous).unwrap_or(moof.offset);
        let tfdt = traf.child(b"tfdt")?;
        let mut start = tfdt.map(|tfdt| {
            let (version, _, mut reader) = tfdt.full()?;
            reader.word(version)
        });
        let id = header.track_id;
        if self.tracks.len() >= MAX_TRACKS && !self.tracks.contains_key(&id) {
            return Err(moof.malformed("there are fragments of more tracks than any movie needs"));
        }
        let runs = self.tracks.entry(id).or_default();
        self.last_moofs.insert(id, *moof);
        let mut end = base;
        for child in traf.children() {
            let trun = child?;
            if trun.kind != b"trun" {
                continue;
            }
            let mut run = TrackRun::parse(&trun, base, end, header.defaults)?;
            let samples = self.samples.checked_add(u64::from(run.count));
            self.samples = samples.or_out_of_range("The number of samples in its movie fragments")?;
            if self.samples > file_size {
                return Err(trun.malformed("there are more samples than the file has bytes"));
            }
            check_sample_count(u64::from(run.count))?;
            if run.count > 0 {
                run.start = start.take().transpose()?;
                end = run.add_up(&trun)?;
                runs.push(run);
            }
        }
        if header.duration_is_empty
            && let Some(last) = runs.last_mut()
        {
            let empty = last.empty_after.checked_add(u64::from(header.defaults.duration));
            last.empty_after = empty.or_out_of_range("The duration of an empty movie fragment")?;
        }
        Ok(end)
    }
}

/// `tfhd` (8.8.7).
struct TrackFragmentHeader {
    track_id: u32,
    base_data_offset: Option<u64>,
    base_is_moof: bool,
    duration_is_empty: bool,
    defaults: SampleDefaults,
}

impl TrackFragmentHeader {
    fn parse(traf: &BoxView<'_>, defaults: &BTreeMap<u32, SampleDefaults>) -> Result<Self> {
        let tfhd = traf.required(b"tfhd", "it has no track fragment header (tfhd)")?;
        let (_, flags, mut reader) = tfhd.full()?;
        let has = |flag: u32| flags & flag != 0;
        let track_id = reader.u32()?;
        let base_data_offset = if has(tfhd::BASE_DATA_OFFSET) { Some(reader.u64()?) } else { None };
        let mut defaults = defaults.get(&track_id).copied().unwrap_or_default();
        for (flag, field) in [
            (tfhd::DESCRIPTION, &mut defaults.description),
            (tfhd::DEFAULT_DURATION, &mut defaults.duration),
            (tfhd::DEFAULT_SIZE, &mut defaults.size),
            (tfhd::DEFAULT_FLAGS, &mut defaults.flags),
        ] {
            if has(flag) {
                *field = reader.u32()?;
            }
        }
        Ok(Self {
            track_id,
            base_data_offset,
            base_is_moof: has(tfhd::DEFAULT_BASE_IS_MOOF),
            duration_is_empty: has(tfhd::DURATION_IS_EMPTY),
            defaults,
        })
    }
}

#[cfg(test)]
#[path = "fragment_tests.rs"]
mod tests;
