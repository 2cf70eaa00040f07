//! The tracks of several movies that one package contains.
//!
//! The files of a ladder are encodings of one film, and most of them contain the same audio; files in other languages may
//! contain the same video. Duplicates are packaged once. Only the index is available here, so a track is a duplicate if
//! everything in its index is equal: sample descriptions, the size, times and flags of every sample, language, and edit list.
//! Constant-rate audio encoders produce the same sample sizes for any content of equal length, so their sizes prove nothing:
//! a track counts as a duplicate only if its samples have many different sizes.
//!
//! # The main video, and alternatives
//!
//! A movie may have several videos: another angle, sign language, or the few frames of a motion photo. They are different
//! content, and the variants of an HLS stream must present the same content (RFC 8216bis 6.2.4). So each movie has one main video:
//! the first one of those that it states to be the main one; or else of those that are enabled (ISO/IEC 14496-12 8.3.2.3); among
//! these, one that is not shorter than the longest by more than half a second. Its other videos are alternatives: DASH offers each
//! in an adaptation set with the role `alternate`. The multivariant playlist of HLS does not list them, because players treat
//! `EXT-X-MEDIA` of type VIDEO like another rate (Shaka Player) or ignore it (hls.js); their media playlists are in the package.
//! `alternate_group` does not matter: it states that one of its tracks is played at a time, whatever they show.
//!
//! The main videos of several movies are the rungs of one ladder, unless the role of one states that it is other content.
//!
//! # Audio of several movies
//!
//! Audio of another movie is another rendition: a language, a commentary, another mix. It is another bit rate of the same audio
//! only if everything indicates it: both movies contribute a rung of the ladder, both tracks have the same codec, channels, known
//! language, name and roles, last as long to within half a second, and have rates that differ by a tenth, or samples of all the
//! same sizes, as encoders of constant rate produce. A player that switched to other content would be worse than a list with one
//! more entry.
//!
//! # Identities
//!
//! Each track of a package has a separate identity and `track_ID`. The first movie keeps its `track_ID`s; an ID that is in use
//! is replaced. With `cenc` this is essential: the ID separates the counters of two tracks with one key.

use std::collections::BTreeSet;

use super::options::{PlanOptions, UnsupportedTracks};
use crate::codec::SampleEntry;
use crate::number::{Checked, u64_of};
use crate::track::{Movie, RefusedTrack, Role, Sample, Track, TrackKind, TrackLabels};
use crate::{Error, Result};

/// Maximum number of movies in a package: more than the rungs and languages of any ladder.
pub const MAX_INPUTS: usize = 16;

/// Maximum number of switching sets in a package. Their numbers have 16 bits.
const MAX_SWITCHING_SETS: u64 = 0xffff;

/// The transfer characteristics PQ and HLG (ISO/IEC 23091-2 8.2).
const HIGH_DYNAMIC_RANGE: [u16; 2] = [16, 18];

/// Minimum number of different sample sizes for a track to be recognised as a duplicate.
const DISTINCTIVE_SIZES: usize = 16;

/// Maximum difference between the durations of two tracks with the same content, in nanoseconds.
const MAX_DIFFERENCE_NANOS: u128 = 500_000_000;

/// Roles of video that shows other content than the main video.
const OTHER_CONTENT: [Role; 5] = [Role::Alternate, Role::Supplementary, Role::Commentary, Role::Sign, Role::EasyReader];

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
    /// Whether it is video of other content than the main video.
    pub(super) is_alternative: bool,
}

/// A switching set, and the first track of it.
struct SwitchingSet<'m, 'a> {
    key: SwitchingSetKey,
    first: &'m Track<'a>,
    /// Position of the movie of the first track, and whether that movie contributes a rung of the ladder.
    input: u16,
    is_of_rung: bool,
}

