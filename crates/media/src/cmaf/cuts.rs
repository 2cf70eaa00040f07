//! Where windows end: the moments that cut every track of a package.

use std::iter::Peekable;
use std::num::NonZeroU32;
use std::ops::Range;
use std::time::Duration;

use super::common::{Aligned, Common};
use crate::Result;
use crate::time::MediaTime;
use crate::track::{Samples, Timeline, Track};

/// Cuts before the clock begins, and after it ends: a week of segments.
const MOST_BESIDE_THE_CLOCK: usize = 100_000;

/// Where windows end.
#[derive(Debug)]
pub(super) struct Cuts {
    /// When each next window begins.
    pub(super) times: Vec<MediaTime>,
    /// For each track that was asked to be cut at its own sync samples, the first sample of each next window.
    pub(super) samples: Vec<Vec<u32>>,
}

/// The cuts of a package whose tracks are presented over `span`, about as long apart as `asked`.
///
/// Each is at a sync sample of the clock, the first of `aligned`, that all of them share, and of these at the one nearest to
/// what is asked. Where other tracks begin before the clock or go on behind it, there is nothing to be nearest to.
///
/// # Errors
/// [`Error::InputsMisaligned`](crate::Error::InputsMisaligned) where `aligned` share too few.
pub(super) fn cuts<'t>(aligned: &'t [Aligned<'t>], span: &Range<MediaTime>, asked: Duration) -> Result<Cuts> {
    let mut cuts = Cuts { times: Vec::new(), samples: vec![Vec::new(); aligned.len()] };
    let Some((clock, others)) = aligned.split_first() else { return Ok(cuts) };
    let timeline = clock.timeline;
    let target = timeline.timescale().units_of(asked).max(1);
    let mut groups = Common::new(clock, others.iter(), asked);
    let Some(first) = groups.next().transpose()? else { return Ok(cuts) };
    let mut before = beside(timeline, first.time, target, |time| time > span.start, u64::checked_sub);
    before.reverse();
    before.into_iter().for_each(|time| cuts.push(time, std::iter::repeat(0)));
    let mut failure = Ok(());
    let known = groups.by_ref().map_while(|group| group.map_err(|error| failure = Err(error)).ok());
    within(known, first.time, target, |samples, time| cuts.push(timeline.presentation_time(time), samples.into_iter()));
    failure?;
    for time in beside(timeline, groups.end(), target, |time| time < span.end, u64::checked_add) {
        cuts.push(time, std::iter::repeat(u32::MAX));
    }
    Ok(cuts)
}

impl Cuts {
    fn push(&mut self, time: MediaTime, samples: impl Iterator<Item = u32>) {
        self.times.push(time);
        self.samples.iter_mut().zip(samples).for_each(|(own, sample)| own.push(sample));
    }
}

/// The cuts of the clock itself: each at the group nearest to the target.
fn within<S: Clone>(groups: impl Iterator<Item = Group<S>>, mut start: u64, target: u64, mut cut: impl FnMut(S, u64)) {
    // The last sync sample seen before the asked duration.
    let mut before: Option<(S, u64)> = None;
    for Group { sample, time } in groups {
        let length = time.saturating_sub(start);
        if length >= target {
            let overshoot = length.saturating_sub(target);
            let undershoot = |earlier: u64| target.saturating_sub(earlier.saturating_sub(start));
            let nearer = before.take().filter(|(_, earlier)| undershoot(*earlier) <= overshoot);
            let (sample_cut, time_cut) = nearer.unwrap_or_else(|| (sample.clone(), time));
            cut(sample_cut, time_cut);
            start = time_cut;
            // A sync sample behind the cut belongs to the window that has begun, and may end it as well.
            if time.saturating_sub(start) >= target {
                cut(sample.clone(), time);
                start = time;
            }
        }
        before = Some((sample, time)).filter(|(_, time)| *time > start);
    }
}

/// Cuts from `start` on, a `target` apart in the direction of `step`, as long as at least half a target is left beyond each.
fn beside(
    timeline: &Timeline,
    start: u64,
    target: u64,
    is_inside: impl Fn(MediaTime) -> bool,
    step: fn(u64, u64) -> Option<u64>,
) -> Vec<MediaTime> {
    let cuts = std::iter::successors(Some(start), |time| step(*time, target));
    let left =
        |time: &u64| step(*time, target / 2).is_some_and(|half_on| is_inside(timeline.presentation_time(half_on)));
    let cuts = cuts.take_while(left).take(MOST_BESIDE_THE_CLOCK);
    cuts.map(|time| timeline.presentation_time(time)).collect()
}

/// A sync sample, and the samples up to the next one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<S> {
    /// The sync sample; of several tracks that share the moment, one for each.
    pub(super) sample: S,
    /// When the group is first presented, in output media time: in an open group, before its sync sample.
    pub(super) time: u64,
}

/// The groups of a track.
pub(super) struct Groups<'t> {
    timeline: &'t Timeline,
    samples: Peekable<Samples<'t>>,
    /// When the samples so far have all been presented.
    pub(super) end: u64,
    shortest: Option<NonZeroU32>,
}

impl<'t> Groups<'t> {
    pub(super) fn new(track: &'t Track<'_>, timeline: &'t Timeline) -> Self {
        Self { timeline, samples: track.samples.samples().peekable(), end: 0, shortest: None }
    }

    /// How long the shortest sample so far lasts.
    pub(super) fn shortest_sample(&self) -> MediaTime {
        let shortest = self.shortest.map_or(1, NonZeroU32::get);
        self.timeline.timescale().at(i64::from(shortest))
    }
}

impl Iterator for Groups<'_> {
    type Item = Group<u32>;

    fn next(&mut self) -> Option<Group<u32>> {
        let mut group: Option<Group<u32>> = None;
        while let Some(sample) = self.samples.next_if(|sample| group.is_none() || !sample.is_sync) {
            let composed = self.timeline.composition_time(&sample);
            self.end = self.end.max(composed.saturating_add(u64::from(sample.duration)));
            let duration = NonZeroU32::new(sample.duration);
            self.shortest = self.shortest.into_iter().chain(duration).min();
            match &mut group {
                Some(group) => group.time = group.time.min(composed),
                None if sample.is_sync => group = Some(Group { sample: sample.index, time: composed }),
                None => {}
            }
        }
        group
    }
}
