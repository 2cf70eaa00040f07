//! The backlog of an SQS queue, and the order in which its messages are delivered.
//!
//! A standard queue delivers the oldest message. A fair queue, whose messages carry a message group ID, delivers the oldest message
//! of a group that is not a noisy neighbour, and a message of a noisy neighbour only if there is no other.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use crate::parameters::Sqs;

/// The visible messages of a queue, and the number of each group that is in flight.
#[derive(Debug)]
pub struct Backlog<M> {
    /// Visible messages by group, oldest first, each with its sequence number.
    groups: HashMap<String, VecDeque<(u64, M)>>,
    /// The oldest visible message of every group that has one.
    oldest: BTreeSet<(u64, String)>,
    in_flight: HashMap<String, u64>,
    total_in_flight: u64,
    /// The recent processing of messages: its end, its group and its duration.
    processed: VecDeque<(Duration, String, Duration)>,
    processing_time: HashMap<String, Duration>,
    total_processing_time: Duration,
    len: u64,
    last_sequence_number: u64,
}

impl<M> Default for Backlog<M> {
    fn default() -> Self {
        Self {
            groups: HashMap::new(),
            oldest: BTreeSet::new(),
            in_flight: HashMap::new(),
            total_in_flight: 0,
            processed: VecDeque::new(),
            processing_time: HashMap::new(),
            total_processing_time: Duration::ZERO,
            len: 0,
            last_sequence_number: 0,
        }
    }
}

impl<M> Backlog<M> {
    /// Returns the number of visible messages.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether no message is visible.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the number of messages in flight.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.total_in_flight
    }

    /// Adds a message. All messages of a queue that is not fair have the same group.
    pub fn push(&mut self, group: &str, message: M) {
        self.last_sequence_number += 1;
        self.len += 1;
        let visible = self.groups.entry(group.to_owned()).or_default();
        if visible.is_empty() {
            self.oldest.insert((self.last_sequence_number, group.to_owned()));
        }
        visible.push_back((self.last_sequence_number, message));
    }

    /// Takes the next message and its group.
    pub fn take(&mut self, sqs: &Sqs, now: Duration) -> Option<(String, M)> {
        // The window of the first minute starts with the simulation.
        self.expire_processing(now.saturating_sub(sqs.noisy_window));
        let quiet = self.oldest.iter().find(|(_, group)| !self.is_noisy(group, sqs));
        let (number, group) = quiet.or(self.oldest.first())?.clone();
        self.oldest.remove(&(number, group.clone()));
        let visible = self.groups.get_mut(&group)?;
        let (_, message) = visible.pop_front()?;
        match visible.front() {
            Some((next, _)) => _ = self.oldest.insert((*next, group.clone())),
            None => _ = self.groups.remove(&group),
        }
        self.len -= 1;
        self.total_in_flight += 1;
        *self.in_flight.entry(group.clone()).or_default() += 1;
        Some((group, message))
    }

    /// Ends the processing of a message in flight, which took `duration`.
    pub fn end(&mut self, group: &str, duration: Duration, now: Duration) {
        self.processed.push_back((now, group.to_owned(), duration));
        *self.processing_time.entry(group.to_owned()).or_default() += duration;
        self.total_processing_time += duration;
        self.total_in_flight -= 1;
        if let Some(in_flight) = self.in_flight.get_mut(group) {
            *in_flight -= 1;
            if *in_flight == 0 {
                self.in_flight.remove(group);
            }
        }
    }

    /// Subtracts the processing that ended before `since`.
    fn expire_processing(&mut self, since: Duration) {
        while let Some((_, group, duration)) = self.processed.pop_front_if(|(ended_at, ..)| *ended_at < since) {
            self.total_processing_time -= duration;
            if let Some(processing_time) = self.processing_time.get_mut(&group) {
                *processing_time -= duration;
                if processing_time.is_zero() {
                    self.processing_time.remove(&group);
                }
            }
        }
    }

    fn is_noisy(&self, group: &str, sqs: &Sqs) -> bool {
        let exceeds_share = |part: u128, total: u128| part * 100 > total * u128::from(sqs.noisy_percent);
        let in_flight = self.in_flight.get(group).copied().unwrap_or_default();
        let processing_time = self.processing_time.get(group).copied().unwrap_or_default();
        (in_flight >= sqs.noisy_min_messages && exceeds_share(in_flight.into(), self.total_in_flight.into()))
            || exceeds_share(processing_time.as_nanos(), self.total_processing_time.as_nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;

    const NOW: Duration = Duration::ZERO;

    fn take_at(backlog: &mut Backlog<u32>, now: Duration) -> Option<u32> {
        backlog.take(&Parameters::default().sqs, now).map(|(_, message)| message)
    }

    fn take(backlog: &mut Backlog<u32>) -> Option<u32> {
        take_at(backlog, NOW)
    }

    #[test]
    fn a_group_is_delivered_in_order() {
        let mut backlog = Backlog::default();
        (0..100).for_each(|number| backlog.push("", number));
        let all: Vec<u32> = std::iter::from_fn(|| take(&mut backlog)).collect();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_quiet_group_is_delivered_before_one_with_many_messages_in_flight() {
        let mut backlog = Backlog::default();
        (0..100).for_each(|number| backlog.push("huge", number));
        backlog.push("small", 1_000);
        let first: Vec<u32> = (0..30).filter_map(|_| take(&mut backlog)).collect();
        assert_eq!(first, (0..30).collect::<Vec<_>>(), "fewer than 30 in flight are not noisy");
        assert_eq!(take(&mut backlog), Some(1_000));
        assert_eq!(take(&mut backlog), Some(30), "a noisy group is delivered if it is the only one");
        (0..29).for_each(|_| backlog.end("huge", Duration::ZERO, NOW));
        backlog.push("small", 1_001);
        assert_eq!(take(&mut backlog), Some(31), "the group is quiet again and its message is older");
    }

    #[test]
    fn a_quiet_group_is_delivered_before_one_with_long_processing_times() {
        let mut backlog = Backlog::default();
        (0..9).for_each(|number| backlog.push("huge", number));
        backlog.push("small", 1_000);
        assert_eq!(take(&mut backlog), Some(0));
        backlog.end("huge", Duration::from_secs(3), NOW);
        assert_eq!(take(&mut backlog), Some(1_000));
        backlog.push("small", 1_001);
        assert_eq!(take_at(&mut backlog, Duration::from_hours(1)), Some(1), "the processing is outside the window");
    }
}
