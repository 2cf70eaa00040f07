//! The state of an AWS account: buckets, table, queues and functions.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vpp_pipeline::domain::object::{Digest, Location};
use vpp_pipeline::testing::{MemoryCatalog, MemoryVault};

use crate::backlog::Backlog;
use crate::environments::{Environments, Function, FunctionEnvironments};
use crate::limits::TokenBucket;
use crate::movie::Movie;
use crate::parameters::Parameters;
use crate::payload::Payload;
use crate::random::SplitMix64;
use crate::timeline::{Timeline, lock};
use crate::usage::Usage;

/// Runs an invocation until it ends or reaches its deadline, and returns whether it succeeded.
///
/// It is a parameter of the account, because handlers send messages, and messages invoke handlers.
pub(crate) type Handler = fn(Invocation) -> Pin<Box<dyn Future<Output = bool>>>;

/// An invocation in an initialised environment.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) account: Arc<Account>,
    pub(crate) payload: Payload,
    /// The memory of the function.
    pub(crate) memory_mb: u64,
    /// The time at which the function times out.
    pub(crate) deadline: Duration,
}

/// A message, and how often it was received.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) payload: Payload,
    pub(crate) receives: u32,
}

/// The queue of a function and its event source mapping.
#[derive(Debug, Default)]
pub(crate) struct FunctionQueue {
    pub(crate) backlog: Backlog<Delivery>,
    /// The start of the ramp: the time since which the queue was never empty and idle.
    pub(crate) active_since: Option<Duration>,
    /// Whether another dispatch is scheduled.
    pub(crate) dispatch_is_scheduled: bool,
    pub(crate) peak_backlog: u64,
}

/// A partition of the table.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) writes: TokenBucket,
    pub(crate) reads: TokenBucket,
    /// The time until which a transaction locks the package's item.
    pub(crate) locked_until: Duration,
}

/// The mutable state of an account.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) movies: HashMap<String, Arc<Movie>>,
    pub(crate) plans: HashMap<Location, Arc<Vec<u8>>>,
    pub(crate) outputs: HashMap<Location, Digest>,
    /// GET rates by prefix.
    pub(crate) gets: HashMap<String, TokenBucket>,
    /// PUT rates by prefix.
    pub(crate) puts: HashMap<String, TokenBucket>,
    pub(crate) partitions: HashMap<String, Partition>,
    pub(crate) table_writes: TokenBucket,
    pub(crate) table_reads: TokenBucket,
    pub(crate) kms: TokenBucket,
    pub(crate) usage: Usage,
    pub(crate) random: SplitMix64,
    /// The time at which the package of each upload became Ready, by key.
    pub(crate) ready: BTreeMap<String, Duration>,
    pub(crate) environments: Environments,
    pub(crate) queues: [FunctionQueue; 4],
    /// The number of dispatches to all functions, which rotates their order.
    pub(crate) dispatches: usize,
}

/// An AWS account.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) timeline: Timeline,
    pub(crate) parameters: Parameters,
    pub(crate) catalog: MemoryCatalog,
    pub(crate) vault: MemoryVault,
    /// The bytes that a byte of media represents.
    pub(crate) factor: u64,
    pub(crate) handler: Handler,
    pub(crate) state: Mutex<State>,
}

impl Account {
    /// Returns a new account.
    pub(crate) fn new(parameters: Parameters, factor: u64, handler: Handler) -> Arc<Self> {
        let state = State {
            movies: HashMap::new(),
            plans: HashMap::new(),
            outputs: HashMap::new(),
            gets: HashMap::new(),
            puts: HashMap::new(),
            partitions: HashMap::new(),
            table_writes: TokenBucket::per_second(parameters.dynamodb.table_writes),
            table_reads: TokenBucket::per_second(parameters.dynamodb.table_reads),
            kms: TokenBucket::per_second(parameters.kms.requests_per_second),
            usage: Usage::default(),
            random: SplitMix64::new(1),
            ready: BTreeMap::new(),
            environments: Environments::new(&parameters.lambda),
            queues: Default::default(),
            dispatches: 0,
        };
        Arc::new(Self {
            timeline: Timeline::default(),
            parameters,
            catalog: MemoryCatalog::default(),
            vault: MemoryVault::default(),
            factor,
            handler,
            state: Mutex::new(state),
        })
    }

    /// Returns the backlog and the concurrent invocations of each function.
    pub(crate) fn backlogs_and_invocations(&self) -> ([u64; 4], [u64; 4]) {
        let state = lock(&self.state);
        (
            Function::ALL.map(|function| function.of(&state.queues).backlog.len()),
            Function::ALL.map(|function| state.environments.of(function).running),
        )
    }

    /// Returns the peak backlog of each function.
    pub(crate) fn peak_backlogs(&self) -> [u64; 4] {
        let state = lock(&self.state);
        Function::ALL.map(|function| function.of(&state.queues).peak_backlog)
    }

    /// Returns the usage, and the environments of each function.
    pub(crate) fn usage(&self) -> (Usage, [FunctionEnvironments; 4]) {
        let state = lock(&self.state);
        let mut usage = state.usage.clone();
        let environments = Function::ALL.map(|function| state.environments.of(function).clone());
        for (function, memory_mb) in environments.iter().zip(self.parameters.template.memory_mb) {
            usage.invocations += function.invocations;
            usage.milli_gb_seconds += function.billed_ms * memory_mb / 1_024;
        }
        (usage, environments)
    }
}
