//! Which tracks of several movies make one package.
//!
//! The files of a ladder are one film encoded several times, and most of them bring the same sound along; the files of other
//! languages may bring the same picture. What is the same is packaged once. Only the index is known here, so a track counts as
//! the same when everything the index says of it is: sample description, every sample's size, times and flags, language, and
//! edit. Coders of constant rate give any sound of a length the same sizes, so that says little of them, and their tracks are
//! all kept: a track must have many sizes before it is taken for another.
//!
//! Tracks of a package have names and `track_ID`s of their own. The first movie keeps its IDs; one that is taken by then gets
//! another. That matters beyond order: with `cenc`, the ID sets the counters of two tracks with one key apart.

use std::collections::BTreeSet;

use crate::codec::SampleEntry;
use crate::track::{Movie, Track, TrackKind, TrackLabels};
use crate::{Error, Result};

/// Movies a package may be made of: more than any ladder has rungs and languages together.
pub const MAX_INPUTS: usize = 16;

/// PQ and HLG (ISO/IEC 23091-2 8.2).
const HIGH_DYNAMIC_RANGE: [u16; 2] = [16, 18];

/// Different sizes that the samples of a track must have to be known by them.
const TELLING_SIZES: usize = 16;

/// A track that is packaged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen<'m, 'a> {
    /// Position of its movie.
    pub(super) input: u16,
    pub(super) track: &'m Track<'a>,
    /// Its `track_ID` in the package.
    pub(super) id: u32,
    /// The set of tracks among which a player may switch, from 0.
    pub(super) set: u16,
}

/// The tracks to package of `movies`, in their order.
pub(super) fn choose<'m, 'a>(movies: &'m [Movie<'a>], audio_only: bool) -> Result<Vec<Chosen<'m, 'a>>> {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    if movies.len() > MAX_INPUTS {
        let (found, limit) = (number(movies.len()), number(MAX_INPUTS));
        return Err(Error::LimitExceeded { what: "the number of movies in a package", found, limit });
    }
    if !audio_only && !movies.iter().any(|movie| movie.require_video().is_ok()) {
        return Err(Error::NoVideo);
    }
    let mut chosen: Vec<Chosen<'m, 'a>> = Vec::new();
    let mut sets: Vec<SetKey> = Vec::new();
    for (input, movie) in (0..).zip(movies) {
        let (known, mut own) = (chosen.clone(), Vec::new());
        let packaged = movie.tracks.iter().filter(|track| !(audio_only && track.kind == TrackKind::Video));
        for track in packaged.filter(|track| !known.iter().any(|other| is_same(other.track, track))) {
            // The second of a kind in its own movie is another angle or a commentary, and in the second set of that kind.
            let set = (0..u16::MAX).map(|ordinal| SetKey::of(track, ordinal)).find(|key| !own.contains(key));
            let set = set.ok_or(Error::NoMedia)?;
            own.push(set.clone());
            let position = sets.iter().position(|other| *other == set).unwrap_or_else(|| {
                sets.push(set);
                sets.len().saturating_sub(1)
            });
            let id = free_id(track.id, &chosen);
            chosen.push(Chosen { input, track, id, set: u16::try_from(position).unwrap_or(u16::MAX) });
        }
    }
    if chosen.is_empty() {
        return Err(Error::NoMedia);
    }
    Ok(chosen)
}

/// What tracks have in common that are one content at different rates.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SetKey {
    kind: TrackKind,
    /// Of video, the sample entry's type: profile and level may differ.
    codec: String,
    language: Option<String>,
    channels: u16,
    /// Of video of high dynamic range, its transfer characteristics.
    transfer: Option<u16>,
    /// What it is for; of a picture not what it is called, which may be its rate.
    labels: TrackLabels,
    ordinal: u16,
}

impl SetKey {
    fn of(track: &Track<'_>, ordinal: u16) -> Self {
        let is_video = track.kind == TrackKind::Video;
        let entry = track.descriptions.entries().first();
        let kind = |entry: &SampleEntry<'_>| if is_video { entry.kind.to_string() } else { entry.codecs.clone() };
        let transfer = track.video().and_then(|video| video.colour).map(|colour| u16::from(colour.transfer));
        let label = track.labels.label.clone().filter(|_| !is_video);
        Self {
            kind: track.kind,
            codec: entry.map(kind).unwrap_or_default(),
            language: track.language.clone(),
            channels: track.audio().map_or(0, |audio| audio.channels),
            transfer: transfer.filter(|transfer| HIGH_DYNAMIC_RANGE.contains(transfer)),
            labels: TrackLabels { label, roles: track.labels.roles.clone() },
            ordinal,
        }
    }
}

/// `wanted`, or the number behind the greatest that is taken.
fn free_id(wanted: u32, chosen: &[Chosen<'_, '_>]) -> u32 {
    let is_free = |id: u32| id > 0 && chosen.iter().all(|other| other.id != id);
    let behind = || chosen.iter().map(|other| other.id).max().unwrap_or(0).checked_add(1);
    let first_gap = || (1..=u32::MAX).find(|id| is_free(*id));
    Some(wanted).filter(|id| is_free(*id)).or_else(behind).or_else(first_gap).unwrap_or(wanted)
}

/// Whether both tracks have the same samples, as far as an index can tell.
fn is_same(a: &Track<'_>, b: &Track<'_>) -> bool {
    let header = |track: &Track<'_>| {
        let samples = &track.samples;
        let edits = (track.presentation_offset, track.edit_start, track.edit_end);
        (track.kind, track.timescale, edits, track.matrix, track.presentation_size, samples.len(), samples.bytes())
    };
    if header(a) != header(b) || a.language != b.language || a.labels != b.labels || a.descriptions != b.descriptions {
        return false;
    }
    let mut sizes = BTreeSet::new();
    let same = a.samples.samples().zip(b.samples.samples()).all(|(a, b)| {
        if sizes.len() < TELLING_SIZES {
            sizes.insert(a.size);
        }
        // Where they lie is their own.
        a == crate::track::Sample { offset: a.offset, ..b }
    });
    same && sizes.len() >= TELLING_SIZES
}