/// Selects the tracks of `movies` to package: in their order, but alternative videos after the other tracks of their movie.
///
/// A track that cannot be packaged is an error, unless the options leave it out: video from an audio-only package, whatever it
/// is coded as, and tracks with unsupported codecs and features on request.
pub(super) fn select_tracks<'m, 'a>(
    movies: &'m [Movie<'a>],
    options: &PlanOptions,
) -> Result<Vec<SelectedTrack<'m, 'a>>> {
    let audio_only = options.audio_only;
    let (inputs, limit) = (u64_of(movies.len()), u64_of(MAX_INPUTS));
    if inputs > limit {
        let (what, action) = ("the number of movies in a package", "request fewer movies");
        return Err(Error::LimitExceeded { what, found: inputs, limit, action });
    }
    let is_left_out = |track: &RefusedTrack| {
        audio_only && track.is_video() || options.unsupported == UnsupportedTracks::LeaveOut && track.is_unsupported()
    };
    let refused = || (0..).zip(movies).flat_map(|(input, movie)| movie.refused.iter().map(move |track| (input, track)));
    let error = |(input, track): (u16, &RefusedTrack)| track.error.clone().in_movie(input, movies.len());
    if let Some(track) = refused().find(|(_, track)| !is_left_out(track)) {
        return Err(error(track));
    }
    if !audio_only && !movies.iter().any(|movie| movie.require_video().is_ok()) {
        let video = refused().find(|(_, track)| track.is_video());
        return Err(video.map_or(Error::NoVideo, error));
    }
    let main_of_package = movies.iter().find_map(main_video);
    let mut selected: Vec<SelectedTrack<'m, 'a>> = Vec::new();
    let mut sets: Vec<SwitchingSet<'m, 'a>> = Vec::new();
    for (input, movie) in (0..).zip(movies) {
        let (of_other_movies, mut sets_of_movie) = (selected.clone(), Vec::new());
        let is_new = |track: &Track<'_>| !of_other_movies.iter().any(|other| is_duplicate(other.track, track));
        let main = main_video(movie);
        let is_of_rung = main.is_some_and(is_new);
        let is_alternative = |track: &Track<'_>| {
            let is_main = main.is_some_and(|main| main.id == track.id);
            track.kind == TrackKind::Video
                && !(is_main && main_of_package.is_none_or(|main| is_same_content(main, track)))
        };
        let mut candidates: Vec<&Track<'a>> = movie.tracks.iter().collect();
        candidates.retain(|track| !(audio_only && track.kind == TrackKind::Video) && is_new(track));
        candidates.sort_by_key(|track| is_alternative(track));
        for track in candidates {
            let is_alternative = is_alternative(track);
            // A second track of a kind in one movie is a different angle or a commentary, not another rate of the first.
            let mut keys = (0..u16::MAX).map(|ordinal| SwitchingSetKey::of(track, is_alternative, ordinal));
            let key = keys.find(|key| !sets_of_movie.contains(key)).ok_or_else(|| too_many_sets(&sets))?;
            sets_of_movie.push(key.clone());
            let is_member = |set: &SwitchingSet<'_, '_>| {
                let is_rate = || is_of_rung && set.is_of_rung && is_other_rate(set.first, track);
                set.key == key && (track.kind != TrackKind::Audio || set.input == input || is_rate())
            };
            let position = sets.iter().position(is_member).unwrap_or_else(|| {
                sets.push(SwitchingSet { key, first: track, input, is_of_rung });
                sets.len().saturating_sub(1)
            });
            let switching_set = u16::try_from(position).map_err(|_| too_many_sets(&sets))?;
            let track_id = free_track_id(track.id, &selected)?;
            selected.push(SelectedTrack { input, track, track_id, switching_set, is_alternative });
        }
    }
    if selected.iter().all(|selected| selected.track.kind == TrackKind::Text) {
        return Err(refused().next().map_or(Error::NoMedia, error));
    }
    Ok(selected)
}

