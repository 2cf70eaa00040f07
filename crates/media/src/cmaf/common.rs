//! The moments at which every picture of a package can be entered.
//!
//! A player changes from one rung of a ladder to another between two segments, so all rungs must be cut at the same moments, and
//! each must have a sync sample there. [`Common`] walks the groups of pictures of all video tracks side by side, as a merge of
//! sorted lists does, and yields the moments that all of them share. A track that has ended shares every moment behind its end.
//!
//! # The same moment
//!
//! Times are compared as fractions. Two are the same when they differ by no more than one unit of the coarser timescale, as
//! rounding makes them, and by less than half a frame of either track, as no rounding may.
//!
//! # When movies do not go together
//!
//! All must begin at the same moment. Behind that, a sync sample that the others do not share is no fault by itself. Movies are
//! refused where the moments they share lie more than half as long again apart as segments should last, although each
//! track has sync samples in between: then it is not that groups are long, but that they do not match.

use std::fmt::Write;
use std::time::Duration;

use super::cuts::{Group, Groups};
use crate::time::MediaTime;
use crate::track::{Timeline, Track};
use crate::{Error, Result};

/// Rows of the table of mismatches.
const ROWS: usize = 4;

/// A track that is cut at its own sync samples.
pub(super) struct Aligned<'t> {
    /// Its position in the package.
    pub(super) position: usize,
    /// What people know it by.
    pub(super) label: String,
    pub(super) track: &'t Track<'t>,
    pub(super) timeline: &'t Timeline,
}

/// Shared moments of video tracks, the clock first; each with the first sample of its group in every track.
pub(super) struct Common<'t> {
    clock: Lane<'t>,
    others: Vec<Lane<'t>>,
    asked: Duration,
    /// The last shared moment.
    last: Option<MediaTime>,
    done: bool,
}

impl<'t> Common<'t> {
    /// The shared moments of `clock` and `others`, where segments should last as long as `asked`.
    pub(super) fn new(clock: &'t Aligned<'t>, others: impl Iterator<Item = &'t Aligned<'t>>, asked: Duration) -> Self {
        Self { clock: Lane::new(clock), others: others.map(Lane::new).collect(), asked, last: None, done: false }
    }

    /// When the clock's samples so far have all been presented.
    pub(super) fn end(&self) -> u64 {
        self.clock.groups.end
    }

    fn next_shared(&mut self) -> Result<Option<Group<Vec<u32>>>> {
        while let Some(group) = self.clock.take() {
            let moment = self.clock.moment(group.time);
            let mut samples = vec![group.sample];
            for lane in &mut self.others {
                samples.extend(lane.sample_at(moment, &self.clock.groups));
            }
            if samples.len() > self.others.len() {
                self.check_gap(moment)?;
                self.last = Some(moment);
                self.clock.unshared.clear();
                self.others.iter_mut().for_each(|lane| lane.step_over(moment));
                return Ok(Some(Group { sample: samples, time: group.time }));
            }
            self.clock.note(moment);
            if self.last.is_none() {
                return Err(self.misaligned());
            }
        }
        let end = self.clock.moment(self.clock.groups.end);
        self.others.iter_mut().for_each(|lane| lane.skip_before(end));
        self.check_gap(end)?;
        Ok(None)
    }

    /// Refuses the stretch from the last shared moment to the next if it is long for no reason but that groups do not match.
    fn check_gap(&self, next: MediaTime) -> Result<()> {
        let Some(last) = self.last else { return Ok(()) };
        let gap = next.as_nanos().saturating_sub(last.as_nanos()).saturating_mul(2);
        let asked = i128::try_from(self.asked.as_nanos()).unwrap_or(i128::MAX).saturating_mul(3);
        let running = || self.lanes().filter(|lane| !lane.is_over(last));
        let each_could = running().count() > 1 && running().all(|lane| !lane.unshared.is_empty());
        if gap > asked && each_could { Err(self.misaligned()) } else { Ok(()) }
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane<'t>> {
        std::iter::once(&self.clock).chain(&self.others)
    }

