//! The search: all worlds, or random paths.

use std::collections::HashSet;

use crate::invariants;
use crate::world::{Event, Rules, World};

/// The statistics of a search.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SearchStats {
    /// Number of distinct worlds.
    pub(crate) worlds: usize,
    /// Final worlds: no function runs and no message is left.
    pub(crate) ends: usize,
    /// Final worlds with a package that is Ready.
    pub(crate) ready: usize,
    /// Final worlds with a package whose segments are made on demand.
    pub(crate) on_demand: usize,
    /// Final worlds with a package that has failed.
    pub(crate) failed: usize,
    /// Final worlds without a package.
    pub(crate) deleted: usize,
}

/// A violated invariant, and the events that led to it.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) invariant: String,
    pub(crate) trace: Vec<String>,
}

impl SearchStats {
    /// Adds the statistics of another search.
    pub(crate) fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.ends += other.ends;
        self.ready += other.ready;
        self.on_demand += other.on_demand;
        self.failed += other.failed;
        self.deleted += other.deleted;
    }

    fn count(&mut self, world: &World) -> Result<(), String> {
        self.worlds += 1;
        if let Some(invariant) = &world.violation {
            return Err(invariant.clone());
        }
        if world.is_quiescent() {
            invariants::at_rest(world)?;
            self.ends += 1;
            match world.package().map(|package| package.status().as_str()) {
                Some("Ready") => self.ready += 1,
                Some("Fragmented") => self.on_demand += 1,
                Some(_) => self.failed += 1,
                None => self.deleted += 1,
            }
        }
        Ok(())
    }
}

/// Explores every world that can follow `start`, depth first. The worlds that follow a world do not depend on its history, so
/// each is explored once. Every event consumes something, so the search terminates.
pub(crate) fn all(start: &World, rules: &Rules) -> Result<SearchStats, Violation> {
    let mut stats = SearchStats::default();
    let mut known = HashSet::from([start.digest()]);
    let mut path: Vec<(World, Vec<Event>)> = vec![(start.clone(), start.events(rules))];
    while let Some((world, events)) = path.last_mut() {
        let Some(event) = events.pop() else {
            path.pop();
            continue;
        };
        let next = world.after(event, rules);
        if !known.insert(next.digest()) {
            continue;
        }
        let checked = stats.count(&next);
        let to_come = next.events(rules);
        path.push((next, to_come));
        checked.map_err(|invariant| Violation { invariant, trace: trace(&path) })?;
    }
    Ok(stats)
}

/// Follows one random path, with the random numbers of `seed`.
pub(crate) fn one(start: &World, rules: &Rules, seed: u64) -> Result<SearchStats, Violation> {
    let mut rng = Rng(seed);
    let mut stats = SearchStats::default();
    let mut path: Vec<(World, Vec<Event>)> = vec![(start.clone(), start.events(rules))];
    while let Some((world, events)) = path.last().filter(|(_, events)| !events.is_empty()) {
        let event = events[rng.below(events.len())];
        let next = world.after(event, rules);
        let checked = stats.count(&next);
        path.last_mut().expect("it is not empty").1 = vec![event];
        let to_come = next.events(rules);
        path.push((next, to_come));
        checked.map_err(|invariant| Violation { invariant, trace: trace(&path) })?;
    }
    Ok(stats)
}

/// Returns the events that led to the last world of a path.
fn trace(path: &[(World, Vec<Event>)]) -> Vec<String> {
    path.windows(2).map(|pair| describe(&pair[0].0, &pair[1].0)).collect()
}

/// Describes the difference between two worlds.
fn describe(before: &World, after: &World) -> String {
    let list = |world: &World| {
        let tasks = world.tasks.iter().map(|task| format!("{}@{}", name(task.work()), task.calls()));
        let messages = world.messages.iter().map(|message| name(message.work()));
        let status = world.package().map_or("none".to_owned(), |package| package.status().to_string());
        let (tasks, messages): (Vec<_>, Vec<_>) = (tasks.collect(), messages.collect());
        format!("{status:<10} at work: {:<28} waiting: {}", tasks.join(" "), messages.join(" "))
    };
    let (before, after) = (list(before), list(after));
    if before == after { "the source or the time changed".to_owned() } else { after }
}

fn name(work: &crate::work::Work) -> String {
    let text = format!("{work:?}");
    let short: String = text.chars().take_while(|character| character.is_alphanumeric()).collect();
    match work {
        crate::work::Work::Encrypt(work_unit) => format!("{short}{}", work_unit.work_unit),
        _ => short,
    }
}

/// `SplitMix64`: the same numbers for the same seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).expect("a position")
    }
}
