//! The queue, key vault, probe, meter and clock ports.

use std::time::{Duration, UNIX_EPOCH};

use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_media::cenc::ContentKey;
use vpp_pipeline::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::message::{DashMessage, FragmentMessage, WorkUnitMessage};
use vpp_pipeline::domain::probe_report::ProbeReport;
use vpp_pipeline::domain::resource_usage::MeterReading;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{Clock, FileChunk, KeyError, KeyVault, Meter, Probe, ProbeError, Queue};
use vpp_pipeline::testing::MemoryProbe;

use crate::execution_environment::ExecutionEnvironment;
use crate::payload::Payload;

/// The wall-clock time at which the simulation starts, since the Unix epoch.
const START: Duration = Duration::from_hours(489_957);
/// Entries of a batch, and concurrent batches: `BATCH` and `BATCHES` of `crates/aws/src/sqs.rs`.
const BATCH: usize = 10;
const BATCHES: usize = 8;

impl ExecutionEnvironment {
    async fn kms_request(&self) -> Result<(), Unavailable> {
        let parameters = &self.account().parameters;
        let latency = parameters.kms.request;
        self.admit("KMS", (latency, parameters.sdk), |state, now| state.kms.take(1, now), |usage| &mut usage.throttled)
            .await?;
        self.with_state(|state, _| state.usage.kms_requests += 1);
        self.sleep(latency).await;
        Ok(())
    }
}

/// Sends messages in batches, several concurrently, as the adapter does.
async fn send_all<M: Clone>(
    environment: &ExecutionEnvironment,
    messages: &[M],
    payload: fn(M) -> Payload,
) -> Result<(), Unavailable> {
    let account = environment.account();
    let batches = messages.chunks(BATCH).map(|batch| async move {
        environment.sleep(account.parameters.sqs.send).await;
        environment.with_state(|state, _| state.usage.queue_requests += 1);
        for message in batch {
            account.send(payload(message.clone()), account.parameters.sqs.delivery);
        }
        Ok(())
    });
    // Collected first, because the compiler cannot prove that a stream of borrowed chunks is `Send`.
    let batches: Vec<_> = batches.collect();
    stream::iter(batches).buffer_unordered(BATCHES).try_collect().await
}

impl Queue<FragmentMessage> for ExecutionEnvironment {
    async fn send_all(&self, messages: &[FragmentMessage]) -> Result<(), Unavailable> {
        send_all(self, messages, Payload::Fragment).await
    }
}

impl Queue<WorkUnitMessage> for ExecutionEnvironment {
    async fn send_all(&self, messages: &[WorkUnitMessage]) -> Result<(), Unavailable> {
        send_all(self, messages, Payload::Encrypt).await
    }
}

impl Queue<DashMessage> for ExecutionEnvironment {
    async fn send_all(&self, messages: &[DashMessage]) -> Result<(), Unavailable> {
        send_all(self, messages, Payload::Dash).await
    }
}

impl KeyVault for ExecutionEnvironment {
    async fn generate(&self, request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyError> {
        self.kms_request().await?;
        self.account().vault.generate(request).await
    }

    async fn wrap(&self, key: &ContentKey, package: &PackageId) -> Result<WrappedKey, Unavailable> {
        self.kms_request().await?;
        self.account().vault.wrap(key, package).await
    }

    async fn unwrap(&self, wrapped: &WrappedKey, package: &PackageId) -> Result<ContentKey, Unavailable> {
        self.kms_request().await?;
        self.account().vault.unwrap(wrapped, package).await
    }
}

impl Probe for ExecutionEnvironment {
    async fn probe(&self, length: u64, chunks: &[FileChunk<'_>]) -> Result<ProbeReport, ProbeError> {
        self.sleep(self.account().parameters.engine.probe).await;
        let bytes = chunks.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        self.compute(bytes, self.account().parameters.engine.index).await;
        MemoryProbe::default().probe(length, chunks).await
    }
}

/// The model records its usage elsewhere.
impl Meter for ExecutionEnvironment {
    fn reading(&self) -> MeterReading {
        MeterReading::default()
    }
}

impl Clock for ExecutionEnvironment {
    fn now(&self) -> Timestamp {
        Timestamp::from(UNIX_EPOCH + START + self.account().timeline.now())
    }
}
