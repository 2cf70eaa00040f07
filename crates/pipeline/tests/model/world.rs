//! The state of the whole platform, and the events that may follow.

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
use vpp_pipeline::domain::when::When;
use vpp_pipeline::ports::Catalog;
use vpp_pipeline::testing::{MemoryCatalog, MemoryEdgeCache, MemoryStore, MemoryVault};
use vpp_scale::movie::Movie;

use crate::broken_rules::BrokenRule;
use crate::ports::{ObservedCalls, Outbox};
use crate::replay::{CallOutcome, RecordedAnswer, Replay, run_until_waiting};
use crate::work::{MAX_RUN_TIME, Ports, Redeliver, Request, Work};
use crate::{digest, invariants};

/// How often each kind of fault and user action may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Functions that stop between two calls, or before their message is acknowledged.
    pub(crate) crashes: u8,
    /// Calls that fail, or whose answer is lost, while the function continues.
    pub(crate) failures: u8,
    /// Messages that a queue delivers twice.
    pub(crate) duplicates: u8,
    /// Retries of a failed package.
    pub(crate) retries: u8,
    /// Deletions of a package.
    pub(crate) deletions: u8,
    /// Requests for a package.
    pub(crate) requests: u8,
    /// Times that the source is replaced or deleted.
    pub(crate) changes: u8,
    /// Pauses as long as the longest run time of a function.
    pub(crate) pauses: u8,
    /// Requests of viewers for a segment.
    pub(crate) views: u8,
    /// Requests to make the segments of a package ahead.
    pub(crate) aheads: u8,
    /// Edits of a playable package.
    pub(crate) edits: u8,
}

impl Budget {
    pub(crate) const NONE: Self = Self {
        crashes: 0,
        failures: 0,
        duplicates: 0,
        retries: 0,
        deletions: 0,
        requests: 0,
        changes: 0,
        pauses: 0,
        views: 0,
        aheads: 0,
        edits: 0,
    };
}

/// The settings of a search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Functions that run concurrently.
    pub(crate) concurrency: usize,
    /// Deliveries of a message before it is dead-lettered.
    pub(crate) max_receives: u8,
    /// The rule that is broken on purpose.
    pub(crate) broken: BrokenRule,
    /// Whether the invariants are checked after each step.
    pub(crate) checked: bool,
    /// The calls that are events of their own.
    pub(crate) observed: ObservedCalls,
    /// Whether the upload starts a package.
    pub(crate) package_on_upload: bool,
    /// The layout of a requested package.
    pub(crate) layout: Layout,
    /// Bytes of the smallest part of a single file.
    pub(crate) part_bytes: u64,
    /// When the segments of packages are made.
    pub(crate) when: When,
}

/// A message in a queue, or a user's request.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) work: Arc<Work>,
    /// The digest of `work`.
    digest: u64,
    received: u8,
    /// When it may be delivered.
    due: u64,
}

/// A function at work.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    message: Message,
    entries: Vec<RecordedAnswer>,
    started: u64,
    /// The attempt of the package when a viewer's request arrived, if the package was playable.
    playable: Option<u64>,
    done: bool,
}

/// The state of the whole platform.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) catalog: MemoryCatalog,
    vault: MemoryVault,
    edge_cache: MemoryEdgeCache,
    pub(crate) messages: Vec<Message>,
    pub(crate) tasks: Vec<Task>,
    now: u64,
    pub(crate) budget: Budget,
    /// A violated invariant.
    pub(crate) violation: Option<String>,
    /// The digest of the ports' content.
    port_digest: u64,
}

/// An event that may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A message is delivered, and the function makes its first call.
    Deliver(usize),
    /// The queue delivers a message twice.
    Duplicate(usize),
    /// A function makes its next call.
    Call(usize, CallOutcome),
    /// A function stops; its message is delivered again.
    Crash(usize),
    /// A function's success is acknowledged: its message is deleted.
    Acknowledge(usize),
    /// A user retries the failed package.
    Retry,
    /// A user deletes the package.
    Delete,
    /// A user requests the package.
    Request,
    /// A viewer requests a segment.
    View,
    /// A user requests that the segments of the package are made ahead.
    Ahead,
    /// A user edits the package.
    Edit,
    /// The source is replaced.
    Replace,
    /// The source is deleted.
    Remove,
    /// Time passes until the next message is due.
    Wait,
    /// Time passes.
    Pause,
}

