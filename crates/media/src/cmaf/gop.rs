//! Groups of pictures: a sync sample, and the samples up to the next one.

use std::iter::Peekable;
use std::num::NonZeroU32;

use crate::time::MediaTime;
use crate::track::{Samples, Timeline, Track};

/// A group of pictures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gop<S> {
    /// The sync sample; for several tracks that share its time, the sync sample of each.
    pub(super) sync_sample: S,
    /// The earliest presentation time, in output media time. In an open group it is before that of the sync sample.
    pub(super) start: u64,
}

/// An iterator over the groups of pictures of a track.
pub(super) struct Gops<'t> {
    timeline: &'t Timeline,
    samples: Peekable<Samples<'t>>,
    /// The latest presentation end of the samples so far.
    pub(super) end: u64,
    shortest: Option<NonZeroU32>,
}

impl<'t> Gops<'t> {
    pub(super) fn new(track: &'t Track<'_>, timeline: &'t Timeline) -> Self {
        Self { timeline, samples: track.samples.samples().peekable(), end: 0, shortest: None }
    }

    /// Returns the duration of the shortest sample so far.
    pub(super) fn shortest_sample(&self) -> MediaTime {
        let shortest = self.shortest.map_or(1, NonZeroU32::get);
        self.timeline.timescale().at(i64::from(shortest))
    }
}

impl Iterator for Gops<'_> {
    type Item = Gop<u32>;

    fn next(&mut self) -> Option<Gop<u32>> {
        let mut gop: Option<Gop<u32>> = None;
        while let Some(sample) = self.samples.next_if(|sample| gop.is_none() || !sample.is_sync) {
            let composed = self.timeline.composition_time(&sample);
            // Both terms are below 2^63: parsing refuses later times, and a timeline refuses a larger shift.
            self.end = self.end.max(composed.saturating_add(u64::from(sample.duration)));
            let duration = NonZeroU32::new(sample.duration);
            self.shortest = self.shortest.into_iter().chain(duration).min();
            match &mut gop {
                Some(gop) => gop.start = gop.start.min(composed),
                None if sample.is_sync => gop = Some(Gop { sync_sample: sample.index, start: composed }),
                None => {}
            }
        }
        gop
    }
}