    /// The first key pictures that do not match, a row for each and a column for each track.
    fn misaligned(&self) -> Error {
        let mut lanes: Vec<&Lane<'t>> = self.lanes().collect();
        lanes.sort_by_key(|lane| lane.own.position);
        let names: Vec<&str> = lanes.iter().map(|lane| lane.own.label.as_str()).collect();
        let mut table = names.join(" | ");
        for row in 0..ROWS {
            let times: Vec<Option<MediaTime>> = lanes.iter().map(|lane| lane.time_in_row(row)).collect();
            if times.iter().any(Option::is_some) {
                let cell = |time: &Option<MediaTime>| time.map_or_else(|| "none".to_owned(), seconds);
                let cells: Vec<String> = times.iter().map(cell).collect();
                let _ = write!(table, "; {}", cells.join(" | "));
            }
        }
        Error::InputsMisaligned { table }
    }
}

impl Iterator for Common<'_> {
    type Item = Result<Group<Vec<u32>>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_shared().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// One track of the merge.
struct Lane<'t> {
    own: &'t Aligned<'t>,
    groups: Groups<'t>,
    next: Option<Group<u32>>,
    /// The first sync samples since the last shared moment that are not shared.
    unshared: Vec<MediaTime>,
}

impl<'t> Lane<'t> {
    fn new(own: &'t Aligned<'t>) -> Self {
        let mut groups = Groups::new(own.track, own.timeline);
        Self { own, next: groups.next(), groups, unshared: Vec::new() }
    }

    fn moment(&self, time: u64) -> MediaTime {
        self.own.timeline.presentation_time(time)
    }

    fn take(&mut self) -> Option<Group<u32>> {
        std::mem::replace(&mut self.next, self.groups.next())
    }

    fn note(&mut self, moment: MediaTime) {
        if self.unshared.len() < ROWS {
            self.unshared.push(moment);
        }
    }

    /// The first sample of the group that begins at `moment`, if one does; past all samples of a track that has ended.
    fn sample_at(&mut self, moment: MediaTime, other: &Groups<'_>) -> Option<u32> {
        while let Some(next) = self.next {
            let own = self.moment(next.time);
            if is_same(own, moment, &self.groups, other) {
                return Some(next.sample);
            }
            if own > moment {
                return None;
            }
            self.note(own);
            self.next = self.groups.next();
        }
        self.is_over(moment).then_some(u32::MAX)
    }

    /// Goes on behind a moment that is shared.
    fn step_over(&mut self, moment: MediaTime) {
        self.unshared.clear();
        if !self.is_over(moment) {
            self.next = self.groups.next();
        }
    }

    /// Notes what comes before `end`.
    fn skip_before(&mut self, end: MediaTime) {
        while let Some(next) = self.next.filter(|next| self.moment(next.time) < end) {
            self.note(self.moment(next.time));
            self.next = self.groups.next();
        }
    }

    /// Whether everything has been presented at `moment`.
    fn is_over(&self, moment: MediaTime) -> bool {
        self.next.is_none() && self.moment(self.groups.end) <= moment
    }

    /// An unshared sync sample, or the one that comes behind them.
    fn time_in_row(&self, row: usize) -> Option<MediaTime> {
        let next = || self.next.filter(|_| row == self.unshared.len()).map(|next| self.moment(next.time));
        self.unshared.get(row).copied().or_else(next)
    }
}

/// Whether two moments of tracks with these groups are the same.
fn is_same(own: MediaTime, other: MediaTime, own_groups: &Groups<'_>, other_groups: &Groups<'_>) -> bool {
    own.is_within_a_unit_of(other)
        && own.is_within_half_of(other, own_groups.shortest_sample())
        && own.is_within_half_of(other, other_groups.shortest_sample())
}

fn seconds(moment: MediaTime) -> String {
    let sign = if moment.as_nanos() < 0 { "-" } else { "" };
    let micros = moment.as_nanos().unsigned_abs() / 1000;
    format!("{sign}{}.{:06} s", micros / 1_000_000, micros % 1_000_000)
}
