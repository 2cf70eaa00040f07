//! The state of everything, and what may happen next.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_executor::block_on;
use vpp_media::cmaf::Layout;
use vpp_pipeline::domain::content::Content;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::message::FragmentMessage;
use vpp_pipeline::domain::object::Location;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::state::Status;
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::ports::Catalog;
use vpp_pipeline::testing::{MemoryCatalog, MemoryEdgeCache, MemoryStore, MemoryVault};
use vpp_scale::movie::Movie;

use crate::broken::Broken;
use crate::ports::{Look, Outbox};
use crate::tape::{Entry, Fate, Tape, run_until_waiting};
use crate::work::{Again, MAX_RUN_TIME, Ports, Request, Work};
use crate::{digest, promises};

/// What may go wrong, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Functions that stop between two calls, or whose success is never acknowledged.
    pub(crate) crashes: u8,
    /// Calls that fail, or whose answer is lost, while the function goes on.
    pub(crate) failures: u8,
    /// Messages that a queue delivers once more.
    pub(crate) duplicates: u8,
    /// Failed packages that somebody retries.
    pub(crate) retries: u8,
    /// Packages that somebody deletes.
    pub(crate) deletions: u8,
    /// Packages that somebody asks for.
    pub(crate) requests: u8,
    /// Times that the source is replaced or deleted.
    pub(crate) changes: u8,
    /// Times that nothing happens for as long as functions run.
    pub(crate) pauses: u8,
}

impl Budget {
    pub(crate) const NONE: Self =
        Self { crashes: 0, failures: 0, duplicates: 0, retries: 0, deletions: 0, requests: 0, changes: 0, pauses: 0 };
}

/// What stays the same during a search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Functions that run at the same time.
    pub(crate) at_once: usize,
    /// Times a message is received before it is given up on.
    pub(crate) tries: u8,
    /// What is broken on purpose.
    pub(crate) broken: Broken,
    /// Whether promises are checked after each step.
    pub(crate) checked: bool,
    /// Which calls are looked at one by one.
    pub(crate) look: Look,
    /// Whether the upload starts a package.
    pub(crate) package_on_upload: bool,
    /// How the package that somebody asks for is laid out.
    pub(crate) layout: Layout,
    /// Bytes of the smallest part of a single file.
    pub(crate) part_bytes: u64,
}

/// A message in a queue, or a request that a caller has made.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) work: Arc<Work>,
    /// Of `work`.
    digest: u64,
    received: u8,
    /// When it may be delivered.
    due: u64,
}

/// A function at work.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    message: Message,
    entries: Vec<Entry>,
    began: u64,
    done: bool,
}

/// The state of everything.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) catalog: MemoryCatalog,
    vault: MemoryVault,
    edge_cache: MemoryEdgeCache,
    pub(crate) messages: Vec<Message>,
    pub(crate) tasks: Vec<Task>,
    now: u64,
    pub(crate) left: Budget,
    /// What was promised and not kept.
    pub(crate) broken_promise: Option<String>,
    /// Of what the ports hold.
    memory: u64,
}

/// Something that may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A message is delivered, and the function makes its first call.
    Deliver(usize),
    /// The queue has a message twice.
    Duplicate(usize),
    /// A function makes its next call.
    Call(usize, Fate),
    /// A function stops where it is; its message comes again.
    Crash(usize),
    /// A function's success is acknowledged: its message is gone.
    Acknowledge(usize),
    /// Somebody retries what failed.
    Retry,
    /// Somebody deletes the package.
    Delete,
    /// Somebody asks for the package.
    Ask,
    /// The source is replaced.
    Replace,
    /// The source is deleted.
    Remove,
    /// Time passes until the next message is due.
    Wait,
    /// Time passes.
    Pause,
}

/// Two groups of pictures, and their sound.
pub(crate) fn movie() -> &'static [u8] {
    static MOVIE: OnceLock<Vec<u8>> = OnceLock::new();
    MOVIE.get_or_init(|| {
        let movie = Movie::new(0, 4, 20);
        movie.read(0..movie.len())
    })
}

fn source() -> Location {
    Location::new("uploads", "movie.mp4")
}

impl World {
    /// A movie has just been uploaded.
    pub(crate) fn uploaded(left: Budget) -> Self {
        let store = MemoryStore::with_smallest_part(0);
        let etag = store.upload(&source(), movie());
        let upload = UploadedObject { location: source(), etag, version_id: None, bytes: movie().len() as u64 };
        let mut world = Self {
            store,
            catalog: MemoryCatalog::default(),
            vault: MemoryVault::default(),
            edge_cache: MemoryEdgeCache::default(),
            messages: Vec::new(),
            tasks: Vec::new(),
            now: 1_800_000_000_000,
            left,
            broken_promise: None,
            memory: 0,
        };
        world.send(Work::Upload(upload), 0);
        world.remember();
        world
    }

