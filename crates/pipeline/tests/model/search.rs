//! Going through the worlds: all of them, or some at random.

use std::collections::HashSet;

use crate::promises;
use crate::world::{Event, Rules, World};

/// What a search has seen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Worlds, each once.
    pub(crate) worlds: usize,
    /// Worlds in which nothing happens any more by itself.
    pub(crate) ends: usize,
    /// Ends with a package that is Ready.
    pub(crate) ready: usize,
    /// Ends with a package that has failed.
    pub(crate) failed: usize,
    /// Ends without a package.
    pub(crate) gone: usize,
}

/// A promise that was not kept, and how it came to that.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) promise: String,
    pub(crate) story: Vec<String>,
}

impl Seen {
    /// What both have seen.
    pub(crate) fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.ends += other.ends;
        self.ready += other.ready;
        self.failed += other.failed;
        self.gone += other.gone;
    }

    fn count(&mut self, world: &World) -> Result<(), String> {
        self.worlds += 1;
        if let Some(promise) = &world.broken_promise {
            return Err(promise.clone());
        }
        if world.is_quiet() {
            promises::of_rest(world)?;
            self.ends += 1;
            match world.package().map(|package| package.status().as_str()) {
                Some("Ready") => self.ready += 1,
                Some(_) => self.failed += 1,
                None => self.gone += 1,
            }
        }
        Ok(())
    }
}

/// Goes through every world that can come of `start`, depth first: what came of a world does not depend on how it came about,
/// so each is looked at once. Every event uses something up, so there is an end.
pub(crate) fn all(start: &World, rules: &Rules) -> Result<Seen, Found> {
    let mut seen = Seen::default();
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
        let kept = seen.count(&next);
        let to_come = next.events(rules);
        path.push((next, to_come));
        kept.map_err(|promise| Found { promise, story: story(&path) })?;
    }
    Ok(seen)
}

/// Takes one way through the worlds, by the dice of `seed`.
pub(crate) fn one(start: &World, rules: &Rules, seed: u64) -> Result<Seen, Found> {
    let mut dice = Dice(seed);
    let mut seen = Seen::default();
    let mut path: Vec<(World, Vec<Event>)> = vec![(start.clone(), start.events(rules))];
    while let Some((world, events)) = path.last().filter(|(_, events)| !events.is_empty()) {
        let event = events[dice.below(events.len())];
        let next = world.after(event, rules);
        let kept = seen.count(&next);
        path.last_mut().expect("it is not empty").1 = vec![event];
        let to_come = next.events(rules);
        path.push((next, to_come));
        kept.map_err(|promise| Found { promise, story: story(&path) })?;
    }
    Ok(seen)
}

/// The events that led to the last world of a path.
fn story(path: &[(World, Vec<Event>)]) -> Vec<String> {
    path.windows(2).map(|pair| tell(&pair[0].0, &pair[1].0)).collect()
}

/// What happened between two worlds, as far as it shows.
fn tell(before: &World, after: &World) -> String {
    let list = |world: &World| {
        let tasks = world.tasks.iter().map(|task| format!("{}@{}", name(task.work()), task.calls()));
        let messages = world.messages.iter().map(|message| name(message.work()));
        let status = world.package().map_or("none".to_owned(), |package| package.status().to_string());
        let (tasks, messages): (Vec<_>, Vec<_>) = (tasks.collect(), messages.collect());
        format!("{status:<10} at work: {:<28} waiting: {}", tasks.join(" "), messages.join(" "))
    };
    let (before, after) = (list(before), list(after));
    if before == after { "something outside changed".to_owned() } else { after }
}

fn name(work: &crate::work::Work) -> String {
    let text = format!("{work:?}");
    let short: String = text.chars().take_while(|own| own.is_alphanumeric()).collect();
    match work {
        crate::work::Work::Encrypt(work_unit) => format!("{short}{}", work_unit.work_unit),
        _ => short,
    }
}

/// `SplitMix64`: the same throws for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).expect("a position")
    }
}
