//! Where windows end: the moments that cut every track of a package.

use std::iter::Peekable;
use std::ops::Range;

use crate::time::MediaTime;
use crate::track::{Samples, Timeline, Track};

/// Cuts before the clock begins, and after it ends: a week of segments.
const MOST_BESIDE_THE_CLOCK: usize = 100_000;

/// Where a window ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// First sample of the next window, in the track that is the clock.
    pub(super) sample: u32,
    /// When that window begins.
    pub(super) time: MediaTime,
}

/// The cuts of a package whose tracks are presented over `span`, `target` units of the clock's timescale apart.
///
/// Each is at the sync sample of the clock that is nearest to the target. Where other tracks begin before the clock or go on
/// behind it, there is nothing to be nearest to.
pub(super) fn cuts(clock: &Track<'_>, timeline: &Timeline, span: &Range<MediaTime>, target: u64) -> Vec<Cut> {
    let target = target.max(1);
    let mut groups = Groups::new(clock, timeline);
    let Some(first) = groups.next() else { return Vec::new() };
    let mut cuts = beside(timeline, first.time, target, |time| time > span.start, u64::checked_sub);
    cuts.iter_mut().for_each(|cut| cut.sample = 0);
    cuts.reverse();
    within(groups.by_ref(), first.time, target, |sample, time| {
        cuts.push(Cut { sample, time: timeline.presentation(time) });
    });
    cuts.extend(beside(timeline, groups.end, target, |time| time < span.end, u64::checked_add));
    cuts
}

/// The cuts of the clock itself: each at the sync sample nearest to the target.
fn within(groups: impl Iterator<Item = Group>, mut start: u64, target: u64, mut cut: impl FnMut(u32, u64)) {
    // The last sync sample seen before the asked duration.
    let mut before: Option<(u32, u64)> = None;
    for Group { sample, time } in groups {
        let length = time.saturating_sub(start);
        if length >= target {
            let overshoot = length.saturating_sub(target);
            let undershoot = |earlier: u64| target.saturating_sub(earlier.saturating_sub(start));
            let nearer = before.take().filter(|(_, earlier)| undershoot(*earlier) <= overshoot);
            let (sample_cut, time_cut) = nearer.unwrap_or((sample, time));
            cut(sample_cut, time_cut);
            start = time_cut;
            // A sync sample behind the cut belongs to the window that has begun, and may end it as well.
            if time.saturating_sub(start) >= target {
                cut(sample, time);
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
) -> Vec<Cut> {
    let cuts = std::iter::successors(Some(start), |time| step(*time, target));
    let left = |time: &u64| step(*time, target / 2).is_some_and(|half_on| is_inside(timeline.presentation(half_on)));
    let cuts = cuts.take_while(left).take(MOST_BESIDE_THE_CLOCK);
    cuts.map(|time| Cut { sample: u32::MAX, time: timeline.presentation(time) }).collect()
}

/// A sync sample, and the samples up to the next one.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// The sync sample.
    sample: u32,
    /// When the group is first presented, in output media time: in an open group, before its sync sample.
    time: u64,
}

/// The groups of a track.
struct Groups<'t> {
    timeline: &'t Timeline,
    samples: Peekable<Samples<'t>>,
    /// When the samples so far have all been presented.
    end: u64,
}

impl<'t> Groups<'t> {
    fn new(track: &'t Track<'_>, timeline: &'t Timeline) -> Self {
        Self { timeline, samples: track.samples.samples().peekable(), end: 0 }
    }
}

impl Iterator for Groups<'_> {
    type Item = Group;

    fn next(&mut self) -> Option<Group> {
        let mut group: Option<Group> = None;
        while let Some(sample) = self.samples.next_if(|sample| group.is_none() || !sample.is_sync) {
            let composed = self.timeline.composed(&sample);
            self.end = self.end.max(composed.saturating_add(u64::from(sample.duration)));
            match &mut group {
                Some(group) => group.time = group.time.min(composed),
                None if sample.is_sync => group = Some(Group { sample: sample.index, time: composed }),
                None => {}
            }
        }
        group
    }
}