    /// The movie was uploaded a while ago, and its package is Ready.
    pub(crate) fn ready(left: Budget, rules: &Rules) -> Self {
        let mut world = Self::uploaded(Budget { pauses: 1, ..Budget::NONE });
        while let Some(event) = world.events(rules).first().copied() {
            world = world.after(event, rules);
        }
        Self { left, ..world }
    }

    /// The movie was ingested, and this package is to be made of it.
    pub(crate) fn with_package(&self, content: &Content, package: &Package, message: FragmentMessage) -> Self {
        let mut world = self.clone();
        world.own_memory();
        block_on(world.catalog.create_content(content, Some(package))).expect("memory answers");
        world.messages.clear();
        world.send(message.for_attempt(package.attempt).into(), 0);
        world.remember();
        world
    }

    /// The package, if there is one.
    pub(crate) fn package(&self) -> Option<Package> {
        self.catalog.all_packages().into_iter().next()
    }

    /// Whether nothing happens any more by itself.
    pub(crate) fn is_quiet(&self) -> bool {
        self.tasks.is_empty() && self.messages.is_empty()
    }

    /// One name for all worlds from which the same may follow.
    pub(crate) fn digest(&self) -> u64 {
        let messages = self.messages.iter().map(|own| digest::of(&(own.digest, own.received, own.due)));
        let tasks = self.tasks.iter().map(|task| {
            let Task { message, entries, began, done } = task;
            let entries: Vec<u64> = entries.iter().map(|entry| entry.digest).collect();
            digest::of(&(message.digest, message.received, entries, began, done))
        });
        let (messages, tasks) = (digest::of_all(messages), digest::of_all(tasks));
        digest::of(&(self.memory, messages, tasks, self.now, self.left))
    }

    fn remember(&mut self) {
        let buckets = ["uploads", "work", "output"].map(|bucket| self.store.bucket(bucket));
        let objects: Vec<_> = buckets.iter().flatten().map(|(key, stored)| (key, &stored.bytes)).collect();
        let memory =
            (digest::of(&objects), digest::of_debug(&self.catalog), digest::of_debug(&(&self.vault, &self.edge_cache)));
        self.memory = digest::of(&(memory, self.store.open_uploads()));
    }

    fn send(&mut self, work: Work, due: u64) {
        let digest = digest::of_debug(&work);
        self.messages.push(Message { work: Arc::new(work), digest, received: 0, due });
    }

    /// What may happen next.
    pub(crate) fn events(&self, rules: &Rules) -> Vec<Event> {
        let mut events = Vec::new();
        // To acknowledge changes nothing for anybody else: it may as well happen at once.
        if let Some(done) = self.tasks.iter().position(|task| task.done) {
            events.push(Event::Acknowledge(done));
            events.extend((self.left.crashes > 0).then_some(Event::Crash(done)));
            return events;
        }
        for task in 0..self.tasks.len() {
            events.push(Event::Call(task, Fate::Done));
            if self.left.failures > 0 {
                events.extend([Fate::Refused, Fate::AnswerLost].map(|fate| Event::Call(task, fate)));
            }
            events.extend((self.left.crashes > 0).then_some(Event::Crash(task)));
        }
        let mut seen = Vec::new();
        for (number, message) in self.messages.iter().enumerate().filter(|(_, message)| message.due <= self.now) {
            if seen.contains(&(message.digest, message.received)) {
                continue;
            }
            seen.push((message.digest, message.received));
            events.extend((self.tasks.len() < rules.at_once).then_some(Event::Deliver(number)));
            let repeats = self.left.duplicates > 0 && !matches!(*message.work, Work::Ask(_));
            events.extend(repeats.then_some(Event::Duplicate(number)));
        }
        self.people(&mut events);
        // A function that runs as long as functions may is stopped: no time passes while one is at work.
        if self.tasks.is_empty() {
            let later = !self.messages.is_empty() && self.messages.iter().all(|message| message.due > self.now);
            events.extend(later.then_some(Event::Wait));
            events.extend((self.left.pauses > 0).then_some(Event::Pause));
        }
        events
    }

    /// What people may do next.
    fn people(&self, events: &mut Vec<Event>) {
        let Budget { retries, deletions, requests, changes, .. } = self.left;
        if retries + deletions + requests + changes == 0 {
            return;
        }
        let status = self.package().map(|package| package.status());
        events.extend((self.left.retries > 0 && status == Some(Status::Failed)).then_some(Event::Retry));
        let there = status.is_some_and(|status| status != Status::Deleting);
        events.extend((self.left.deletions > 0 && there).then_some(Event::Delete));
        let known = self.catalog.all_contents().iter().any(|content| content.media_info().is_some());
        events.extend((self.left.requests > 0 && status.is_none() && known).then_some(Event::Ask));
        if self.left.changes > 0 && status != Some(Status::Ready) {
            events.extend([Event::Replace, Event::Remove]);
        }
    }

