//! The statistics of one track, collected from its segments as they are planned.
//!
//! They are only for display and warnings; they decide nothing that is read or written. So sums and conversions that do not fit
//! saturate.

use super::Distribution;
use crate::cmaf::{PlannedSample, SegmentPlan};
use crate::time::Timescale;
use crate::track::{Track, TrackKind};

/// The statistics of the samples of a track.
#[derive(Debug)]
pub(super) struct TrackStatistics {
    timescale: Timescale,
    is_video: bool,
    pub(super) is_text: bool,
    /// The duration that the edit list hides at the start, in units.
    pub(super) hidden: u64,
    /// The number of samples, and the size of the largest.
    pub(super) samples: u64,
    pub(super) largest_sample: u32,
    bytes: u64,
    units: u64,
    peak: PeakWindow,
    /// The GOP in progress.
    gop: Option<Gop>,
    /// The completed GOPs.
    ended_gops: DurationStatistics,
    /// The number of open GOPs.
    pub(super) open_gops: u64,
    /// The durations of all frames so far except the last.
    frames: DurationStatistics,
    last_frame: Option<u64>,
}

/// A group of pictures: a sync sample, and the samples up to the next one.
#[derive(Debug, Clone, Copy)]
struct Gop {
    /// Sum over its samples so far, in units.
    duration: u64,
    /// Composition time of the sync sample.
    sync_composition_time: i128,
    is_open: bool,
}

impl TrackStatistics {
    pub(super) fn new(track: &Track<'_>) -> Self {
        let earliest = track.samples.earliest_composition_time();
        let hidden = track.edit_start.map_or(0, |start| start.saturating_sub(earliest));
        Self {
            timescale: track.timescale,
            hidden: u64::try_from(hidden).unwrap_or(0),
            is_video: track.kind == TrackKind::Video,
            is_text: track.kind == TrackKind::Text,
            samples: 0,
            largest_sample: 0,
            bytes: 0,
            units: 0,
            peak: PeakWindow::default(),
            gop: None,
            ended_gops: DurationStatistics::default(),
            open_gops: 0,
            frames: DurationStatistics::default(),
            last_frame: None,
        }
    }

    /// Adds the next segment of the track.
    pub(super) fn add(&mut self, segment: &SegmentPlan) {
        let mut decode_time = segment.decode_time;
        for sample in &segment.samples {
            self.samples = self.samples.saturating_add(1);
            self.largest_sample = self.largest_sample.max(sample.size);
            self.bytes = self.bytes.saturating_add(u64::from(sample.size));
            self.units = self.units.saturating_add(u64::from(sample.duration));
            self.peak.add(decode_time, u64::from(sample.size), self.timescale);
            if self.is_video {
                self.add_frame(decode_time, sample);
            }
            decode_time = decode_time.saturating_add(u64::from(sample.duration));
        }
    }

    fn add_frame(&mut self, decode_time: u64, sample: &PlannedSample) {
        let composition_time = i128::from(decode_time).saturating_add(i128::from(sample.composition_offset));
        if sample.is_sync {
            if let Some(ended) = self.gop.take() {
                self.ended_gops.add(ended.duration);
            }
            self.gop = Some(Gop { duration: 0, sync_composition_time: composition_time, is_open: false });
        }
        if let Some(gop) = &mut self.gop {
            gop.duration = gop.duration.saturating_add(u64::from(sample.duration));
            if composition_time < gop.sync_composition_time && !gop.is_open {
                gop.is_open = true;
                self.open_gops = self.open_gops.saturating_add(1);
            }
        }
        // The last frame may have any duration, so a frame is added when the next one follows.
        if let Some(previous) = self.last_frame.replace(u64::from(sample.duration)) {
            self.frames.add(previous);
        }
    }

    /// Returns the statistics of all GOPs, including the one in progress.
    pub(super) fn gops(&self) -> DurationStatistics {
        let mut gops = self.ended_gops;
        if let Some(last) = self.gop {
            gops.add(last.duration);
        }
        gops
    }

    /// Returns whether all frames have the same duration.
    pub(super) fn has_equal_frames(&self) -> bool {
        self.frames.longest == self.frames.shortest
    }

    /// Returns the durations of the shortest and the longest frame.
    pub(super) fn frame_microseconds(&self) -> (u64, u64) {
        let microseconds = |units| rescaled(units, 1_000_000, self.timescale);
        (microseconds(self.frames.shortest), microseconds(self.frames.longest))
    }

