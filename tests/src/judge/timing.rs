//! Times: the presentation's duration and buffer, the segments of both manifests, target durations, and where playback begins.

use super::finding::{Attribute, Findings};
use super::manifests::Manifests;
use super::pair::Pair;
use super::playlist::Playlist;
use super::track::Kind;
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

/// The longest audio that is hidden at the start as the delay of its encoder, in seconds: no player needs to skip it.
const MAX_DELAY: f64 = 0.1;

/// Checks where playback begins: where the package publishes samples that only decoding needs, every media playlist states the time
/// from its beginning to the first shown sample (RFC 8216bis 4.4.2.2).
///
/// The beginning is the first presentation time, or the first decode time for players that take that instead.
pub(super) fn check_start(pairs: &[Pair<'_>], manifests: &Manifests, findings: &mut Findings) {
    let media = || pairs.iter().filter(|pair| pair.track.kind != Kind::Text && !pair.track.is_alternative);
    let has_video = media().any(|pair| pair.track.kind == Kind::Video);
    let hidden = |pair: &Pair<'_>| {
        let first = pair.segments.first()?;
        let before = pair.seconds(-first.start);
        let least = if has_video { 0.0 } else { MAX_DELAY };
        let decoded = pair.seconds(-pair.track.packets[first.packets.start].dts);
        (before > least + 1e-4).then_some((before, decoded.max(before)))
    };
    let reference = media().filter(|pair| !has_video || pair.track.kind == Kind::Video);
    let bounds = reference.filter_map(hidden).reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)));
    let playlists = media().map(|pair| format!("{}/media.m3u8", pair.track.id));
    for path in playlists.filter(|path| manifests.texts.contains_key(path)) {
        let start = Playlist::parse(&manifests.texts[&path]).start.unwrap_or_default();
        let found: Option<f64> = start.get("TIME-OFFSET").and_then(|offset| offset.parse().ok());
        let holds = match (bounds, found) {
            (Some((least, greatest)), Some(found)) => (least - 1e-3..=greatest + 1e-3).contains(&found),
            (bounds, found) => bounds.is_none() && found.is_none(),
        };
        let found = found.map_or("absent".to_owned(), |found| found.to_string());
        findings.require(holds, &path, Attribute::Start, &format!("{bounds:?}"), found);
        if bounds.is_some() && !start.is_empty() {
            findings.compare(&path, Attribute::Start, Some("YES"), start.get("PRECISE"));
        }
    }
}
