//! Bit rates, by their definitions, from the sizes of the segments on disk.

use super::finding::{Attribute, Findings};
use super::manifests::Manifests;
use super::pair::Pair;
use super::segments::Segment;
use super::timing::Shared;

/// The bit rates of a media playlist (RFC 8216bis 4.4.6.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) peak: u64,
    pub(crate) average: u64,
}

impl Rate {
    /// Returns the rates of segments: duration in units of a timescale, and bytes.
    ///
    /// The peak is the highest of any contiguous segments that last between 0.5 and 1.5 target durations together.
    pub(crate) fn of(segments: &[(i64, u64)], timescale: i64, target: u64) -> Self {
        let rate = |segments: &[(i64, u64)]| {
            let (units, bytes) = segments.iter().fold((0, 0), |sum, segment| (sum.0 + segment.0, sum.1 + segment.1));
            let bits = u128::from(bytes) * 8 * u128::from(timescale.unsigned_abs());
            u64::try_from(bits.div_ceil(u128::from(units.max(1).unsigned_abs()))).unwrap()
        };
        let unit = i128::from(timescale) * i128::from(target);
        let is_counted = |run: &&[(i64, u64)]| {
            let twice: i128 = run.iter().map(|(units, _)| 2 * i128::from(*units)).sum();
            (unit..=3 * unit).contains(&twice)
        };
        let runs = (0..segments.len()).flat_map(|from| (from + 1..=segments.len()).map(move |to| from..to));
        let peak = runs.map(|run| &segments[run]).filter(is_counted).map(rate).max();
        let average = rate(segments);
        Self { peak: peak.unwrap_or(average), average }
    }

    pub(super) fn of_pair(pair: &Pair<'_>, target: u64) -> Self {
        let segments: Vec<_> = pair.segments.iter().map(|segment| (segment.duration, segment.bytes)).collect();
        Self::of(&segments, pair.track.stream.timescale, target)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { peak: self.peak + other.peak, average: self.average + other.average }
    }

    pub(super) fn min(self, other: Self) -> Self {
        Self { peak: self.peak.min(other.peak), average: self.average.min(other.average) }
    }

    pub(crate) fn max(self, other: Self) -> Self {
        Self { peak: self.peak.max(other.peak), average: self.average.max(other.average) }
    }
}

/// Checks `@bandwidth`: the smallest whole rate at which a client that starts at any segment, and plays after `@minBufferTime`,
/// has every later segment when it is due (ISO/IEC 23009-1 5.3.5.2).
pub(super) fn check_bandwidth(pair: &Pair<'_>, shared: Shared, findings: &mut Findings) {
    let expected = smallest_rate(&pair.segments, pair.track.stream.timescale, shared.buffer_ms);
    let found = pair.representation.element.get("bandwidth");
    findings.compare(&pair.place(), Attribute::Bandwidth, Some(expected), found);
}

pub(super) fn smallest_rate(segments: &[Segment], timescale: i64, buffer_ms: u64) -> u64 {
    let scale = u128::from(timescale.unsigned_abs());
    let mut smallest = 0;
    for from in 0..segments.len() {
        let mut bits = 0;
        for due in &segments[from..] {
            bits += u128::from(due.bytes) * 8;
            let ahead = u128::try_from(due.start - segments[from].start).expect("segments are in order");
            // Until it is due: the buffer, and what plays before it. In thousandths of a unit.
            let time = u128::from(buffer_ms) * scale + ahead * 1000;
            smallest = smallest.max((bits * 1000 * scale).div_ceil(time.max(1)));
        }
    }
    u64::try_from(smallest).unwrap()
}

/// Checks that an I-frame playlist names the bytes from the start of each segment to the end of its key frame: the segment, less
/// all its samples but the first. Returns the rates.
pub(super) fn check_key_frames(pair: &Pair<'_>, manifests: &Manifests, findings: &mut Findings) -> Option<Rate> {
    let playlist = manifests.playlist(&pair.track.id, "iframes.m3u8")?;
    let place = format!("{}/iframes.m3u8", pair.track.id);
    let mut frames = Vec::new();
    for (segment, entry) in pair.segments.iter().zip(&playlist.entries) {
        let after_first = &pair.track.packets[segment.packets.clone()][1..];
        let bytes = segment.bytes - after_first.iter().map(|packet| packet.size).sum::<u64>();
        let found = entry.range.as_ref().map(|range| range.end - range.start);
        findings.compare(&place, Attribute::KeyFrameRange, Some(bytes), found);
        frames.push((segment.duration, bytes));
    }
    let longest = pair.segments.iter().map(|segment| segment.duration).max()?;
    let target = longest.unsigned_abs().div_ceil(pair.track.stream.timescale.unsigned_abs());
    Some(Rate::of(&frames, pair.track.stream.timescale, target))
}
