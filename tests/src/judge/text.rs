//! Text: when its segments start, and its playlists.

use std::collections::BTreeSet;

use super::finding::{Attribute, Findings};
use super::manifests::{Manifests, Representation};
use super::pair::Pair;
use super::segments::Segment;
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

/// Checks the playlist of a text track: its segments end when those of the MPD do, and none is longer than the target duration.
pub(super) fn check_playlist(pair: &Pair<'_>, manifests: &Manifests, findings: &mut Findings) {
    let place = format!("{}/media.m3u8", pair.track.id);
    let Some(playlist) = manifests.playlist(&pair.track.id, "media.m3u8") else {
        return findings.require(false, &place, Attribute::Track, "a playlist", "none");
    };
    let stated: Vec<f64> = playlist.entries.iter().filter_map(|entry| entry.duration.parse().ok()).collect();
    let durations: Vec<_> = pair.segments.iter().map(|segment| pair.seconds(segment.duration)).collect();
    for (expected, found) in durations.iter().zip(&stated).skip(1) {
        let is_equal = (expected - found).abs() < 1e-6;
        findings.require(is_equal, &place, Attribute::SegmentDuration, &format!("{expected:.6}"), found);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds")]
    let target = stated.iter().copied().fold(0.0, f64::max).ceil() as u64;
    findings.compare(&place, Attribute::TargetDuration, Some(target), playlist.target);
}
