//! The figures of one track, gathered from its segments as they are planned.

use super::Spread;
use crate::cmaf::{PlannedSample, SegmentPlan};
use crate::time::Timescale;
use crate::track::{Track, TrackKind};

/// Parts of a second that the window of the peak is moved by.
const PARTS: usize = 10;

/// What is remembered of the samples of a track.
#[derive(Debug)]
pub(super) struct TrackSurvey {
    timescale: Timescale,
    is_video: bool,
    pub(super) is_text: bool,
    /// What the edit list leaves out at the start, in units.
    pub(super) hidden: u64,
    bytes: u64,
    units: u64,
    window: Window,
    /// The group that has begun.
    group: Option<Group>,
    /// The groups that have ended.
    groups: Lengths,
    /// How many groups are open.
    pub(super) open_groups: u64,
    /// Durations of all samples but the last seen.
    durations: Lengths,
    last_duration: Option<u64>,
}

/// A sync sample, and the samples up to the next one.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// Of all its samples so far, in units.
    duration: u64,
    /// When the sync sample is composed.
    composed: i128,
    is_open: bool,
}

impl TrackSurvey {
    pub(super) fn new(track: &Track<'_>) -> Self {
        let earliest = track.samples.earliest_composition();
        let hidden = track.edited_start.map_or(0, |start| start.saturating_sub(earliest));
        Self {
            timescale: track.timescale,
            hidden: u64::try_from(hidden).unwrap_or(0),
            is_video: track.kind == TrackKind::Video,
            is_text: track.kind == TrackKind::Text,
            bytes: 0,
            units: 0,
            window: Window::default(),
            group: None,
            groups: Lengths::default(),
            open_groups: 0,
            durations: Lengths::default(),
            last_duration: None,
        }
    }

    /// Takes the next segment of the track.
    pub(super) fn see(&mut self, segment: &SegmentPlan) {
        let mut decode_time = segment.decode_time;
        for sample in &segment.samples {
            self.bytes = self.bytes.saturating_add(u64::from(sample.size));
            self.units = self.units.saturating_add(u64::from(sample.duration));
            self.window.see(decode_time, u64::from(sample.size), self.timescale);
            if self.is_video {
                self.see_picture(decode_time, sample);
            }
            decode_time = decode_time.saturating_add(u64::from(sample.duration));
        }
    }

    fn see_picture(&mut self, decode_time: u64, sample: &PlannedSample) {
        let composed = i128::from(decode_time).saturating_add(i128::from(sample.composition_offset));
        if sample.is_sync {
            if let Some(before) = self.group.take() {
                self.groups.see(before.duration);
            }
            self.group = Some(Group { duration: 0, composed, is_open: false });
        }
        if let Some(group) = &mut self.group {
            group.duration = group.duration.saturating_add(u64::from(sample.duration));
            if composed < group.composed && !group.is_open {
                group.is_open = true;
                self.open_groups = self.open_groups.saturating_add(1);
            }
        }
        // What was the last picture until now turns out not to be.
        if let Some(before) = self.last_duration.replace(u64::from(sample.duration)) {
            self.durations.see(before);
        }
    }

    /// The groups, the one that has begun with them.
    pub(super) fn groups_so_far(&self) -> Lengths {
        let mut groups = self.groups;
        if let Some(last) = self.group {
            groups.see(last.duration);
        }
        groups
    }

    pub(super) fn is_constant(&self) -> bool {
        self.durations.longest.saturating_sub(self.durations.shortest) <= 1
    }

    /// Of the shortest and the longest picture.
    pub(super) fn sample_microseconds(&self) -> (u64, u64) {
        let microseconds = |units| scaled(units, 1_000_000, self.timescale);
        (microseconds(self.durations.shortest), microseconds(self.durations.longest))
    }

    pub(super) fn average_bitrate(&self) -> u64 {
        let bits = u128::from(self.bytes).saturating_mul(8).saturating_mul(u128::from(self.timescale.hz()));
        u64::try_from(bits.div_ceil(u128::from(self.units).max(1))).unwrap_or(u64::MAX)
    }

