//! Lambda's environments: how many may run, which are warm, what they cost.

use std::time::Duration;

use crate::limits::Rate;
use crate::parameters::Lambda;

/// The functions that a package passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// Judges an upload.
    Ingest,
    /// Plans a package.
    Fragment,
    /// Makes a work unit.
    Encrypt,
    /// Writes manifests.
    Dash,
}

impl Function {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Fragment, Self::Encrypt, Self::Dash];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Fragment => "fragment",
            Self::Encrypt => "encrypt",
            Self::Dash => "dash",
        }
    }

    /// Its entry of a list with one for each.
    pub fn of<T>(self, all: &[T; 4]) -> &T {
        let [ingest, fragment, encrypt, dash] = all;
        match self {
            Self::Ingest => ingest,
            Self::Fragment => fragment,
            Self::Encrypt => encrypt,
            Self::Dash => dash,
        }
    }

    /// Its entry of a list with one for each.
    pub fn of_mut<T>(self, all: &mut [T; 4]) -> &mut T {
        let [ingest, fragment, encrypt, dash] = all;
        match self {
            Self::Ingest => ingest,
            Self::Fragment => fragment,
            Self::Encrypt => encrypt,
            Self::Dash => dash,
        }
    }
}

/// How an environment was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A new one, which starts first.
    Cold,
    /// One that has served before.
    Warm,
    /// None: the account or the function's scaling does not allow another.
    Throttled,
}

/// All environments of an account.
#[derive(Debug)]
pub struct Fleet {
    account: u64,
    running: u64,
    functions: [Pool; 4],
}

/// One function's environments, and what it has used.
#[derive(Debug, Clone)]
pub struct Pool {
    scaling: Rate,
    idle: u64,
    /// Invocations that run.
    pub running: u64,
    /// The most that ever ran.
    pub peak: u64,
    /// Invocations that were started.
    pub invocations: u64,
    /// Of those, on new environments.
    pub cold: u64,
    /// Invocations that were not started when they were due.
    pub throttled: u64,
    /// Billed duration, in milliseconds, each invocation rounded up.
    pub billed_ms: u128,
}

impl Fleet {
    /// An account without environments.
    #[must_use]
    pub fn new(lambda: &Lambda) -> Self {
        let pool = Pool {
            scaling: Rate::with_burst(lambda.burst_per_second, lambda.burst),
            idle: 0,
            running: 0,
            peak: 0,
            invocations: 0,
            cold: 0,
            throttled: 0,
            billed_ms: 0,
        };
        Self { account: lambda.account_concurrency, running: 0, functions: std::array::from_fn(|_| pool.clone()) }
    }

    /// Asks for an environment of `function`.
    pub fn start(&mut self, function: Function, now: Duration) -> Start {
        let pool = function.of_mut(&mut self.functions);
        let start = if self.running >= self.account {
            Start::Throttled
        } else if pool.idle > 0 {
            pool.idle -= 1;
            Start::Warm
        } else if pool.scaling.take(1, now) {
            pool.cold += 1;
            Start::Cold
        } else {
            Start::Throttled
        };
        if start == Start::Throttled {
            pool.throttled += 1;
        } else {
            self.running += 1;
            pool.invocations += 1;
            pool.running += 1;
            pool.peak = pool.peak.max(pool.running);
        }
        start
    }

    /// An invocation that ran for `duration` has ended; its environment stays warm.
    pub fn end(&mut self, function: Function, duration: Duration) {
        let pool = function.of_mut(&mut self.functions);
        self.running -= 1;
        pool.running -= 1;
        pool.idle += 1;
        pool.billed_ms += duration.as_micros().div_ceil(1_000);
    }

    /// A function's environments.
    #[must_use]
    pub fn pool(&self, function: Function) -> &Pool {
        function.of(&self.functions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;

    const NOW: Duration = Duration::ZERO;

    fn fleet(account: u64, burst: u64) -> Fleet {
        Fleet::new(&Lambda { account_concurrency: account, burst, burst_per_second: 1, ..Parameters::default().lambda })
    }

    #[test]
    fn an_account_that_is_full_starts_nothing_until_something_ends() {
        let mut fleet = fleet(2, 1_000);
        assert_eq!(fleet.start(Function::Encrypt, NOW), Start::Cold);
        assert_eq!(fleet.start(Function::Encrypt, NOW), Start::Cold);
        assert_eq!(fleet.start(Function::Dash, NOW), Start::Throttled, "the account is one for all functions");
        fleet.end(Function::Encrypt, Duration::from_micros(1_500));
        assert_eq!(fleet.start(Function::Encrypt, NOW), Start::Warm);
        let pool = fleet.pool(Function::Encrypt);
        assert_eq!((pool.peak, pool.invocations, pool.cold, pool.billed_ms), (2, 3, 2, 2));
        assert_eq!(fleet.pool(Function::Dash).throttled, 1);
    }

    #[test]
    fn new_environments_come_at_the_function_s_own_rate_and_warm_ones_at_once() {
        let mut fleet = fleet(100, 2);
        assert_eq!([0; 3].map(|_| fleet.start(Function::Encrypt, NOW)), [Start::Cold, Start::Cold, Start::Throttled]);
        assert_eq!(fleet.start(Function::Dash, NOW), Start::Cold, "each function has a rate of its own");
        assert_eq!(fleet.start(Function::Encrypt, Duration::from_secs(1)), Start::Cold);
        fleet.end(Function::Encrypt, NOW);
        assert_eq!(fleet.start(Function::Encrypt, Duration::from_secs(1)), Start::Warm);
    }
}
