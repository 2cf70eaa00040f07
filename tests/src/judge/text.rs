//! Text: when its segments start, and its playlists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::finding::{Attribute, Findings};
use super::manifests::{Manifests, Representation};
use super::pair::Pair;
use super::playlist::Playlist;
use super::rates::Rate;
use super::segments::Segment;
use super::timing::Shared;
use super::track::Track;

/// Reads the segments that the MPD states of a text track. Each but the first starts with a sample of the source.
pub(super) fn segments(track: &Track<'_>, found: &Representation<'_>, findings: &mut Findings) -> Vec<Segment> {
    let times: BTreeSet<i64> = track.packets.iter().flat_map(|packet| [packet.pts, packet.end()]).collect();
    let place = format!("stream.mpd {}", track.id);
    for segment in found.segments.iter().skip(1) {
        let is_sample = (-1..=1).any(|rounding| times.contains(&(segment.start + rounding)));
        findings.require(is_sample, &place, Attribute::SegmentStart, "a sample", segment.start);
    }
    let segment = |segment: &super::manifests::Segment| Segment {
        start: segment.start,
        duration: segment.duration,
        packets: 0..0,
        bytes: segment.bytes(),
    };
    found.segments.iter().map(segment).collect()
}

/// Checks the playlist of a text track: its segments end when those of the MPD do, or when the media ends, and none is longer than
/// the target duration. Segments after the media are not listed.
pub(super) fn check_playlist(pair: &Pair<'_>, manifests: &Manifests, shared: Shared, findings: &mut Findings) {
    let place = format!("{}/media.m3u8", pair.track.id);
    let Some(playlist) = manifests.playlist(&pair.track.id, "media.m3u8") else {
        return findings.require(false, &place, Attribute::Track, "a playlist", "none");
    };
    let stated: Vec<f64> = playlist.entries.iter().filter_map(|entry| entry.duration.parse().ok()).collect();
    let span = |segment: &Segment| {
        let [start, end] = [segment.start, segment.start + segment.duration].map(|time| pair.seconds(time));
        (start < shared.end_seconds()).then(|| end.min(shared.end_seconds()) - start)
    };
    let durations: Vec<f64> = pair.segments.iter().filter_map(span).collect();
    let count = durations.len().max(1);
    findings.require(
        stated.len() == count,
        &place,
        Attribute::SegmentDuration,
        &format!("{count} of them"),
        stated.len(),
    );
    // The end of the media is rounded to a unit of the text. The first segment is longer by what precedes it.
    let rounding = pair.seconds(1) + 2e-6;
    for (number, (expected, found)) in durations.iter().zip(&stated).enumerate() {
        let is_equal = (expected - found).abs() < rounding || (number == 0 && found > expected);
        findings.require(is_equal, &place, Attribute::SegmentDuration, &format!("{expected:.6}"), found);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds")]
    let target = stated.iter().copied().fold(0.0, f64::max).ceil() as u64;
    findings.compare(&place, Attribute::TargetDuration, Some(target), playlist.target);
}

/// Returns the least and the highest rate that the subtitles may add to a variant: the highest of any rendition (RFC 8216bis
/// 4.4.6.2).
///
/// A package states the rate of the fragments with the same text, which are a little larger than the text files that playlists name,
/// and counts by the target duration of the subtitles or by that of the media.
pub(super) fn rates(playlist: &Playlist, pairs: &[Pair<'_>], manifests: &Manifests, shared: Shared) -> [Rate; 2] {
    let renditions = playlist.media.iter().filter(|rendition| rendition["TYPE"] == "SUBTITLES");
    let mut bounds = [Rate::default(); 2];
    for uri in renditions.filter_map(|rendition| rendition.get("URI")) {
        let text = Playlist::parse(&manifests.texts[uri]);
        let folder = manifests.directory.join(Path::new(uri).parent().expect("a folder"));
        let size = |name: &str| fs::metadata(folder.join(name)).map(|file| file.len()).ok();
        let pair = pairs.iter().find(|pair| uri.starts_with(&format!("{}/", pair.track.id)));
        let [mut files, mut fragments] = [Vec::new(), Vec::new()];
        for (number, entry) in text.entries.iter().enumerate() {
            let seconds: f64 = entry.duration.parse().expect("a number");
            #[expect(clippy::cast_possible_truncation, reason = "microseconds")]
            let duration = (seconds * 1e6).round() as i64;
            let length = entry.range.as_ref().map(|range| range.end - range.start);
            let bytes = length.or_else(|| size(&entry.uri)).expect("the file exists");
            files.push((duration, bytes));
            let fragment = pair.and_then(|pair| pair.segments.get(number)).map(|segment| segment.bytes);
            fragments.push((duration, fragment.unwrap_or(0).max(bytes)));
        }
        let targets = [text.target.unwrap_or(1), shared.target];
        let of = |segments: &[(i64, u64)]| targets.map(|target| Rate::of(segments, 1_000_000, target));
        let [least, highest] = [of(&files), of(&fragments)];
        bounds[0] = bounds[0].max(least[0].min(least[1]));
        bounds[1] = bounds[1].max(highest[0].max(highest[1]));
    }
    bounds
}