    pub(super) fn peak_bitrate(&self) -> u64 {
        self.window.peak.saturating_mul(8).max(self.average_bitrate())
    }
}

/// A second of decode time, moved by tenths: however many samples it has, ten numbers.
#[derive(Debug, Default)]
struct Window {
    /// Decode time of the first sample.
    first: Option<u64>,
    /// The tenth that is being filled.
    at: u64,
    /// Bytes of the last ten tenths.
    parts: [u64; PARTS],
    /// The most bytes that all ten have had.
    peak: u64,
}

impl Window {
    fn see(&mut self, decode_time: u64, bytes: u64, timescale: Timescale) {
        let since = u128::from(decode_time.saturating_sub(*self.first.get_or_insert(decode_time)));
        let part = since.saturating_mul(10).checked_div(u128::from(timescale.hz())).unwrap_or(0);
        let part = u64::try_from(part).unwrap_or(u64::MAX).max(self.at);
        let steps = usize::try_from(part.saturating_sub(self.at)).unwrap_or(PARTS).min(PARTS);
        self.parts.rotate_left(steps);
        self.parts.iter_mut().rev().take(steps).for_each(|emptied| *emptied = 0);
        self.at = part;
        if let Some(last) = self.parts.last_mut() {
            *last = last.saturating_add(bytes);
        }
        self.peak = self.peak.max(self.parts.iter().copied().fold(0, u64::saturating_add));
    }
}

/// Lengths in units of a timescale.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lengths {
    count: u64,
    shortest: u64,
    longest: u64,
    total: u64,
}

impl Lengths {
    pub(super) fn see(&mut self, units: u64) {
        self.shortest = if self.count == 0 { units } else { self.shortest.min(units) };
        self.longest = self.longest.max(units);
        self.total = self.total.saturating_add(units);
        self.count = self.count.saturating_add(1);
    }

    pub(super) fn spread(&self, timescale: Timescale) -> Spread {
        let mean_ms = milliseconds(self.total, timescale).checked_div(self.count).unwrap_or(0);
        let (shortest_ms, longest_ms) = (milliseconds(self.shortest, timescale), milliseconds(self.longest, timescale));
        Spread { count: self.count, shortest_ms, mean_ms, longest_ms }
    }
}

/// `units` in milliseconds, rounded to the nearest.
pub(super) fn milliseconds(units: u64, timescale: Timescale) -> u64 {
    scaled(units, 1000, timescale)
}

fn scaled(units: u64, per_second: u32, timescale: Timescale) -> u64 {
    Timescale::new(per_second).and_then(|target| target.rescale(units, timescale)).unwrap_or(u64::MAX)
}

/// `units` before or after zero in milliseconds, rounded to the nearest.
pub(super) fn signed_milliseconds(units: i128, timescale: Timescale) -> i64 {
    let magnitude = milliseconds(u64::try_from(units.unsigned_abs()).unwrap_or(u64::MAX), timescale);
    let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
    if units < 0 { magnitude.saturating_neg() } else { magnitude }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The reference model: every window of ten tenths, by the definition.
        #[test]
        fn the_peak_is_that_of_the_busiest_second(
            samples in prop::collection::vec((0_u64..3000, 1_u64..1000), 1..60), hz in 1_u32..2000,
        ) {
            let timescale = Timescale::new(hz).unwrap();
            let (mut window, mut tenths, mut decode_time) = (Window::default(), Vec::new(), 77);
            for (duration, bytes) in &samples {
                window.see(decode_time, *bytes, timescale);
                tenths.push(((decode_time - 77) * 10 / u64::from(hz), *bytes));
                decode_time += duration;
            }
            let second = |end: u64| tenths.iter().filter(|(at, _)| (*at..*at + 10).contains(&end)).map(|(_, bytes)| bytes).sum();
            let busiest: u64 = tenths.iter().map(|(at, _)| second(*at)).max().unwrap();
            prop_assert_eq!(window.peak, busiest);
        }
    }
}
