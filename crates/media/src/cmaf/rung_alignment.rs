//! Rung alignment: the presentation times at which all video tracks of a package have a sync sample.
//!
//! A player switches from one rung of a ladder to another between two segments. So all rungs are segmented at the same times,
//! and each must have a sync sample there. [`SharedSyncPoints`] walks the groups of pictures of all video tracks in parallel,
//! like a merge of sorted lists, and yields the times that all tracks share. A track that has ended counts as sharing every
//! later time.
//!
//! # Equal times
//!
//! Times are compared as fractions. Two times are equal if they differ by at most one unit of the coarser timescale, which
//! rounding can cause, and by less than half a frame of either track, which rounding cannot exceed.
//!
//! # Movies that do not match
//!
//! All tracks must start at the same time. Later, a sync sample that the other tracks do not share is not an error by itself.
//! Movies are refused if two consecutive shared times are more than 1.5 times the target duration of segments apart although
//! each track has sync samples in between: then the groups are short enough, but do not match.

use std::fmt::Write;
use std::time::Duration;

use super::gop::{Gop, Gops};
use crate::time::MediaTime;
use crate::track::{Timeline, Track};
use crate::{Error, Result};

/// Maximum number of lines in the table of mismatches.
const TABLE_LINES: usize = 4;

/// A track that is segmented at its own sync samples.
pub(super) struct AlignedTrack<'t> {
    /// Its position in the package.
    pub(super) position: usize,
    /// Its name in error messages.
    pub(super) label: String,
    pub(super) track: &'t Track<'t>,
    pub(super) timeline: &'t Timeline,
}

/// An iterator over the sync points that video tracks share, with the sync sample of each track, the reference track first.
pub(super) struct SharedSyncPoints<'t> {
    reference: TrackCursor<'t>,
    others: Vec<TrackCursor<'t>>,
    target: Duration,
    /// The last shared time.
    last: Option<MediaTime>,
    done: bool,
}

impl<'t> SharedSyncPoints<'t> {
    /// Creates an iterator over the sync points that `reference` and `others` share, for segments of `target` duration.
    pub(super) fn new(
        reference: &'t AlignedTrack<'t>,
        others: impl Iterator<Item = &'t AlignedTrack<'t>>,
        target: Duration,
    ) -> Self {
        let (reference, others) = (TrackCursor::new(reference), others.map(TrackCursor::new).collect());
        Self { reference, others, target, last: None, done: false }
    }

    /// Returns the latest presentation end of the reference track's samples so far.
    pub(super) fn end(&self) -> u64 {
        self.reference.gops.end
    }

    fn next_shared(&mut self) -> Result<Option<Gop<Vec<u32>>>> {
        while let Some(gop) = self.reference.take() {
            let time = self.reference.presentation(gop.start);
            let mut sync_samples = vec![gop.sync_sample];
            for other in &mut self.others {
                sync_samples.extend(other.sample_at(time, &self.reference.gops));
            }
            if sync_samples.len() > self.others.len() {
                self.check_gap(time)?;
                self.last = Some(time);
                self.reference.unshared.clear();
                self.others.iter_mut().for_each(|other| other.step_past(time));
                return Ok(Some(Gop { sync_sample: sync_samples, start: gop.start }));
            }
            self.reference.record_unshared(time);
            if self.last.is_none() {
                return Err(self.misaligned());
            }
        }
        let end = self.reference.presentation(self.reference.gops.end);
        self.others.iter_mut().for_each(|other| other.skip_before(end));
        self.check_gap(end)?;
        Ok(None)
    }

    /// Refuses the interval from the last shared time to `next` if it is too long and only mismatched groups are the reason.
    fn check_gap(&self, next: MediaTime) -> Result<()> {
        let Some(last) = self.last else { return Ok(()) };
        // An i128 holds nanoseconds of any media time; `Duration` is bounded by 2^94 of them.
        let gap = next.as_nanos().saturating_sub(last.as_nanos()).saturating_mul(2);
        let allowed = i128::try_from(self.target.as_nanos()).unwrap_or(i128::MAX).saturating_mul(3);
        let continuing = || self.cursors().filter(|cursor| !cursor.has_ended_at(last));
        let each_has_sync_samples = continuing().count() > 1 && continuing().all(|cursor| !cursor.unshared.is_empty());
        if gap > allowed && each_has_sync_samples { Err(self.misaligned()) } else { Ok(()) }
    }

