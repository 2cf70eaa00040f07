//! An execution environment during an invocation: its network, its processor, and admission to the services.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use vpp_pipeline::error::Unavailable;

use crate::account::{Account, State};
use crate::limits::{Backoff, SerialResource, transfer_time};
use crate::timeline::lock;
use crate::usage::Usage;

/// An execution environment during an invocation. It implements the ports of the use cases. Clones share the network and the processor.
#[derive(Debug, Clone)]
pub(crate) struct ExecutionEnvironment {
    account: Arc<Account>,
    memory_mb: u64,
    network: Arc<Mutex<SerialResource>>,
    processor: Arc<Mutex<SerialResource>>,
}

impl ExecutionEnvironment {
    /// Returns an idle environment with this memory.
    pub(crate) fn new(account: Arc<Account>, memory_mb: u64) -> Self {
        Self { account, memory_mb, network: Arc::default(), processor: Arc::default() }
    }

    /// Returns the account.
    pub(crate) fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Waits for `duration`.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.account.timeline.sleep(duration).await;
    }

    /// Calls a function with the state of the account and the current time.
    pub(crate) fn with_state<T>(&self, call: impl FnOnce(&mut State, Duration) -> T) -> T {
        let now = self.account.timeline.now();
        call(&mut lock(&self.account.state), now)
    }

    /// Transfers bytes over a connection and the network of the environment.
    pub(crate) async fn transfer(&self, bytes: u64) {
        let (now, parameters) = (self.account.timeline.now(), &self.account.parameters);
        let network_time = transfer_time(bytes, parameters.lambda.network_of(self.memory_mb));
        let network_done = lock(&self.network).serve(network_time, now);
        let connection_done = now + transfer_time(bytes, parameters.s3.connection);
        self.account.timeline.sleep_until(network_done.max(connection_done)).await;
    }

    /// Processes bytes at `rate` bytes a second of one full vCPU.
    pub(crate) async fn compute(&self, bytes: u64, rate: u64) {
        let (now, lambda) = (self.account.timeline.now(), &self.account.parameters.lambda);
        let duration = transfer_time(bytes, lambda.vcpu_share_of(self.memory_mb, rate));
        let done = lock(&self.processor).serve(duration, now);
        self.account.timeline.sleep_until(done).await;
    }

    /// Repeats a request until the service admits it or the retries are exhausted. `rejections` counts the rejected ones.
    pub(crate) async fn admit(
        &self,
        request: &'static str,
        (latency, backoff): (Duration, Backoff),
        is_admitted: impl Fn(&mut State, Duration) -> bool,
        rejections: fn(&mut Usage) -> &mut u64,
    ) -> Result<(), Unavailable> {
        for retry in 0.. {
            let wait = self.with_state(|state, now| {
                if is_admitted(state, now) {
                    return None;
                }
                *rejections(&mut state.usage) += 1;
                Some(backoff.wait(retry, state.random.thousandths()))
            });
            match wait {
                None => return Ok(()),
                Some(Some(wait)) => self.sleep(latency + wait).await,
                Some(None) => break,
            }
        }
        Err(Unavailable::new(request, "throttled".into()))
    }
}