/// The segment that viewers request: the last one of video, which the encrypt stage makes last.
pub(crate) const VIEWED: &str = "v1/2.m4s";

/// Returns a movie of two groups of pictures, with audio.
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
    /// Returns the world just after the upload of the movie.
    pub(crate) fn uploaded(budget: Budget) -> Self {
        let store = MemoryStore::with_min_part_bytes(0);
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
            budget,
            violation: None,
            port_digest: 0,
        };
        world.send(Work::Upload(upload), 0);
        world.update_port_digest();
        world
    }

    /// Returns the world some time after the upload: the package is Ready, or is made on demand and planned.
    pub(crate) fn at_rest(budget: Budget, rules: &Rules) -> Self {
        let mut world = Self::uploaded(Budget { pauses: 1, ..Budget::NONE });
        while let Some(event) = world.events(rules).first().copied() {
            world = world.after(event, rules);
        }
        Self { budget, ..world }
    }

    /// Returns the world after ingest, with this package queued.
    pub(crate) fn with_package(&self, content: &Content, package: &Package, message: FragmentMessage) -> Self {
        let mut world = self.clone();
        world.fork_ports();
        block_on(world.catalog.create_content(content, Some(package))).expect("the memory catalog is available");
        world.messages.clear();
        world.send(message.for_attempt(package.attempt).into(), 0);
        world.update_port_digest();
        world
    }

    /// Returns the package, if there is one.
    pub(crate) fn package(&self) -> Option<Package> {
        self.catalog.all_packages().into_iter().next()
    }

    /// Returns whether no function runs and no message is left.
    pub(crate) fn is_quiescent(&self) -> bool {
        self.tasks.is_empty() && self.messages.is_empty()
    }

    /// Returns the digest of everything that determines which worlds may follow.
    pub(crate) fn digest(&self) -> u64 {
        let messages = self.messages.iter().map(|message| digest::of(&(message.digest, message.received, message.due)));
        let tasks = self.tasks.iter().map(|task| {
            let Task { message, entries, started, playable, done } = task;
            let entries: Vec<u64> = entries.iter().map(|entry| entry.digest).collect();
            digest::of(&(message.digest, message.received, entries, started, playable, done))
        });
        let (messages, tasks) = (digest::of_all(messages), digest::of_all(tasks));
        digest::of(&(self.port_digest, messages, tasks, self.now, self.budget))
    }

    fn update_port_digest(&mut self) {
        let buckets = ["uploads", "work", "output"].map(|bucket| self.store.bucket(bucket));
        let objects: Vec<_> = buckets.iter().flatten().map(|(key, stored)| (key, &stored.bytes)).collect();
        let memory =
            (digest::of(&objects), digest::of_debug(&self.catalog), digest::of_debug(&(&self.vault, &self.edge_cache)));
        self.port_digest = digest::of(&(memory, self.store.open_uploads()));
    }

    fn send(&mut self, work: Work, due: u64) {
        let digest = digest::of_debug(&work);
        self.messages.push(Message { work: Arc::new(work), digest, received: 0, due });
    }

    /// Returns the events that may happen next.
    pub(crate) fn events(&self, rules: &Rules) -> Vec<Event> {
        let mut events = Vec::new();
        // No function can observe an acknowledgement, so it happens immediately.
        if let Some(done) = self.tasks.iter().position(|task| task.done) {
            events.push(Event::Acknowledge(done));
            events.extend((self.budget.crashes > 0).then_some(Event::Crash(done)));
            return events;
        }
        for task in 0..self.tasks.len() {
            events.push(Event::Call(task, CallOutcome::Done));
            if self.budget.failures > 0 {
                events.extend([CallOutcome::Failed, CallOutcome::AnswerLost].map(|outcome| Event::Call(task, outcome)));
            }
            events.extend((self.budget.crashes > 0).then_some(Event::Crash(task)));
        }
        let mut seen = Vec::new();
        for (number, message) in self.messages.iter().enumerate().filter(|(_, message)| message.due <= self.now) {
            if seen.contains(&(message.digest, message.received)) {
                continue;
            }
            seen.push((message.digest, message.received));
            events.extend((self.tasks.len() < rules.concurrency).then_some(Event::Deliver(number)));
            let is_queued = !matches!(*message.work, Work::Request(_) | Work::View(_));
            let repeats = self.budget.duplicates > 0 && is_queued;
            events.extend(repeats.then_some(Event::Duplicate(number)));
        }
        self.user_events(&mut events);
        // A function that exceeds its run time is stopped: no time passes while one is at work.
        if self.tasks.is_empty() {
            let later = !self.messages.is_empty() && self.messages.iter().all(|message| message.due > self.now);
            events.extend(later.then_some(Event::Wait));
            events.extend((self.budget.pauses > 0).then_some(Event::Pause));
        }
        events
    }

    /// Returns the user actions that may happen next.
    fn user_events(&self, events: &mut Vec<Event>) {
        let Budget { retries, deletions, requests, changes, views, aheads, edits, .. } = self.budget;
        if retries + deletions + requests + changes + views + aheads + edits == 0 {
            return;
        }
        let status = self.package().map(|package| package.status());
        events.extend((self.budget.retries > 0 && status == Some(Status::Failed)).then_some(Event::Retry));
        let there = status.is_some_and(|status| status != Status::Deleting);
        events.extend((self.budget.deletions > 0 && there).then_some(Event::Delete));
        events.extend((views > 0 && status.is_some()).then_some(Event::View));
        let on_demand = self.package().is_some_and(|package| package.when == When::OnDemand);
        events.extend((aheads > 0 && there && on_demand).then_some(Event::Ahead));
        let is_playable = self.package().is_some_and(|package| package.playable_at().is_some());
        events.extend((edits > 0 && is_playable).then_some(Event::Edit));
        let known = self.catalog.all_contents().iter().any(|content| content.media_info().is_some());
        events.extend((self.budget.requests > 0 && status.is_none() && known).then_some(Event::Request));
        if self.budget.changes > 0 && status != Some(Status::Ready) {
            events.extend([Event::Replace, Event::Remove]);
        }
    }

    /// Returns the world after `event`.
    pub(crate) fn after(&self, event: Event, rules: &Rules) -> Self {
        let mut next = self.clone();
        match event {
            Event::Deliver(number) => next.deliver(number, rules),
            Event::Duplicate(number) => {
                next.budget.duplicates -= 1;
                let copy = next.messages[number].clone();
                next.messages.push(copy);
            }
            Event::Call(task, outcome) => {
                if outcome != CallOutcome::Done {
                    next.budget.failures -= 1;
                }
                next.call(task, outcome, rules);
            }
            Event::Crash(task) => {
                next.budget.crashes -= 1;
                let task = next.tasks.remove(task);
                next.redeliver(task.message, rules);
            }
            Event::Acknowledge(task) => drop(next.tasks.remove(task)),
            Event::Retry => {
                next.budget.retries -= 1;
                next.ask(Request::Retry);
            }
            Event::Delete => {
                next.budget.deletions -= 1;
                next.ask(Request::Deletion);
            }
            Event::Request => {
                next.budget.requests -= 1;
                let content = next.catalog.all_contents().remove(0).id;
                next.send(Work::Request(Request::Package(content)), 0);
            }
            Event::View => {
                next.budget.views -= 1;
                let package = next.package().expect("there is one").id;
                next.send(Work::View(format!("{package}/{VIEWED}")), 0);
            }
            Event::Ahead => {
                next.budget.aheads -= 1;
                next.ask(Request::Ahead);
            }
            Event::Edit => {
                next.budget.edits -= 1;
                let (package, label) =
                    (next.package().expect("there is one").id, format!("Edit {}", next.budget.edits));
                next.send(Work::Request(Request::Edit(package, label)), 0);
            }
            Event::Replace => {
                next.budget.changes -= 1;
                let mut other = movie().to_vec();
                other[movie().len() - 2_000..].fill(0x42);
                next.fork_ports();
                let _ = next.store.upload(&source(), &other);
                next.update_port_digest();
            }
            Event::Remove => {
                next.budget.changes -= 1;
                next.fork_ports();
                next.store.delete(&source());
                next.update_port_digest();
            }
            Event::Wait => next.now = next.messages.iter().map(|message| message.due).min().unwrap_or(next.now),
            Event::Pause => {
                next.budget.pauses -= 1;
                next.now += millis(MAX_RUN_TIME);
            }
        }
        next
    }

    fn ask(&mut self, request: fn(PackageId) -> Request) {
        let package = self.package().expect("there is one");
        self.send(Work::Request(request(package.id)), 0);
    }

    fn fork_ports(&mut self) {
        (self.store, self.catalog, self.vault) = (self.store.fork(), self.catalog.fork(), self.vault.fork());
        self.edge_cache = self.edge_cache.fork();
    }

    fn deliver(&mut self, number: usize, rules: &Rules) {
        let mut message = self.messages.remove(number);
        message.received = message.received.saturating_add(1);
        if matches!(*message.work, Work::Request(_)) {
            // User requests have distinct times, because attempts are identified by them.
            self.now += 1;
        }
        let viewed = Some(self.package()).filter(|_| matches!(*message.work, Work::View(_)));
        let playable = viewed.flatten().as_ref().and_then(playable_attempt);
        self.tasks.push(Task { message, entries: Vec::new(), started: self.now, playable, done: false });
        self.call(self.tasks.len() - 1, CallOutcome::Done, rules);
    }

    /// Lets a function make its next call, and ends the function if that was its last call.
    fn call(&mut self, number: usize, outcome: CallOutcome, rules: &Rules) {
        self.fork_ports();
        let before = self.package();
        let Task { message, entries, started, playable, .. } = self.tasks[number].clone();
        let replay = Replay::new(entries, outcome);
        let ports = Ports {
            store: self.store.clone(),
            catalog: self.catalog.clone(),
            vault: self.vault.clone(),
            edge_cache: self.edge_cache.clone(),
            outbox: Outbox::default(),
            replay: replay.clone(),
            started,
            playable,
            broken: rules.broken,
            layout: rules.layout,
            part_bytes: rules.part_bytes,
            observed: rules.observed,
            package_on_upload: rules.package_on_upload,
            when: rules.when,
        };
        let end = run_until_waiting(ports.handle(&message.work));
        let (entries, wrote) = replay.into_entries();
        for (work, wait) in ports.outbox.take() {
            self.send(work, if wait.is_zero() { 0 } else { started + millis(wait) });
        }
        match end {
            None => self.tasks[number].entries = entries,
            // The acknowledgement ends it; the recorded answers are not needed any more.
            Some(Ok(())) => {
                let task = &mut self.tasks[number];
                (task.entries, task.done) = (Vec::new(), true);
            }
            Some(Err(Redeliver)) => {
                self.tasks.remove(number);
                self.redeliver(message.clone(), rules);
            }
        }
        if wrote {
            self.update_port_digest();
        }
        if wrote && rules.checked {
            let checked = invariants::after_step(before.as_ref(), self, &message.work);
            self.violation = self.violation.take().or(checked.err());
        }
    }

    /// Delivers an unacknowledged message again, or dead-letters it.
    fn redeliver(&mut self, message: Message, rules: &Rules) {
        let letter = message.work.dead_letter().filter(|_| message.received >= rules.max_receives);
        match (letter, rules.broken) {
            (None, BrokenRule::AcknowledgedFirst) if message.work.dead_letter().is_some() => {}
            (None, _) => self.messages.push(message),
            (Some(_), BrokenRule::DeadLettersDropped) => {}
            (Some(letter), _) => self.send(letter, 0),
        }
    }
}

impl Message {
    /// Returns the work.
    pub(crate) fn work(&self) -> &Work {
        &self.work
    }
}

impl Task {
    /// Returns the work.
    pub(crate) fn work(&self) -> &Work {
        self.message.work()
    }

    /// Returns the number of calls so far.
    pub(crate) fn calls(&self) -> usize {
        self.entries.len()
    }
}

/// Returns the attempt of a playable package.
pub(crate) fn playable_attempt(package: &Package) -> Option<u64> {
    package.playable_at().map(|_| package.attempt)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