/// Returns the main video of a movie, if it has video.
fn main_video<'m, 'a>(movie: &'m Movie<'a>) -> Option<&'m Track<'a>> {
    let videos = || movie.tracks.iter().filter(|track| track.kind == TrackKind::Video);
    let rank = |track: &Track<'_>| (track.labels.roles.contains(&Role::Main), track.is_enabled);
    let best = videos().map(rank).max()?;
    let ranked = || videos().filter(move |track| rank(track) == best);
    let longest = ranked().map(nanos).max()?;
    ranked().find(|track| longest.saturating_sub(nanos(track)) <= MAX_DIFFERENCE_NANOS)
}

/// Returns whether a main video shows the same content as the main video of the package, as far as its roles say.
fn is_same_content(main: &Track<'_>, track: &Track<'_>) -> bool {
    let roles = &track.labels.roles;
    *roles == main.labels.roles || roles.contains(&Role::Main) || !roles.iter().any(|role| OTHER_CONTENT.contains(role))
}

/// Returns whether two tracks with equal keys, of two rungs of a ladder, are the same audio at different rates.
fn is_other_rate(a: &Track<'_>, b: &Track<'_>) -> bool {
    let (fewer, more) = (a.samples.bytes().min(b.samples.bytes()), a.samples.bytes().max(b.samples.bytes()));
    // Whether one has a tenth more bytes. A product with 11 fits 128 bits.
    let differs = u128::from(more).saturating_mul(10) >= u128::from(fewer).saturating_mul(11);
    a.language.is_some()
        && nanos(a).abs_diff(nanos(b)) <= MAX_DIFFERENCE_NANOS
        && (differs || equal_samples(a, b).is_some())
}

/// Returns the duration of the samples of a track, in nanoseconds.
fn nanos(track: &Track<'_>) -> u128 {
    let units = track.samples.latest_composition_end().abs_diff(track.samples.earliest_composition_time());
    // A 64-bit time has at most 94 bits in nanoseconds.
    u128::from(units).saturating_mul(1_000_000_000).checked_div(track.timescale.hz().into()).unwrap_or(0)
}

fn too_many_sets(sets: &[SwitchingSet<'_, '_>]) -> Error {
    let (what, limit) = ("the number of switching sets in a package", MAX_SWITCHING_SETS);
    Error::LimitExceeded { what, found: u64_of(sets.len()), limit, action: "request fewer movies" }
}

/// The properties that tracks of one content at different rates have in common (CMAF 7.3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
struct SwitchingSetKey {
    kind: TrackKind,
    is_alternative: bool,
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
    fn of(track: &Track<'_>, is_alternative: bool, ordinal: u16) -> Self {
        let is_video = track.kind == TrackKind::Video;
        let codec = |entry: &SampleEntry<'_>| if is_video { entry.kind.to_string() } else { entry.codecs.clone() };
        let transfer = track.video().and_then(|video| video.colour).map(|colour| u16::from(colour.transfer));
        let label = track.labels.label.clone().filter(|_| !is_video);
        Self {
            kind: track.kind,
            is_alternative,
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
    equal_samples(a, b).is_some_and(|sizes| sizes >= DISTINCTIVE_SIZES)
}

/// Returns the number of different sample sizes, counted up to [`DISTINCTIVE_SIZES`], if everything in the index of both tracks
/// is equal.
fn equal_samples(a: &Track<'_>, b: &Track<'_>) -> Option<usize> {
    let header = |track: &Track<'_>| {
        let samples = &track.samples;
        let edits = (track.presentation_offset, track.edit_start, track.edit_end);
        (track.kind, track.timescale, edits, track.matrix, track.presentation_size, samples.len(), samples.bytes())
    };
    if header(a) != header(b) || a.language != b.language || a.labels != b.labels || a.descriptions != b.descriptions {
        return None;
    }
    let mut sizes = BTreeSet::new();
    let are_equal = a.samples.samples().zip(b.samples.samples()).all(|(a, b)| {
        if sizes.len() < DISTINCTIVE_SIZES {
            sizes.insert(a.size);
        }
        // Only the location in the file may differ.
        a == Sample { offset: a.offset, ..b }
    });
    are_equal.then_some(sizes.len())
}