    fn cursors(&self) -> impl Iterator<Item = &TrackCursor<'t>> {
        std::iter::once(&self.reference).chain(&self.others)
    }

    /// Returns the error with the first key frames that do not match: one line for each, one column for each track.
    fn misaligned(&self) -> Error {
        let mut cursors: Vec<&TrackCursor<'t>> = self.cursors().collect();
        cursors.sort_by_key(|cursor| cursor.track.position);
        let names: Vec<&str> = cursors.iter().map(|cursor| cursor.track.label.as_str()).collect();
        let mut table = names.join(" | ");
        for line in 0..TABLE_LINES {
            let times: Vec<Option<MediaTime>> = cursors.iter().map(|cursor| cursor.time_in_line(line)).collect();
            if times.iter().any(Option::is_some) {
                let cell = |time: &Option<MediaTime>| time.map_or_else(|| "none".to_owned(), seconds);
                let cells: Vec<String> = times.iter().map(cell).collect();
                // Formatting into a String cannot fail.
                let _ = write!(table, "; {}", cells.join(" | "));
            }
        }
        Error::InputsMisaligned { table }
    }
}

impl Iterator for SharedSyncPoints<'_> {
    type Item = Result<Gop<Vec<u32>>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_shared().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The position of the merge in one track.
struct TrackCursor<'t> {
    track: &'t AlignedTrack<'t>,
    gops: Gops<'t>,
    next: Option<Gop<u32>>,
    /// The first sync samples since the last shared time that are not shared.
    unshared: Vec<MediaTime>,
}

impl<'t> TrackCursor<'t> {
    fn new(track: &'t AlignedTrack<'t>) -> Self {
        let mut gops = Gops::new(track.track, track.timeline);
        Self { track, next: gops.next(), gops, unshared: Vec::new() }
    }

    fn presentation(&self, media_time: u64) -> MediaTime {
        self.track.timeline.presentation_time(media_time)
    }

    fn take(&mut self) -> Option<Gop<u32>> {
        std::mem::replace(&mut self.next, self.gops.next())
    }

    fn record_unshared(&mut self, time: MediaTime) {
        if self.unshared.len() < TABLE_LINES {
            self.unshared.push(time);
        }
    }

    /// Returns the sync sample of the group that starts at `time`, if one does. A track that has ended has a sync sample after
    /// its last sample at every time.
    fn sample_at(&mut self, time: MediaTime, reference: &Gops<'_>) -> Option<u32> {
        while let Some(next) = self.next {
            let start = self.presentation(next.start);
            if is_equal(start, time, &self.gops, reference) {
                return Some(next.sync_sample);
            }
            if start > time {
                return None;
            }
            self.record_unshared(start);
            self.next = self.gops.next();
        }
        self.has_ended_at(time).then_some(u32::MAX)
    }

    /// Moves to the group after a shared time.
    fn step_past(&mut self, time: MediaTime) {
        self.unshared.clear();
        if !self.has_ended_at(time) {
            self.next = self.gops.next();
        }
    }

    /// Records the groups that start before `end`.
    fn skip_before(&mut self, end: MediaTime) {
        while let Some(next) = self.next.filter(|next| self.presentation(next.start) < end) {
            self.record_unshared(self.presentation(next.start));
            self.next = self.gops.next();
        }
    }

    fn has_ended_at(&self, time: MediaTime) -> bool {
        self.next.is_none() && self.presentation(self.gops.end) <= time
    }

    /// Returns the unshared sync sample in a line of the table, or the sync sample that follows the unshared ones.
    fn time_in_line(&self, line: usize) -> Option<MediaTime> {
        let next = || self.next.filter(|_| line == self.unshared.len()).map(|next| self.presentation(next.start));
        self.unshared.get(line).copied().or_else(next)
    }
}

/// Returns whether `a`, a time of the track with `a_gops`, equals `b`, a time of the track with `b_gops`.
fn is_equal(a: MediaTime, b: MediaTime, a_gops: &Gops<'_>, b_gops: &Gops<'_>) -> bool {
    a.is_within_a_unit_of(b)
        && a.is_within_half_of(b, a_gops.shortest_sample())
        && a.is_within_half_of(b, b_gops.shortest_sample())
}

fn seconds(time: MediaTime) -> String {
    let sign = if time.as_nanos() < 0 { "-" } else { "" };
    let micros = time.as_nanos().unsigned_abs() / 1000;
    format!("{sign}{}.{:06} s", micros / 1_000_000, micros % 1_000_000)
}
