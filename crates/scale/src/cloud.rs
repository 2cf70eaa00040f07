//! The account: buckets, table, queues and functions, and the dispatch of one to the other.
//!
//! A message waits in its queue's backlog until the queue's consumer may have another batch in flight (its ramp), and Lambda
//! another execution (the account's concurrency, the function's scaling). Then an invocation runs the real handler of the
//! function, over the ports of [`crate::ports`], until it ends or the function's timeout cuts it off.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, select};
use vpp_pipeline::domain::message::{DashMessage, FragmentMessage, WorkUnitMessage};
use vpp_pipeline::domain::object::{Digest, Location};
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::testing::{MemoryCatalog, MemoryVault};

use crate::backlog::Backlog;
use crate::fleet::{Fleet, Function, Start};
use crate::handlers::handle;
use crate::ledger::Ledger;
use crate::limits::{Dice, Ramp, Rate};
use crate::movie::Movie;
use crate::parameters::Parameters;
use crate::ports::Host;
use crate::timeline::{Timeline, lock};

/// How often a consumer that may not take more looks again: once for every batch that its ramp adds.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What a function is invoked with.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    Upload(UploadedObject),
    Fragment(FragmentMessage),
    Encrypt(WorkUnitMessage),
    Dash(DashMessage),
}

impl Work {
    fn function(&self) -> Function {
        match self {
            Self::Upload(_) => Function::Ingest,
            Self::Fragment(_) => Function::Fragment,
            Self::Encrypt(_) => Function::Encrypt,
            Self::Dash(_) => Function::Dash,
        }
    }

    /// `MessageGroupId`; events of uploads have none.
    fn group(&self) -> &str {
        match self {
            Self::Upload(_) => "",
            Self::Fragment(message) => message.package().as_str(),
            Self::Encrypt(message) => message.package().as_str(),
            Self::Dash(message) => message.package().as_str(),
        }
    }
}

#[derive(Debug)]
struct Delivery {
    work: Work,
    receives: u32,
}

/// A queue and its consumer.
#[derive(Debug, Default)]
struct Channel {
    backlog: Backlog<Delivery>,
    /// Since when there has been work without a break: when the ramp began.
    active_since: Option<Duration>,
    looks_again: bool,
    peak: u64,
}

/// One partition of the table.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) writes: Rate,
    pub(crate) reads: Rate,
    /// Until when a transaction holds the package's item.
    pub(crate) held_until: Duration,
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) movies: HashMap<String, Arc<Movie>>,
    pub(crate) plans: HashMap<Location, Arc<Vec<u8>>>,
    pub(crate) outputs: HashMap<Location, Digest>,
    pub(crate) gets: HashMap<String, Rate>,
    pub(crate) puts: HashMap<String, Rate>,
    pub(crate) partitions: HashMap<String, Partition>,
    pub(crate) table_writes: Rate,
    pub(crate) table_reads: Rate,
    pub(crate) kms: Rate,
    pub(crate) ledger: Ledger,
    pub(crate) dice: Dice,
    /// When each upload's package was Ready, by key.
    pub(crate) ready: BTreeMap<String, Duration>,
    fleet: Fleet,
    channels: [Channel; 4],
    turn: usize,
}

/// The account.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) timeline: Timeline,
    pub(crate) parameters: Parameters,
    pub(crate) catalog: MemoryCatalog,
    pub(crate) vault: MemoryVault,
    /// Bytes of media that one byte stands for.
    pub(crate) factor: u64,
    pub(crate) state: Mutex<State>,
}

impl Cloud {
    /// An account in which nothing has happened.
    pub(crate) fn new(parameters: Parameters, factor: u64) -> Arc<Self> {
        let state = State {
            movies: HashMap::new(),
            plans: HashMap::new(),
            outputs: HashMap::new(),
            gets: HashMap::new(),
            puts: HashMap::new(),
            partitions: HashMap::new(),
            table_writes: Rate::per_second(parameters.dynamodb.table_writes),
            table_reads: Rate::per_second(parameters.dynamodb.table_reads),
            kms: Rate::per_second(parameters.kms.calls_per_second),
            ledger: Ledger::default(),
            dice: Dice::new(1),
            ready: BTreeMap::new(),
            fleet: Fleet::new(&parameters.lambda),
            channels: Default::default(),
            turn: 0,
        };
        Arc::new(Self {
            timeline: Timeline::default(),
            parameters,
            catalog: MemoryCatalog::default(),
            vault: MemoryVault::default(),
            factor,
            state: Mutex::new(state),
        })
    }

    /// Puts `work` into its function's queue, to be delivered after `delay`.
    pub(crate) fn send(self: &Arc<Self>, work: Work, delay: Duration) {
        self.deliver(Delivery { work, receives: 0 }, delay);
    }

    fn deliver(self: &Arc<Self>, delivery: Delivery, delay: Duration) {
        let cloud = Arc::clone(self);
        self.timeline.spawn(move || async move {
            cloud.timeline.sleep(delay).await;
            let function = delivery.work.function();
            let group = if cloud.parameters.template.fair { delivery.work.group().to_owned() } else { String::new() };
            {
                let mut state = lock(&cloud.state);
                let channel = function.of_mut(&mut state.channels);
                channel.backlog.push(&group, delivery);
                channel.peak = channel.peak.max(channel.backlog.len());
                channel.active_since.get_or_insert(cloud.timeline.now());
            }
            cloud.dispatch(function);
        });
    }