    /// The world after `event`; and what happened, in words.
    pub(crate) fn after(&self, event: Event, rules: &Rules) -> Self {
        let mut next = self.clone();
        match event {
            Event::Deliver(number) => next.deliver(number, rules),
            Event::Duplicate(number) => {
                next.left.duplicates -= 1;
                let copy = next.messages[number].clone();
                next.messages.push(copy);
            }
            Event::Call(task, fate) => {
                if fate != Fate::Done {
                    next.left.failures -= 1;
                }
                next.call(task, fate, rules);
            }
            Event::Crash(task) => {
                next.left.crashes -= 1;
                let task = next.tasks.remove(task);
                next.comes_again(task.message, rules);
            }
            Event::Acknowledge(task) => drop(next.tasks.remove(task)),
            Event::Retry => {
                next.left.retries -= 1;
                next.ask(Request::Retry);
            }
            Event::Delete => {
                next.left.deletions -= 1;
                next.ask(Request::Deletion);
            }
            Event::Ask => {
                next.left.requests -= 1;
                let content = next.catalog.all_contents().remove(0).id;
                next.send(Work::Ask(Request::Package(content)), 0);
            }
            Event::Replace => {
                next.left.changes -= 1;
                let mut other = movie().to_vec();
                other[movie().len() - 2_000..].fill(0x42);
                next.own_memory();
                let _ = next.store.upload(&source(), &other);
                next.remember();
            }
            Event::Remove => {
                next.left.changes -= 1;
                next.own_memory();
                next.store.delete(&source());
                next.remember();
            }
            Event::Wait => next.now = next.messages.iter().map(|message| message.due).min().unwrap_or(next.now),
            Event::Pause => {
                next.left.pauses -= 1;
                next.now += millis(MAX_RUN_TIME);
            }
        }
        next
    }

    fn ask(&mut self, request: fn(PackageId) -> Request) {
        let package = self.package().expect("there is one");
        self.send(Work::Ask(request(package.id)), 0);
    }

    fn own_memory(&mut self) {
        (self.store, self.catalog, self.vault) = (self.store.fork(), self.catalog.fork(), self.vault.fork());
        self.edge_cache = self.edge_cache.fork();
    }

    fn deliver(&mut self, number: usize, rules: &Rules) {
        let mut message = self.messages.remove(number);
        message.received = message.received.saturating_add(1);
        if matches!(*message.work, Work::Ask(_)) {
            // What people do, they do at moments of their own; runs are told apart by them.
            self.now += 1;
        }
        self.tasks.push(Task { message, entries: Vec::new(), began: self.now, done: false });
        self.call(self.tasks.len() - 1, Fate::Done, rules);
    }

    /// Lets a function make its next call; and be over, if that was its last.
    fn call(&mut self, number: usize, fate: Fate, rules: &Rules) {
        self.own_memory();
        let before = self.package();
        let Task { message, entries, began, .. } = self.tasks[number].clone();
        let tape = Tape::new(entries, fate);
        let ports = Ports {
            store: self.store.clone(),
            catalog: self.catalog.clone(),
            vault: self.vault.clone(),
            edge_cache: self.edge_cache.clone(),
            outbox: Outbox::default(),
            tape: tape.clone(),
            began,
            broken: rules.broken,
            layout: rules.layout,
            part_bytes: rules.part_bytes,
            look: rules.look,
            package_on_upload: rules.package_on_upload,
        };
        let end = run_until_waiting(ports.handle(&message.work));
        let (entries, wrote) = tape.into_entries();
        for (work, wait) in ports.outbox.take() {
            self.send(work, if wait.is_zero() { 0 } else { began + millis(wait) });
        }
        match end {
            None => self.tasks[number].entries = entries,
            // A success is the acknowledgement's to end; what happened before it is not needed any more.
            Some(Ok(())) => {
                let task = &mut self.tasks[number];
                (task.entries, task.done) = (Vec::new(), true);
            }
            Some(Err(Again)) => {
                self.tasks.remove(number);
                self.comes_again(message.clone(), rules);
            }
        }
        if wrote {
            self.remember();
        }
        if wrote && rules.checked {
            let kept = promises::of_a_step(before.as_ref(), self, &message.work);
            self.broken_promise = self.broken_promise.take().or(kept.err());
        }
    }

    /// A message that was not acknowledged.
    fn comes_again(&mut self, message: Message, rules: &Rules) {
        let letter = message.work.given_up().filter(|_| message.received >= rules.tries);
        match (letter, rules.broken) {
            (None, Broken::AcknowledgedFirst) if message.work.given_up().is_some() => {}
            (None, _) => self.messages.push(message),
            (Some(_), Broken::DeadLettersDropped) => {}
            (Some(letter), _) => self.send(letter, 0),
        }
    }
}

impl Message {
    /// What it asks for.
    pub(crate) fn work(&self) -> &Work {
        &self.work
    }
}

impl Task {
    /// What it works on.
    pub(crate) fn work(&self) -> &Work {
        self.message.work()
    }

    /// How many calls it has made.
    pub(crate) fn calls(&self) -> usize {
        self.entries.len()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
