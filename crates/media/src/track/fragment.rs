//! Movie fragments (ISO/IEC 14496-12 8.8): the `moof` and `traf` boxes.
//!
//! A `moof` box has a `traf` for each track, a `traf` has `trun`s, and a `trun` lists samples whose bytes are contiguous.
//! Fields that the entries of a `trun` leave out have default values, from its `tfhd` or from the track's `trex` in the `moov`.
//! The start of the bytes is specified in one of four ways (8.8.7.1, 8.8.8.1): relative to the start of the file, relative to
//! the start of the `moof`, or after the bytes of the previous run or the previous track. So the tracks of a `moof` are read
//! together, including those that are not packaged.

use std::collections::BTreeMap;

use super::encryption_signs::sign_in_traf;
use super::sample::check_sample_count;
use super::sample_groups::SampleGroups;
use super::track_run::TrackRun;
use super::trex::{SampleDefaults, sample_defaults};
use crate::isobmff::{BoxView, FourCc, tfhd};
use crate::number::{Checked, u64_of};
use crate::{Error, Result};

/// Maximum number of tracks in a movie, or in its fragments.
pub(super) const MAX_TRACKS: usize = 128;

/// Returns the error of a movie with more tracks.
pub(super) fn too_many_tracks(found: usize) -> Error {
    let (what, action) = ("the number of tracks", "remux the file without tracks that are not needed");
    Error::LimitExceeded { what, found: u64_of(found), limit: u64_of(MAX_TRACKS), action }
}

/// The fragments of a movie, by track.
#[derive(Debug, Default)]
pub(super) struct Fragments<'a> {
    tracks: BTreeMap<u32, FragmentedTrack<'a>>,
    /// Number of samples of all tracks.
    samples: u64,
    /// The first fragment whose data is past the end of the file, if there is one.
    cut: Option<FragmentCut>,
}

/// The fragments of one track.
#[derive(Debug, Default)]
pub(super) struct FragmentedTrack<'a> {
    /// Its runs, in file order. Their decode times are not assigned yet.
    pub(super) runs: Vec<TrackRun<'a>>,
    /// The sign of encryption in a fragment, if there is one.
    pub(super) encryption: Option<FourCc>,
    /// The sample groups of its fragments.
    pub(super) groups: SampleGroups,
    /// The last `moof` with a `traf` of the track, for errors.
    last_moof: Option<BoxView<'a>>,
    /// Whether a fragment of it was left out, because its data is past the end of the file.
    is_cut: bool,
}

/// A fragment that the end of the file cuts off.
#[derive(Debug, Clone, Copy)]
pub(super) struct FragmentCut {
    /// Offset of its `moof`.
    pub(super) offset: u64,
    /// End of its data.
    pub(super) needed: u64,
}

impl<'a> Fragments<'a> {
    /// Reads the `moof` boxes of a file of `file_size` bytes whose `moov` has this `mvex`.
    ///
    /// The fragment of a track whose data ends past the end of the file is left out: the recording was interrupted while it was
    /// written. The other tracks of a `moof` may be whole.
    ///
    /// # Errors
    /// [`Error::Malformed`]; [`Error::LimitExceeded`] for too many samples; [`Error::TruncatedMedia`] when whole fragments of a
    /// track follow one that is cut off.
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