    pub(super) fn average_bitrate(&self) -> u64 {
        let bits = u128::from(self.bytes).saturating_mul(8).saturating_mul(u128::from(self.timescale.hz()));
        u64::try_from(bits.div_ceil(u128::from(self.units).max(1))).unwrap_or(u64::MAX)
    }

    pub(super) fn peak_bitrate(&self) -> u64 {
        self.peak.max_bytes.saturating_mul(8).max(self.average_bitrate())
    }
}

/// Steps per second of the sliding window.
const STEPS: usize = 10;

/// A sliding window of one second of decode time, in steps of a tenth: ten numbers, however many samples there are.
#[derive(Debug, Default)]
struct PeakWindow {
    /// Decode time of the first sample.
    first: Option<u64>,
    /// The current step since the first sample.
    step: u64,
    /// Bytes of the last ten steps.
    bytes: [u64; STEPS],
    /// The largest sum of all ten so far.
    max_bytes: u64,
}

impl PeakWindow {
    fn add(&mut self, decode_time: u64, bytes: u64, timescale: Timescale) {
        let since_first = u128::from(decode_time.saturating_sub(*self.first.get_or_insert(decode_time)));
        let step = since_first.saturating_mul(10).checked_div(u128::from(timescale.hz())).unwrap_or(0);
        let step = u64::try_from(step).unwrap_or(u64::MAX).max(self.step);
        let moved = usize::try_from(step.saturating_sub(self.step)).unwrap_or(STEPS).min(STEPS);
        self.bytes.rotate_left(moved);
        self.bytes.iter_mut().rev().take(moved).for_each(|cleared| *cleared = 0);
        self.step = step;
        if let Some(last) = self.bytes.last_mut() {
            *last = last.saturating_add(bytes);
        }
        self.max_bytes = self.max_bytes.max(self.bytes.iter().copied().fold(0, u64::saturating_add));
    }
}

/// The statistics of durations, in units of a timescale.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DurationStatistics {
    count: u64,
    shortest: u64,
    longest: u64,
    total: u64,
}

impl DurationStatistics {
    pub(super) fn add(&mut self, units: u64) {
        self.shortest = if self.count == 0 { units } else { self.shortest.min(units) };
        self.longest = self.longest.max(units);
        self.total = self.total.saturating_add(units);
        self.count = self.count.saturating_add(1);
    }

    pub(super) fn distribution(&self, timescale: Timescale) -> Distribution {
        let mean_ms = milliseconds(self.total, timescale).checked_div(self.count).unwrap_or(0);
        let (shortest_ms, longest_ms) = (milliseconds(self.shortest, timescale), milliseconds(self.longest, timescale));
        Distribution { count: self.count, shortest_ms, mean_ms, longest_ms }
    }
}

/// Converts `units` to milliseconds, rounded to the nearest.
pub(super) fn milliseconds(units: u64, timescale: Timescale) -> u64 {
    rescaled(units, 1000, timescale)
}

fn rescaled(units: u64, per_second: u32, timescale: Timescale) -> u64 {
    Timescale::new(per_second).and_then(|target| target.rescale(units, timescale)).unwrap_or(u64::MAX)
}

/// Converts positive or negative `units` to milliseconds, rounded to the nearest.
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
        /// Compares with the reference model: the sum of every window of ten tenths, by definition.
        #[test]
        fn the_peak_is_that_of_the_busiest_second(
            samples in prop::collection::vec((0_u64..3000, 1_u64..1000), 1..60), hz in 1_u32..2000,
        ) {
            let timescale = Timescale::new(hz).unwrap();
            let (mut window, mut tenths, mut decode_time) = (PeakWindow::default(), Vec::new(), 77);
            for (duration, bytes) in &samples {
                window.add(decode_time, *bytes, timescale);
                tenths.push(((decode_time - 77) * 10 / u64::from(hz), *bytes));
                decode_time += duration;
            }
            let second = |end: u64| tenths.iter().filter(|(at, _)| (*at..*at + 10).contains(&end)).map(|(_, bytes)| bytes).sum();
            let busiest: u64 = tenths.iter().map(|(at, _)| second(*at)).max().unwrap();
            prop_assert_eq!(window.max_bytes, busiest);
        }
    }
}
