//! Times: the presentation's duration and buffer, the segments of both manifests, target durations, and where playback begins.

use super::finding::{Attribute, Findings};
use super::manifests::Manifests;
use super::pair::Pair;
use super::track::{Kind, as_float};
use super::xml::Element;

/// The times that all tracks of a package share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shared {
    /// The longest segment of video and audio, in milliseconds: `@minBufferTime`.
    pub(super) buffer_ms: u64,
    /// The longest segment of video and audio, in whole seconds: `EXT-X-TARGETDURATION`.
    pub(super) target: u64,
    /// The end of the last sample of video and audio, in nanoseconds.
    end_nanos: i128,
}

impl Shared {
    pub(super) fn of(pairs: &[Pair<'_>]) -> Self {
        let media = || pairs.iter().filter(|pair| pair.track.kind != Kind::Text);
        let longest = |units_per_second: i64| {
            let of_pair = |pair: &Pair<'_>| {
                let longest = pair.segments.iter().map(|segment| segment.duration).max().unwrap_or(0);
                (longest * units_per_second).unsigned_abs().div_ceil(pair.track.stream.timescale.unsigned_abs())
            };
            media().map(of_pair).max().unwrap_or(0)
        };
        let end = |pair: &Pair<'_>| {
            let scale = i128::from(pair.track.stream.timescale);
            let end = pair.segments.last().map_or(0, |last| last.start + last.duration);
            (i128::from(end) * 1_000_000_000 + scale / 2) / scale
        };
        Self { buffer_ms: longest(1000), target: longest(1), end_nanos: media().map(end).max().unwrap_or(0) }
    }
}

impl Shared {
    /// The end of the last sample of video and audio, in seconds.
    pub(super) fn end_seconds(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53 nanoseconds")]
        let nanos = self.end_nanos as f64;
        nanos / 1e9
    }
}

/// Checks the times of the MPD that are not those of one representation.
pub(super) fn check_mpd(mpd: &Element, shared: Shared, findings: &mut Findings) {
    let nanos = |name| mpd.get(name).and_then(nanoseconds);
    let end = nanos("mediaPresentationDuration").unwrap_or(-1);
    // The MPD rounds to the nanosecond, and an edit list may round by a unit of the track.
    let is_end = (end - shared.end_nanos).abs() <= 100_000;
    findings.require(is_end, "MPD", Attribute::PresentationDuration, &shared.end_nanos.to_string(), end);
    let buffer = i128::from(shared.buffer_ms) * 1_000_000;
    findings.compare("MPD", Attribute::MinBufferTime, Some(buffer), nanos("minBufferTime"));
}

/// Returns the nanoseconds of a duration of the form `PT1.5S`.
fn nanoseconds(text: &str) -> Option<i128> {
    let (whole, fraction) =
        text.strip_prefix("PT")?.strip_suffix('S')?.split_once('.').unwrap_or((&text[2..text.len() - 1], ""));
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(whole.parse::<i128>().ok()? * 1_000_000_000 + fraction)
}

/// Checks the playlists of a video or audio track.
pub(super) fn check_playlists(pair: &Pair<'_>, manifests: &Manifests, shared: Shared, findings: &mut Findings) {
    for name in ["media.m3u8", "iframes.m3u8"] {
        let Some(playlist) = manifests.playlist(&pair.track.id, name) else { continue };
        let place = format!("{}/{name}", pair.track.id);
        let durations: Vec<_> = pair.segments.iter().map(|segment| pair.seconds(segment.duration)).collect();
        let stated: Vec<f64> = playlist.entries.iter().filter_map(|entry| entry.duration.parse().ok()).collect();
        let count = (stated.len() == durations.len()).then_some(());
        findings.require(
            count.is_some(),
            &place,
            Attribute::SegmentDuration,
            &format!("{} of them", durations.len()),
            stated.len(),
        );
        for (number, (expected, found)) in durations.iter().zip(&stated).enumerate() {
            // Playlists round to the microsecond.
            let place = format!("{place} segment {}", number + 1);
            let is_equal = (expected - found).abs() < 1e-6;
            findings.require(is_equal, &place, Attribute::SegmentDuration, &format!("{expected:.6}"), found);
        }
        let target = if name == "media.m3u8" { shared.target } else { own_target(&stated) };
        findings.compare(&place, Attribute::TargetDuration, Some(target), playlist.target);
    }
}

/// The smallest target duration that a playlist of these segments may state (RFC 8216bis 4.4.3.1), rounded up.
fn own_target(durations: &[f64]) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds")]
    let target = durations.iter().copied().fold(0.0, f64::max).ceil() as u64;
    target
}

/// Checks where playback begins: `EXT-X-START` states the first shown sample, where the package publishes samples before it that
/// only decoding needs.
pub(super) fn check_start(pairs: &[Pair<'_>], manifests: &Manifests, findings: &mut Findings) {
    let Some(reference) = pairs.iter().find(|pair| pair.track.kind != Kind::Text) else { return };
    let hidden = reference.track.packets.iter().filter(|packet| packet.is_shown).map(|packet| packet.pts).min();
    let start = reference.segments.first().map_or(0, |first| first.start);
    let hidden = pair_offset(hidden.unwrap_or(0).max(0) - start, reference);
    let expected = (hidden > 0.0005 && reference.track.kind == Kind::Video).then_some(hidden);
    let start = manifests.multivariant().start;
    let found: Option<f64> = start.as_ref().and_then(|start| start.get("TIME-OFFSET")?.parse().ok());
    let is_equal = match (expected, found) {
        (Some(expected), Some(found)) => (expected - found).abs() < 0.001,
        (expected, found) => expected.is_none() && found.is_none(),
    };
    let place = "stream.m3u8";
    if !is_equal {
        findings.compare(place, Attribute::Start, expected, found);
    }
    if let (Some(start), true) = (&start, expected.is_some()) {
        findings.compare(place, Attribute::Start, Some("YES"), start.get("PRECISE"));
    }
}

fn pair_offset(units: i64, pair: &Pair<'_>) -> f64 {
    as_float(units) / as_float(pair.track.stream.timescale)
}