    /// Removes and returns the fragments of track `id`.
    pub(super) fn take(&mut self, id: u32) -> FragmentedTrack<'a> {
        self.tracks.remove(&id).unwrap_or_default()
    }

    /// Returns the first fragment that the end of the file cuts off.
    pub(super) fn cut(&self) -> Option<FragmentCut> {
        self.cut
    }

    /// Checks that all fragments have been taken.
    ///
    /// # Errors
    /// [`Error::Malformed`] for fragments of a track that the movie does not have.
    pub(super) fn check_all_taken(&self) -> Result<()> {
        let left = self.tracks.values().find_map(|track| track.last_moof.as_ref());
        left.map_or(Ok(()), |moof| Err(moof.malformed("it has a fragment of a track that the movie does not have")))
    }

    fn add_moof(&mut self, moof: &BoxView<'a>, defaults: &BTreeMap<u32, SampleDefaults>, file_size: u64) -> Result<()> {
        // End of the data of the previous track.
        let (mut end, mut has_pssh) = (None, false);
        let mut fragments = Vec::new();
        for child in moof.children() {
            let child = child?;
            has_pssh |= child.kind == b"pssh";
            if child.kind == b"traf" {
                let fragment = self.read_traf(&child, moof, end, defaults, file_size)?;
                end = Some(fragment.end);
                fragments.push(fragment);
            }
        }
        for fragment in fragments {
            self.add_fragment(fragment, moof, has_pssh, file_size)?;
        }
        Ok(())
    }

    fn add_fragment(
        &mut self,
        fragment: TrackFragment<'a>,
        moof: &BoxView<'a>,
        has_pssh: bool,
        file_size: u64,
    ) -> Result<()> {
        let id = fragment.track_id;
        if self.tracks.len() >= MAX_TRACKS && !self.tracks.contains_key(&id) {
            return Err(too_many_tracks(self.tracks.len().saturating_add(1)));
        }
        let track = self.tracks.entry(id).or_default();
        track.last_moof = Some(*moof);
        // The box that only encrypted fragments have is the sign when the track has none.
        let sign = fragment.encryption.or(has_pssh.then_some(FourCc(*b"pssh")));
        track.encryption = track.encryption.or(sign);
        if fragment.end > file_size {
            track.is_cut = true;
            self.cut.get_or_insert(FragmentCut { offset: moof.offset, needed: fragment.end });
            return Ok(());
        }
        if let Some(cut) = self.cut.filter(|_| track.is_cut && !fragment.runs.is_empty()) {
            return Err(Error::TruncatedMedia { file_size, needed: cut.needed });
        }
        track.groups.add(&fragment.groups);
        track.runs.extend(fragment.runs);
        if let Some(last) = track.runs.last_mut() {
            let empty = last.empty_after.checked_add(fragment.empty_after);
            last.empty_after = empty.or_out_of_range("The duration of an empty movie fragment")?;
        }
        Ok(())
    }

    /// Reads a `traf`.
    fn read_traf(
        &mut self,
        traf: &BoxView<'a>,
        moof: &BoxView<'a>,
        previous_end: Option<u64>,
        defaults: &BTreeMap<u32, SampleDefaults>,
        file_size: u64,
    ) -> Result<TrackFragment<'a>> {
        let header = TrackFragmentHeader::parse(traf, defaults)?;
        let relative_to_previous = previous_end.filter(|_| !header.base_is_moof);
        let base = header.base_data_offset.or(relative_to_previous).unwrap_or(moof.offset);
        let tfdt = traf.child(b"tfdt")?;
        let mut start = tfdt.map(|tfdt| {
            let (version, _, mut reader) = tfdt.full()?;
            reader.word(version)
        });
        let mut fragment = TrackFragment {
            track_id: header.track_id,
            runs: Vec::new(),
            end: base,
            empty_after: if header.duration_is_empty { u64::from(header.defaults.duration) } else { 0 },
            encryption: None,
            groups: SampleGroups::default(),
        };
        for child in traf.children() {
            let trun = child?;
            if trun.kind != b"trun" {
                fragment.encryption = fragment.encryption.or(sign_in_traf(&trun));
                fragment.groups.add_box(&trun);
                continue;
            }
            let mut run = TrackRun::parse(&trun, base, fragment.end, header.defaults)?;
            let samples = self.samples.checked_add(u64::from(run.count));
            self.samples = samples.or_out_of_range("The number of samples in its movie fragments")?;
            if self.samples > file_size {
                return Err(trun.malformed("there are more samples than the file has bytes"));
            }
            check_sample_count(u64::from(run.count))?;
            if run.count > 0 {
                run.start = start.take().transpose()?;
                fragment.end = run.add_up(&trun)?;
                fragment.runs.push(run);
            }
        }
        Ok(fragment)
    }
}

/// A `traf`.
struct TrackFragment<'a> {
    track_id: u32,
    runs: Vec<TrackRun<'a>>,
    /// End of its data in the file.
    end: u64,
    /// Time without samples at its end.
    empty_after: u64,
    /// The sign of encryption in it, if there is one.
    encryption: Option<FourCc>,
    groups: SampleGroups,
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
