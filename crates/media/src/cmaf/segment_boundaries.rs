//! Segment boundaries: the presentation times at which every track of a package is segmented.

use std::ops::Range;
use std::time::Duration;

use super::gop::Gop;
use super::rung_alignment::{AlignedTrack, SharedSyncPoints};
use crate::Result;
use crate::time::MediaTime;
use crate::track::Timeline;

/// Maximum number of boundaries before the reference track starts, and after it ends: a week of segments.
const MAX_OUTSIDE_REFERENCE: usize = 100_000;

/// The segment boundaries of a package.
#[derive(Debug)]
pub(super) struct SegmentBoundaries {
    /// The start of each window except the first.
    pub(super) times: Vec<MediaTime>,
    /// For each aligned track, the first sample of each window except the first.
    pub(super) samples: Vec<Vec<u32>>,
}

impl SegmentBoundaries {
    /// Chooses the boundaries of a package that is presented during `span`, about one `target` duration apart.
    ///
    /// The first of the `aligned` tracks is the reference track. Each boundary is at a sync sample that all aligned tracks
    /// share, the one nearest to the target duration. Where other tracks start before the reference track or end after it,
    /// boundaries are exactly one target duration apart.
    ///
    /// # Errors
    /// [`Error::InputsMisaligned`](crate::Error::InputsMisaligned) if the aligned tracks share too few sync samples.
    pub(super) fn choose<'t>(
        aligned: &'t [AlignedTrack<'t>],
        span: &Range<MediaTime>,
        target: Duration,
    ) -> Result<Self> {
        let mut boundaries = Self { times: Vec::new(), samples: vec![Vec::new(); aligned.len()] };
        let Some((reference, others)) = aligned.split_first() else { return Ok(boundaries) };
        let timeline = reference.timeline;
        let mut sync_points = SharedSyncPoints::new(reference, others.iter(), target);
        let target = timeline.timescale().units_of(target).max(1);
        let Some(first) = sync_points.next().transpose()? else { return Ok(boundaries) };
        let mut before = outside_reference(timeline, first.start, target, |time| time > span.start, u64::checked_sub);
        before.reverse();
        before.into_iter().for_each(|time| boundaries.push(time, std::iter::repeat(0)));
        let mut failure = Ok(());
        let valid = sync_points.by_ref().map_while(|point| point.map_err(|error| failure = Err(error)).ok());
        each_nearest(valid, first.start, target, |samples, time| {
            boundaries.push(timeline.presentation_time(time), samples.into_iter());
        });
        failure?;
        for time in outside_reference(timeline, sync_points.end(), target, |time| time < span.end, u64::checked_add) {
            boundaries.push(time, std::iter::repeat(u32::MAX));
        }
        Ok(boundaries)
    }

    fn push(&mut self, time: MediaTime, samples: impl Iterator<Item = u32>) {
        self.times.push(time);
        self.samples.iter_mut().zip(samples).for_each(|(of_track, sample)| of_track.push(sample));
    }
}

/// Calls `boundary` with the sync samples and the time of each boundary within the reference track: the sync point nearest to
/// one `target` duration after the boundary before it.
fn each_nearest<S: Clone>(
    sync_points: impl Iterator<Item = Gop<S>>,
    mut start: u64,
    target: u64,
    mut boundary: impl FnMut(S, u64),
) {
    // The last sync point before the target duration.
    let mut before: Option<(S, u64)> = None;
    for Gop { sync_sample, start: time } in sync_points {
        // Zero for a group that starts before the boundary: its leading pictures overlap the group before it.
        let length = time.saturating_sub(start);
        if length >= target {
            let overshoot = length.saturating_sub(target);
            let undershoot = |earlier: u64| target.saturating_sub(earlier.saturating_sub(start));
            let nearer = before.take().filter(|(_, earlier)| undershoot(*earlier) <= overshoot);
            let (sample, nearest) = nearer.unwrap_or_else(|| (sync_sample.clone(), time));
            boundary(sample, nearest);
            start = nearest;
            // A sync point after the boundary is in the next window, and may end that window as well.
            if time.saturating_sub(start) >= target {
                boundary(sync_sample.clone(), time);
                start = time;
            }
        }
        before = Some((sync_sample, time)).filter(|(_, time)| *time > start);
    }
}

/// Returns the boundaries outside the reference track: from `start` on, one `target` duration apart in the direction of `step`,
/// as long as at least half a target duration of media remains.
fn outside_reference(
    timeline: &Timeline,
    start: u64,
    target: u64,
    has_media_at: impl Fn(MediaTime) -> bool,
    step: fn(u64, u64) -> Option<u64>,
) -> Vec<MediaTime> {
    let times = std::iter::successors(Some(start), |time| step(*time, target));
    let half_remains =
        |time: &u64| step(*time, target / 2).is_some_and(|half| has_media_at(timeline.presentation_time(half)));
    let times = times.take_while(half_remains).take(MAX_OUTSIDE_REFERENCE);
    times.map(|time| timeline.presentation_time(time)).collect()
}
