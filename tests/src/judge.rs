//! An independent judge of manifests.
//!
//! It derives what the MPD and the playlists of a package must state from the source file, by tools of other authors: the packets,
//! parameters and chapters that ffprobe lists, and the codecs that Shaka Packager states. It measures the objects on disk that a
//! client downloads. It does not call the packager's library, and takes no expected value from the manifest that it judges; it
//! reads from the manifest only what the packager may choose: which key frames start segments.
//!
//! Every difference is a [`Finding`] with the place, the attribute and both values. A good package has none.

use std::sync::Arc;

mod audio;
mod captions;
mod codecs;
mod contents;
mod ffprobe;
mod finding;
mod manifests;
mod pair;
mod playlist;
pub(crate) mod rates;
mod segments;
mod selection;
mod shaka_packager;
mod source;
mod source_boxes;
mod text;
mod timing;
mod track;
mod trick_mode;
mod variants;
mod video;
mod xml;

pub use finding::{Attribute, Finding};
pub use manifests::Manifests;
pub use source::Source;

use finding::Findings;
use manifests::Representation;
use pair::Pair;
use timing::Shared;
use track::{Kind, Track};

/// What was requested of the packager.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The target duration of segments, in seconds.
    pub segment_seconds: i64,
    /// Whether only the audio is packaged.
    pub audio_only: bool,
    /// The number of subtitle files that are packaged with the movie.
    pub subtitle_files: usize,
}

impl Default for Request {
    fn default() -> Self {
        Self { segment_seconds: 6, audio_only: false, subtitle_files: 0 }
    }
}

/// Judges the manifests of a package of `sources`.
///
/// # Panics
/// When a manifest is not well formed, or names a file that is missing.
#[must_use]
pub fn findings(sources: &[Arc<Source>], request: Request, manifests: &Manifests) -> Vec<Finding> {
    let mut findings = Findings::default();
    let mpd = manifests.mpd();
    let representations = Representation::all(&mpd, &manifests.directory);
    let tracks = track::tracks(sources, request.audio_only);
    trick_mode::check(&representations, &mut findings);
    let pairs = pairs(&tracks, &representations, request, &mut findings);
    let shared = Shared::of(&pairs);
    timing::check_mpd(&mpd, shared, &mut findings);
    timing::check_start(&pairs, manifests, &mut findings);
    if let Some(reference) = pairs.iter().find(|pair| pair.track.kind != Kind::Text) {
        check_boundaries(reference, &pairs, request, &mut findings);
    }
    for pair in &pairs {
        let id = |pair: &Pair<'_>| pair.representation.set.get("id").map(str::to_owned);
        let set: Vec<_> = pairs.iter().filter(|other| id(other) == id(pair)).collect();
        rates::check_bandwidth(pair, shared, &mut findings);
        selection::check_set(pair, &pairs, &mut findings);
        selection::check_members(pair, &set, &mut findings);
        if set.first().is_some_and(|first| first.track.id == pair.track.id) {
            trick_mode::check_set(&set, &representations, shared, &mut findings);
        }
        contents::check_brands(pair.representation, &mut findings);
        match pair.track.kind {
            Kind::Video => video::check(pair, &set, &mut findings),
            Kind::Audio => audio::check(pair, &mut findings),
            Kind::Text => text::check_playlist(pair, manifests, shared, &mut findings),
        }
        if pair.track.kind != Kind::Text {
            codecs::check(pair, &mut findings);
            timing::check_playlists(pair, manifests, shared, &mut findings);
        }
    }
    variants::check(&pairs, manifests, shared, &mut findings);
    contents::check_files(manifests, &representations, &mut findings);
    if let Some(source) = sources.first() {
        contents::check_chapters(source, manifests, &mut findings);
        captions::check(source, manifests, &mpd, &mut findings);
    }
    findings.0
}

/// The longest time that an audio decoder needs before its first correct sample: 5186 samples of HE-AAC at 44,100 Hz, and 80 ms of
/// Opus (RFC 7845 4.6), in seconds.
const PREROLL_SECONDS: f64 = 0.2;

/// Pairs every track with the representation of its id. Reports tracks without one, and representations without a track.
fn pairs<'p>(
    tracks: &'p [Track<'p>],
    representations: &'p [Representation<'p>],
    request: Request,
    findings: &mut Findings,
) -> Vec<Pair<'p>> {
    // Audio is published from when video is, but not later than a decoder needs it before the presentation starts.
    let video = tracks.iter().filter(|track| track.kind == Kind::Video).filter_map(track::Track::start_seconds);
    let earliest_seconds = video.fold(-PREROLL_SECONDS, f64::min);
    #[expect(clippy::cast_possible_truncation, reason = "times of tests are far below 2^53 units")]
    let earliest = |track: &Track<'_>| (earliest_seconds * track::as_float(track.stream.timescale)).floor() as i64;
    let mut pairs = Vec::new();
    for track in tracks {
        let same = |found: &&Representation<'_>| found.id == track.id && !found.is_special();
        let representation = representations.iter().find(same);
        let place = format!("stream.mpd {}", track.id);
        findings.require(representation.is_some(), &place, Attribute::Track, "a representation", "none");
        let Some(representation) = representation else { continue };
        let content_type = representation.get("contentType");
        findings.compare(&place, Attribute::Track, Some(track.kind.content_type()), content_type);
        let segments = match track.kind {
            Kind::Text => Some(text::segments(track, representation, findings)),
            _ => segments::of_track(track, representation, earliest(track), findings),
        };
        pairs.extend(segments.map(|segments| Pair { track, representation, segments }));
    }
    let others =
        representations.iter().filter(|found| !found.is_special() && !tracks.iter().any(|track| track.id == found.id));
    let (files, others): (Vec<_>, Vec<_>) = others.partition(|found| found.segments.is_empty());
    findings.compare("stream.mpd", Attribute::Track, Some(request.subtitle_files), Some(files.len()));
    for other in others {
        findings.require(false, "stream.mpd", Attribute::Track, "a track of the source", other.id);
    }
    pairs
}

/// Checks where segments start, by the reference track.
fn check_boundaries(reference: &Pair<'_>, pairs: &[Pair<'_>], request: Request, findings: &mut Findings) {
    let videos = pairs.iter().filter(|pair| pair.track.kind == Kind::Video).count();
    // Several videos start segments only at the key frames that they share. A segment has one sample entry.
    let entries = reference.track.source.avc_entries(reference.track.stream.index);
    if videos <= 1 && entries.len() <= 1 {
        segments::check_reference(reference.track, &reference.segments, request.segment_seconds, findings);
    }
    for pair in pairs.iter().filter(|pair| pair.track.kind == Kind::Audio && pair.track.id != reference.track.id) {
        segments::check_other(pair.track, &pair.segments, (reference.track, &reference.segments), findings);
    }
}
