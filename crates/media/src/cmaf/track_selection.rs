//! The tracks of several movies that one package contains.
//!
//! The files of a ladder are encodings of one film, and most of them contain the same audio; files in other languages may
//! contain the same video. Duplicates are packaged once. Only the index is available here, so a track is a duplicate if
//! everything in its index is equal: sample descriptions, the size, times and flags of every sample, language, and edit list.
//! Constant-rate audio encoders produce the same sample sizes for any content of equal length, so their sizes prove nothing:
//! a track counts as a duplicate only if its samples have many different sizes.
//!
//! Each track of a package has a separate identity and `track_ID`. The first movie keeps its `track_ID`s; an ID that is in use
//! is replaced. With `cenc` this is essential: the ID separates the counters of two tracks with one key.

use std::collections::BTreeSet;

use crate::codec::SampleEntry;
use crate::number::{Checked, u64_of};
use crate::track::{Movie, Sample, Track, TrackKind, TrackLabels};
use crate::{Error, Result};

/// Maximum number of movies in a package: more than the rungs and languages of any ladder.
pub const MAX_INPUTS: usize = 16;

/// Maximum number of switching sets in a package. Their numbers have 16 bits.
const MAX_SWITCHING_SETS: u64 = 0xffff;

/// The transfer characteristics PQ and HLG (ISO/IEC 23091-2 8.2).
const HIGH_DYNAMIC_RANGE: [u16; 2] = [16, 18];

/// Minimum number of different sample sizes for a track to be recognised as a duplicate.
const DISTINCTIVE_SIZES: usize = 16;

/// A track that is packaged.
#[derive(Debug, Clone, Copy)]
pub(super) struct SelectedTrack<'m, 'a> {
    /// Position of its movie.
    pub(super) input: u16,
    pub(super) track: &'m Track<'a>,
    /// `track_ID` in the package.
    pub(super) track_id: u32,
    /// The switching set it belongs to, from 0.
    pub(super) switching_set: u16,
}

/// Selects the tracks of `movies` to package, in their order.
pub(super) fn select_tracks<'m, 'a>(movies: &'m [Movie<'a>], audio_only: bool) -> Result<Vec<SelectedTrack<'m, 'a>>> {
    let (inputs, limit) = (u64_of(movies.len()), u64_of(MAX_INPUTS));
    if inputs > limit {
        return Err(Error::LimitExceeded { what: "the number of movies in a package", found: inputs, limit });
    }
    if !audio_only && !movies.iter().any(|movie| movie.require_video().is_ok()) {
        return Err(Error::NoVideo);
    }
    let mut selected: Vec<SelectedTrack<'m, 'a>> = Vec::new();
    let mut sets: Vec<SwitchingSetKey> = Vec::new();
    for (input, movie) in (0..).zip(movies) {
        let (of_other_movies, mut sets_of_movie) = (selected.clone(), Vec::new());
        let candidates = movie.tracks.iter().filter(|track| !(audio_only && track.kind == TrackKind::Video));
        for track in candidates.filter(|track| !of_other_movies.iter().any(|other| is_duplicate(other.track, track))) {
            // A second track of a kind in one movie is a different angle or a commentary, not another rate of the first.
            let mut keys = (0..u16::MAX).map(|ordinal| SwitchingSetKey::of(track, ordinal));
            let key = keys.find(|key| !sets_of_movie.contains(key)).ok_or_else(|| too_many_sets(&sets))?;
            sets_of_movie.push(key.clone());
            let position = sets.iter().position(|other| *other == key).unwrap_or_else(|| {
                sets.push(key);
                sets.len().saturating_sub(1)
            });
            let switching_set = u16::try_from(position).map_err(|_| too_many_sets(&sets))?;
            let track_id = free_track_id(track.id, &selected)?;
            selected.push(SelectedTrack { input, track, track_id, switching_set });
        }
    }
    if selected.is_empty() {
        return Err(Error::NoMedia);
    }
    Ok(selected)
}

fn too_many_sets(sets: &[SwitchingSetKey]) -> Error {
    let (what, limit) = ("the number of switching sets in a package", MAX_SWITCHING_SETS);
    Error::LimitExceeded { what, found: u64_of(sets.len()), limit }
}

/// The properties that tracks of one content at different rates have in common (CMAF 7.3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
struct SwitchingSetKey {
    kind: TrackKind,
    /// RFC 6381 `codecs`; for video, the type of the sample entry, because profile and level may differ.
    codec: String,
    language: Option<String>,
    channels: u16,
    /// The transfer characteristics of high-dynamic-range video.
    transfer: Option<u16>,
    /// Roles, and the name. The name of a video track is left out, because it may state the rate.
    labels: TrackLabels,
    /// Position among the tracks of one movie that are otherwise equal.
    ordinal: u16,
}

impl SwitchingSetKey {
    fn of(track: &Track<'_>, ordinal: u16) -> Self {
        let is_video = track.kind == TrackKind::Video;
        let codec = |entry: &SampleEntry<'_>| if is_video { entry.kind.to_string() } else { entry.codecs.clone() };
        let transfer = track.video().and_then(|video| video.colour).map(|colour| u16::from(colour.transfer));
        let label = track.labels.label.clone().filter(|_| !is_video);
        Self {
            kind: track.kind,
            codec: track.descriptions.entries().first().map(codec).unwrap_or_default(),
            language: track.language.clone(),
            channels: track.audio().map_or(0, |audio| audio.channels),
            transfer: transfer.filter(|transfer| HIGH_DYNAMIC_RANGE.contains(transfer)),
            labels: TrackLabels { label, roles: track.labels.roles.clone() },
            ordinal,
        }
    }
}

/// Returns `preferred` if no selected track uses it, or else the number after the greatest one in use.
fn free_track_id(preferred: u32, selected: &[SelectedTrack<'_, '_>]) -> Result<u32> {
    let is_free = |id: u32| id > 0 && selected.iter().all(|other| other.track_id != id);
    let next = || selected.iter().map(|other| other.track_id).max().unwrap_or(0).checked_add(1);
    let first_gap = || (1..=u32::MAX).find(|id| is_free(*id));
    let id = Some(preferred).filter(|id| is_free(*id)).or_else(next).or_else(first_gap);
    id.or_out_of_range("The track_ID of a track")
}

/// Returns whether both tracks have the same samples, as far as the index shows.
fn is_duplicate(a: &Track<'_>, b: &Track<'_>) -> bool {
    let header = |track: &Track<'_>| {
        let samples = &track.samples;
        let edits = (track.presentation_offset, track.edit_start, track.edit_end);
        (track.kind, track.timescale, edits, track.matrix, track.presentation_size, samples.len(), samples.bytes())
    };
    if header(a) != header(b) || a.language != b.language || a.labels != b.labels || a.descriptions != b.descriptions {
        return false;
    }
    let mut sizes = BTreeSet::new();
    let are_equal = a.samples.samples().zip(b.samples.samples()).all(|(a, b)| {
        if sizes.len() < DISTINCTIVE_SIZES {
            sizes.insert(a.size);
        }
        // Only the location in the file may differ.
        a == Sample { offset: a.offset, ..b }
    });
    are_equal && sizes.len() >= DISTINCTIVE_SIZES
}
