//! The execution environments of Lambda: concurrency, cold starts and billed duration.

use std::time::Duration;

use crate::limits::TokenBucket;
use crate::parameters::Lambda;

/// The functions of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// Validates an upload.
    Ingest,
    /// Plans a package.
    Fragment,
    /// Packages a work unit.
    Encrypt,
    /// Writes the manifests.
    Dash,
}

impl Function {
    /// All functions, in the order of the pipeline.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Fragment, Self::Encrypt, Self::Dash];

    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Fragment => "fragment",
            Self::Encrypt => "encrypt",
            Self::Dash => "dash",
        }
    }

    /// Returns the entry of this function in a list with one entry for each.
    pub fn of<T>(self, all: &[T; 4]) -> &T {
        let [ingest, fragment, encrypt, dash] = all;
        match self {
            Self::Ingest => ingest,
            Self::Fragment => fragment,
            Self::Encrypt => encrypt,
            Self::Dash => dash,
        }
    }

    /// Returns the entry of this function in a list with one entry for each.
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

/// The start of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Started in a new environment, which initialises first.
    Cold,
    /// Started in an environment that has served an invocation before.
    Warm,
    /// Not started: the concurrency of the account or the scaling rate of the function is exhausted.
    Throttled,
}

/// The execution environments of an account.
#[derive(Debug)]
pub struct Environments {
    account_concurrency: u64,
    running: u64,
    functions: [FunctionEnvironments; 4],
}

/// The execution environments of a function, and their metrics.
#[derive(Debug, Clone)]
pub struct FunctionEnvironments {
    scaling: TokenBucket,
    idle: u64,
    /// Concurrent invocations now.
    pub running: u64,
    /// The maximum of concurrent invocations.
    pub peak: u64,
    /// Invocations that were started.
    pub invocations: u64,
    /// Cold starts among them.
    pub cold_starts: u64,
    /// Invocations that were throttled.
    pub throttled: u64,
    /// Billed duration in milliseconds, rounded up for each invocation.
    pub billed_ms: u64,
}

impl Environments {
    /// Returns an account without environments.
    #[must_use]
    pub fn new(lambda: &Lambda) -> Self {
        let function = FunctionEnvironments {
            scaling: TokenBucket::with_burst(lambda.burst_per_second, lambda.burst),
            idle: 0,
            running: 0,
            peak: 0,
            invocations: 0,
            cold_starts: 0,
            throttled: 0,
            billed_ms: 0,
        };
        let functions = std::array::from_fn(|_| function.clone());
        Self { account_concurrency: lambda.account_concurrency, running: 0, functions }
    }

    /// Starts an invocation of a function, unless it is throttled.
    pub fn start(&mut self, function: Function, now: Duration) -> Start {
        let environments = function.of_mut(&mut self.functions);
        let start = if self.running >= self.account_concurrency {
            Start::Throttled
        } else if environments.idle > 0 {
            environments.idle -= 1;
            Start::Warm
        } else if environments.scaling.take(1, now) {
            environments.cold_starts += 1;
            Start::Cold
        } else {
            Start::Throttled
        };
        if start == Start::Throttled {
            environments.throttled += 1;
        } else {
            self.running += 1;
            environments.invocations += 1;
            environments.running += 1;
            environments.peak = environments.peak.max(environments.running);
        }
        start
    }

    /// Ends an invocation that ran for `duration`. Its environment stays warm.
    pub fn end(&mut self, function: Function, duration: Duration) {
        let environments = function.of_mut(&mut self.functions);
        self.running -= 1;
        environments.running -= 1;
        environments.idle += 1;
        environments.billed_ms += duration.as_secs() * 1_000 + u64::from(duration.subsec_micros().div_ceil(1_000));
    }

    /// Returns the environments of a function.
    #[must_use]
    pub fn of(&self, function: Function) -> &FunctionEnvironments {
        function.of(&self.functions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;

    const NOW: Duration = Duration::ZERO;

    fn environments(account: u64, burst: u64) -> Environments {
        Environments::new(&Lambda {
            account_concurrency: account,
            burst,
            burst_per_second: 1,
            ..Parameters::default().lambda
        })
    }

    #[test]
    fn an_account_at_its_concurrency_is_throttled_until_an_invocation_ends() {
        let mut environments = environments(2, 1_000);
        assert_eq!(environments.start(Function::Encrypt, NOW), Start::Cold);
        assert_eq!(environments.start(Function::Encrypt, NOW), Start::Cold);
        assert_eq!(
            environments.start(Function::Dash, NOW),
            Start::Throttled,
            "all functions share the concurrency of the account"
        );
        environments.end(Function::Encrypt, Duration::from_micros(1_500));
        assert_eq!(environments.start(Function::Encrypt, NOW), Start::Warm);
        let encrypt = environments.of(Function::Encrypt);
        assert_eq!((encrypt.peak, encrypt.invocations, encrypt.cold_starts, encrypt.billed_ms), (2, 3, 2, 2));
        assert_eq!(environments.of(Function::Dash).throttled, 1);
    }

    #[test]
    fn new_environments_start_at_the_rate_of_the_function_and_warm_ones_immediately() {
        let mut environments = environments(100, 2);
        assert_eq!(
            [0; 3].map(|_| environments.start(Function::Encrypt, NOW)),
            [Start::Cold, Start::Cold, Start::Throttled]
        );
        assert_eq!(environments.start(Function::Dash, NOW), Start::Cold, "each function has a separate rate");
        assert_eq!(environments.start(Function::Encrypt, Duration::from_secs(1)), Start::Cold);
        environments.end(Function::Encrypt, NOW);
        assert_eq!(environments.start(Function::Encrypt, Duration::from_secs(1)), Start::Warm);
    }
}