    /// Starts as many invocations of `function` as may start now, and looks again later if messages are left.
    fn dispatch(self: &Arc<Self>, function: Function) {
        let mut state = lock(&self.state);
        while let Some((group, delivery, start)) = self.next(&mut state, function) {
            let cloud = Arc::clone(self);
            self.timeline.spawn(move || cloud.invoke(function, group, delivery, start));
        }
        let channel = function.of_mut(&mut state.channels);
        if !channel.backlog.is_empty() && !channel.looks_again {
            channel.looks_again = true;
            let pause = match function {
                Function::Ingest => self.parameters.lambda.throttled_wait,
                _ => LOOK_AGAIN,
            };
            let cloud = Arc::clone(self);
            self.timeline.spawn(move || async move {
                cloud.timeline.sleep(pause).await;
                function.of_mut(&mut lock(&cloud.state).channels).looks_again = false;
                cloud.dispatch(function);
            });
        }
    }

    /// The next invocation of `function` that may start now.
    fn next(&self, state: &mut State, function: Function) -> Option<(String, Delivery, Start)> {
        let now = self.timeline.now();
        let channel = function.of_mut(&mut state.channels);
        if channel.backlog.is_empty() {
            if channel.backlog.in_flight() == 0 {
                channel.active_since = None;
            }
            return None;
        }
        let elapsed = now.saturating_sub(channel.active_since.unwrap_or(now));
        let most = self.ramp(function).map_or(u64::MAX, |ramp| ramp.after(elapsed));
        if channel.backlog.in_flight() >= most {
            return None;
        }
        let start = state.fleet.start(function, now);
        if start == Start::Throttled {
            return None;
        }
        let (group, delivery) = function.of_mut(&mut state.channels).backlog.take(&self.parameters.sqs, now)?;
        Some((group, delivery, start))
    }

    /// How the consumer of a function's queue grows. Asynchronous invocations (ingest) have no consumer.
    fn ramp(&self, function: Function) -> Option<Ramp> {
        let (sqs, template) = (&self.parameters.sqs, &self.parameters.template);
        match (function, template.encrypt_pollers) {
            (Function::Ingest, _) => None,
            (Function::Encrypt, Some((least, most))) => Some(Ramp {
                start: least * sqs.poller_concurrency,
                per_minute: sqs.provisioned_per_minute,
                most: most * sqs.poller_concurrency,
            }),
            (Function::Encrypt, None) => {
                let most = template.encrypt_concurrency.min(sqs.standard.most);
                Some(Ramp { start: sqs.standard.start.min(most), most, ..sqs.standard })
            }
            (Function::Fragment | Function::Dash, _) => Some(sqs.standard),
        }
    }

    async fn invoke(self: Arc<Self>, function: Function, group: String, delivery: Delivery, start: Start) {
        let begun = self.timeline.now();
        if start == Start::Cold {
            self.timeline.sleep(self.parameters.lambda.cold_start + self.parameters.engine.start).await;
        }
        let deadline = self.timeline.now() + *function.of(&self.parameters.template.timeout);
        let host = Host::new(Arc::clone(&self), *function.of(&self.parameters.template.memory_mb));
        let handled = Box::pin(handle(&host, &delivery.work, deadline));
        let succeeded = match select(handled, self.timeline.sleep_until(deadline)).await {
            Either::Left((result, _)) => result.is_ok(),
            Either::Right(((), _)) => false,
        };
        {
            let now = self.timeline.now();
            let duration = now.saturating_sub(begun);
            let mut state = lock(&self.state);
            state.fleet.end(function, duration);
            function.of_mut(&mut state.channels).backlog.ended(&group, duration, now);
            if function != Function::Ingest {
                // Received, and deleted.
                state.ledger.queue_requests += 1 + u64::from(succeeded);
            }
        }
        if !succeeded {
            self.again(function, delivery);
        }
        self.dispatch_all();
    }

    /// A message that was not handled comes again when its visibility timeout has passed, so many times.
    fn again(self: &Arc<Self>, function: Function, delivery: Delivery) {
        let receives = delivery.receives + 1;
        let mut state = lock(&self.state);
        if receives >= *function.of(&self.parameters.template.receives) {
            state.ledger.dead += 1;
            return;
        }
        state.ledger.redeliveries += 1;
        drop(state);
        let visible = *function.of(&self.parameters.template.visibility);
        self.deliver(Delivery { receives, ..delivery }, visible);
    }

    /// Room has come free: it goes to the functions in turn.
    fn dispatch_all(self: &Arc<Self>) {
        let turn = {
            let mut state = lock(&self.state);
            state.turn += 1;
            state.turn
        };
        let order = Function::ALL.iter().cycle().skip(turn % Function::ALL.len()).take(Function::ALL.len());
        order.for_each(|function| self.dispatch(*function));
    }

    /// Messages that wait for each function, and its invocations that run.
    pub(crate) fn look(&self) -> ([u64; 4], [u64; 4]) {
        let state = lock(&self.state);
        (
            Function::ALL.map(|function| function.of(&state.channels).backlog.len()),
            Function::ALL.map(|function| state.fleet.pool(function).running),
        )
    }

    /// The most that ever waited for a function.
    pub(crate) fn deepest(&self, function: Function) -> u64 {
        function.of(&lock(&self.state).channels).peak
    }

    /// What was used, and the functions' environments.
    pub(crate) fn used(&self) -> (Ledger, [crate::fleet::Pool; 4]) {
        let state = lock(&self.state);
        let mut ledger = state.ledger.clone();
        let pools = Function::ALL.map(|function| state.fleet.pool(function).clone());
        for (pool, memory_mb) in pools.iter().zip(self.parameters.template.memory_mb) {
            ledger.invocations += pool.invocations;
            let milli = pool.billed_ms * u128::from(memory_mb) / 1_024;
            ledger.milli_gb_seconds += u64::try_from(milli).unwrap_or(u64::MAX);
        }
        (ledger, pools)
    }
}
