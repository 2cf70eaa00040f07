//! What waits in a queue, and which of it comes next.
//!
//! A standard queue gives out the oldest message. A fair one, whose messages carry a group, gives out the oldest message of a
//! group that is not a noisy neighbour, and one of a noisy neighbour only when there is no other.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use crate::parameters::Sqs;

/// Messages that wait, and how many of each group are in flight.
#[derive(Debug)]
pub struct Backlog<M> {
    /// Messages by group, oldest first, each with its number.
    groups: HashMap<String, VecDeque<(u64, M)>>,
    /// The oldest message of every group that has any.
    oldest: BTreeSet<(u64, String)>,
    in_flight: HashMap<String, u64>,
    all_in_flight: u64,
    /// What consumers worked on of late: until when, for which group, how long.
    worked: VecDeque<(Duration, String, Duration)>,
    worked_on: HashMap<String, Duration>,
    all_worked: Duration,
    len: u64,
    number: u64,
}

impl<M> Default for Backlog<M> {
    fn default() -> Self {
        Self {
            groups: HashMap::new(),
            oldest: BTreeSet::new(),
            in_flight: HashMap::new(),
            all_in_flight: 0,
            worked: VecDeque::new(),
            worked_on: HashMap::new(),
            all_worked: Duration::ZERO,
            len: 0,
            number: 0,
        }
    }
}

impl<M> Backlog<M> {
    /// Messages that wait.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Messages that are with a consumer.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.all_in_flight
    }

    /// Adds a message. Messages of an unfair queue are all of one group.
    pub fn push(&mut self, group: &str, message: M) {
        self.number += 1;
        self.len += 1;
        let waiting = self.groups.entry(group.to_owned()).or_default();
        if waiting.is_empty() {
            self.oldest.insert((self.number, group.to_owned()));
        }
        waiting.push_back((self.number, message));
    }

    /// Takes the next message, with its group.
    pub fn take(&mut self, sqs: &Sqs, now: Duration) -> Option<(String, M)> {
        self.forget(now.saturating_sub(sqs.noisy_window));
        let quiet = self.oldest.iter().find(|(_, group)| !self.is_noisy(group, sqs));
        let (number, group) = quiet.or(self.oldest.first())?.clone();
        self.oldest.remove(&(number, group.clone()));
        let waiting = self.groups.get_mut(&group)?;
        let (_, message) = waiting.pop_front()?;
        match waiting.front() {
            Some((next, _)) => _ = self.oldest.insert((*next, group.clone())),
            None => _ = self.groups.remove(&group),
        }
        self.len -= 1;
        self.all_in_flight += 1;
        *self.in_flight.entry(group.clone()).or_default() += 1;
        Some((group, message))
    }

    /// A message of `group` is with its consumer no longer, which worked on it for `duration`.
    pub fn ended(&mut self, group: &str, duration: Duration, now: Duration) {
        self.worked.push_back((now, group.to_owned(), duration));
        *self.worked_on.entry(group.to_owned()).or_default() += duration;
        self.all_worked += duration;
        self.all_in_flight = self.all_in_flight.saturating_sub(1);
        if let Some(own) = self.in_flight.get_mut(group) {
            *own -= 1;
            if *own == 0 {
                self.in_flight.remove(group);
            }
        }
    }

    /// Forgets what was worked on before `since`.
    fn forget(&mut self, since: Duration) {
        while let Some((_, group, duration)) = self.worked.pop_front_if(|(at, ..)| *at < since) {
            self.all_worked = self.all_worked.saturating_sub(duration);
            if let Some(own) = self.worked_on.get_mut(&group) {
                *own = own.saturating_sub(duration);
                if own.is_zero() {
                    self.worked_on.remove(&group);
                }
            }
        }
    }

    fn is_noisy(&self, group: &str, sqs: &Sqs) -> bool {
        let share = |own: u128, all: u128| own * 100 > all * u128::from(sqs.noisy_hundredths);
        let in_flight = self.in_flight.get(group).copied().unwrap_or_default();
        let worked_on = self.worked_on.get(group).copied().unwrap_or_default();
        (in_flight >= sqs.noisy_messages && share(in_flight.into(), self.all_in_flight.into()))
            || share(worked_on.as_nanos(), self.all_worked.as_nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;

    const NOW: Duration = Duration::ZERO;

    fn taken_at(backlog: &mut Backlog<u32>, now: Duration) -> Option<u32> {
        backlog.take(&Parameters::default().sqs, now).map(|(_, message)| message)
    }

    fn taken(backlog: &mut Backlog<u32>) -> Option<u32> {
        taken_at(backlog, NOW)
    }

    #[test]
    fn one_group_comes_out_in_the_order_it_came_in() {
        let mut backlog = Backlog::default();
        (0..100).for_each(|number| backlog.push("", number));
        let all: Vec<u32> = std::iter::from_fn(|| taken(&mut backlog)).collect();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_quiet_group_passes_by_one_that_has_many_messages_in_flight() {
        let mut backlog = Backlog::default();
        (0..100).for_each(|number| backlog.push("huge", number));
        backlog.push("small", 1_000);
        let first: Vec<u32> = (0..30).filter_map(|_| taken(&mut backlog)).collect();
        assert_eq!(first, (0..30).collect::<Vec<_>>(), "fewer than 30 in flight are not noisy");
        assert_eq!(taken(&mut backlog), Some(1_000));
        assert_eq!(taken(&mut backlog), Some(30), "the noisy one goes on when it is alone");
        (0..29).for_each(|_| backlog.ended("huge", Duration::ZERO, NOW));
        backlog.push("small", 1_001);
        assert_eq!(taken(&mut backlog), Some(31), "it is quiet again, and older");
    }

    #[test]
    fn a_quiet_group_passes_by_one_that_consumers_worked_on_for_long() {
        let mut backlog = Backlog::default();
        (0..9).for_each(|number| backlog.push("huge", number));
        backlog.push("small", 1_000);
        assert_eq!(taken(&mut backlog), Some(0));
        backlog.ended("huge", Duration::from_secs(3), NOW);
        assert_eq!(taken(&mut backlog), Some(1_000));
        backlog.push("small", 1_001);
        assert_eq!(taken_at(&mut backlog, Duration::from_hours(1)), Some(1), "that was long ago");
    }
}
