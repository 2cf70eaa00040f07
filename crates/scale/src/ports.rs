//! The use cases' ports, as an execution environment of the model has them: every call waits for its service's latency, its
//! limits and the environment's own network and processor, and then does in memory what the service would.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use vpp_media::cenc::ContentKey;
use vpp_pipeline::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::layout::Headers;
use vpp_pipeline::domain::message::{DashMessage, FragmentMessage, WorkUnitMessage};
use vpp_pipeline::domain::multipart::UploadId;
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::domain::probe_report::ProbeReport;
use vpp_pipeline::domain::resource_usage::MeterReading;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{
    Clock, FileChunk, KeyError, KeyVault, Meter, NewObject, NewPart, ObjectStore, Probe, ProbeError, PutOutcome, Queue,
    StoreError, UploadedPart,
};
use vpp_pipeline::testing::MemoryProbe;

use crate::cloud::{Cloud, State, Work};
use crate::ledger::Ledger;
use crate::limits::{Backoff, Line, Rate, time_of};
use crate::timeline::lock;

/// Where the times of the model begin.
const START: Duration = Duration::from_hours(489_957);
/// Entries of a batch and batches at a time: `BATCH` and `BATCHES` of `crates/aws/src/sqs.rs`.
const BATCH: usize = 10;
const BATCHES: usize = 8;

/// An execution environment during one invocation. Clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    cloud: Arc<Cloud>,
    memory_mb: u64,
    network: Arc<Mutex<Line>>,
    processor: Arc<Mutex<Line>>,
}

impl Host {
    pub(crate) fn new(cloud: Arc<Cloud>, memory_mb: u64) -> Self {
        Self { cloud, memory_mb, network: Arc::default(), processor: Arc::default() }
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    pub(crate) async fn wait(&self, duration: Duration) {
        self.cloud.timeline.sleep(duration).await;
    }

    /// Changes what the account holds.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State, Duration) -> T) -> T {
        let now = self.cloud.timeline.now();
        change(&mut lock(&self.cloud.state), now)
    }

    /// Moves bytes over one connection and the environment's network.
    async fn transfer(&self, bytes: u64) {
        let (now, parameters) = (self.cloud.timeline.now(), &self.cloud.parameters);
        let shared = time_of(bytes, parameters.lambda.network_of(self.memory_mb));
        let done = lock(&self.network).serve(shared, now);
        let alone = now + time_of(bytes, parameters.s3.connection);
        self.cloud.timeline.sleep_until(done.max(alone)).await;
    }

    /// Works on bytes at `rate` a second of a whole processor.
    async fn compute(&self, bytes: u64, rate: u64) {
        let (now, lambda) = (self.cloud.timeline.now(), &self.cloud.parameters.lambda);
        let done = lock(&self.processor).serve(time_of(bytes, lambda.processor_of(self.memory_mb, rate)), now);
        self.cloud.timeline.sleep_until(done).await;
    }

    /// Asks until the service lets the request through, as often as the SDK asks; `refused` counts.
    pub(crate) async fn admitted(
        &self,
        call: &'static str,
        (latency, retries): (Duration, Backoff),
        ask: impl Fn(&mut State, Duration) -> bool,
        refused: fn(&mut Ledger) -> &mut u64,
    ) -> Result<(), Unavailable> {
        for failed in 0.. {
            let wait = self.with(|state, now| {
                if ask(state, now) {
                    return None;
                }
                *refused(&mut state.ledger) += 1;
                Some(retries.wait(failed, state.dice.thousandths()))
            });
            match wait {
                None => return Ok(()),
                Some(Some(wait)) => self.wait(latency + wait).await,
                Some(None) => break,
            }
        }
        Err(Unavailable::new(call, "throttled".into()))
    }

    /// The prefix whose rates a request counts against.
    fn prefix(&self, at: &Location) -> String {
        let folder = at.key().rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = folder.split_inclusive('/').take(2).collect::<String>();
        if self.cloud.parameters.s3.parted { format!("{}/{folder}", at.bucket()) } else { at.bucket().to_owned() }
    }

    async fn unwrap_call(&self) -> Result<(), Unavailable> {
        let call = self.cloud.parameters.kms.call;
        self.admitted(
            "KMS",
            (call, self.cloud.parameters.sdk),
            |state, now| state.kms.take(1, now),
            |ledger| &mut ledger.throttled,
        )
        .await?;
        self.with(|state, _| state.ledger.unwraps += 1);
        self.wait(call).await;
        Ok(())
    }
}

fn unreachable(at: &Location) -> impl FnOnce(Unavailable) -> StoreError {
    let at = at.clone();
    move |source| StoreError::Unavailable { at, source }
}

impl ObjectStore for Host {
    /// In the model the bytes of a range arrive at once: an environment's network and processor then work one after the other,
    /// which is the slower of what may be.
    fn stream(
        &self,
        at: &Location,
        _pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        stream::once(async move {
            let (prefix, parameters) = (self.prefix(at), &self.cloud.parameters);
            let limit = parameters.s3.gets_per_prefix;
            let ask = |state: &mut State, now: Duration| {
                state.gets.entry(prefix.clone()).or_insert_with(|| Rate::per_second(limit)).take(1, now)
            };
            let first_byte = parameters.s3.first_byte;
            let admitted =
                self.admitted("GetObject", (first_byte, parameters.sdk), ask, |ledger| &mut ledger.slow_downs).await;
            admitted.map_err(unreachable(at))?;
            self.with(|state, _| state.ledger.gets += 1);
            self.wait(first_byte).await;

            let (movie, plan) =
                self.with(|state, _| (state.movies.get(at.key()).cloned(), state.plans.get(at).cloned()));
            if let Some(movie) = movie {
                let weight = movie.weight(&range);
                self.transfer(weight).await;
                self.with(|state, _| state.ledger.source_bytes_read += weight);
                let of_index = weight.min(movie.front_len().saturating_sub(range.start));
                self.compute(of_index, parameters.engine.index).await;
                self.compute(weight - of_index, parameters.engine.source).await;
                return Ok(movie.read(range).into());
            }
            let plan = plan.ok_or_else(|| StoreError::Missing { at: at.clone() })?;
            let clip = |end: u64| usize::try_from(end).unwrap_or(usize::MAX).min(plan.len());
            let bytes = plan.get(clip(range.start)..clip(range.end)).unwrap_or_default().to_vec();
            self.transfer(bytes.len() as u64).await;
            Ok(bytes.into())
        })
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<PutOutcome, StoreError> {
        let (prefix, parameters) = (self.prefix(at), &self.cloud.parameters);
        let weight = weight(at.key(), &object.body.to_vec(), self.cloud.factor);
        self.compute(weight, parameters.engine.output).await;
        let limit = parameters.s3.puts_per_prefix;
        let ask = |state: &mut State, now: Duration| {
            state.puts.entry(prefix.clone()).or_insert_with(|| Rate::per_second(limit)).take(1, now)
        };
        let first_byte = parameters.s3.first_byte;
        let admitted =
            self.admitted("PutObject", (first_byte, parameters.sdk), ask, |ledger| &mut ledger.slow_downs).await;
        admitted.map_err(unreachable(at))?;
        self.with(|state, _| state.ledger.puts += 1);
        self.transfer(weight).await;
        self.wait(first_byte).await;

        self.with(|state, _| {
            if let Some(before) = state.outputs.insert(at.clone(), object.digest) {
                state.outputs.insert(at.clone(), before);
                let same = before == object.digest;
                return if same {
                    Ok(PutOutcome::AlreadyExists)
                } else {
                    Err(StoreError::DifferentBytes { at: at.clone() })
                };
            }
            if at.bucket() == "work" {
                state.plans.insert(at.clone(), Arc::new(object.body.to_vec()));
            } else {
                state.ledger.output_bytes += weight;
            }
            Ok(PutOutcome::Created)
        })
    }

    async fn begin_upload(&self, at: &Location, _headers: Headers) -> Result<UploadId, StoreError> {
        Err(no_parts(at))
    }

    async fn put_part(&self, at: &Location, _upload: &UploadId, _part: NewPart) -> Result<ETag, StoreError> {
        Err(no_parts(at))
    }

    async fn complete_upload(
        &self,
        at: &Location,
        _upload: &UploadId,
        _parts: &[UploadedPart],
    ) -> Result<PutOutcome, StoreError> {
        Err(no_parts(at))
    }

    async fn abort_upload(&self, at: &Location, _upload: &UploadId) -> Result<(), StoreError> {
        Err(no_parts(at))
    }
}

/// The model's packages are of the segments layout, which uploads nothing in parts.
fn no_parts(at: &Location) -> StoreError {
    unreachable(at)(Unavailable::new("CreateMultipartUpload", "uploads in parts are not in the model".into()))
}

/// Bytes that an object stands for: `factor` times as many in the payload of a segment's `mdat`, its own elsewhere.
fn weight(key: &str, bytes: &[u8], factor: u64) -> u64 {
    let all = bytes.len() as u64;
    if key.rsplit_once('.').is_none_or(|(_, extension)| extension != "m4s") {
        return all;
    }
    let mut rest = bytes;
    let mut media = 0;
    while let Some((header, _)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, kind @ ..] = *header;
        let size = u32::from_be_bytes([a, b, c, d]);
        if &kind == b"mdat" {
            media += u64::from(size.saturating_sub(8));
        }
        rest = rest.get(usize::try_from(size.max(8)).unwrap_or(usize::MAX)..).unwrap_or_default();
    }
    all - media + media * factor
}

/// Sends messages as the adapter does, batch by batch, a few at a time.
async fn send_all<M: Clone>(host: &Host, messages: &[M], work: fn(M) -> Work) -> Result<(), Unavailable> {
    let batches = messages.chunks(BATCH).map(|batch| async move {
        host.wait(host.cloud.parameters.sqs.send).await;
        host.with(|state, _| state.ledger.queue_requests += 1);
        for message in batch {
            host.cloud.send(work(message.clone()), host.cloud.parameters.sqs.delivery);
        }
        Ok(())
    });
    // Collected first: a stream of borrowed chunks is more than the compiler can prove sendable.
    let batches: Vec<_> = batches.collect();
    stream::iter(batches).buffer_unordered(BATCHES).try_collect().await
}

impl Queue<FragmentMessage> for Host {
    async fn send_all(&self, messages: &[FragmentMessage]) -> Result<(), Unavailable> {
        send_all(self, messages, Work::Fragment).await
    }
}

impl Queue<WorkUnitMessage> for Host {
    async fn send_all(&self, messages: &[WorkUnitMessage]) -> Result<(), Unavailable> {
        send_all(self, messages, Work::Encrypt).await
    }
}

impl Queue<DashMessage> for Host {
    async fn send_all(&self, messages: &[DashMessage]) -> Result<(), Unavailable> {
        send_all(self, messages, Work::Dash).await
    }
}

impl KeyVault for Host {
    async fn generate(&self, request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyError> {
        self.unwrap_call().await?;
        self.cloud.vault.generate(request).await
    }

    async fn wrap(&self, key: &ContentKey, package: &PackageId) -> Result<WrappedKey, Unavailable> {
        self.unwrap_call().await?;
        self.cloud.vault.wrap(key, package).await
    }

    async fn unwrap(&self, wrapped: &WrappedKey, package: &PackageId) -> Result<ContentKey, Unavailable> {
        self.unwrap_call().await?;
        self.cloud.vault.unwrap(wrapped, package).await
    }
}

impl Probe for Host {
    async fn probe(&self, length: u64, pieces: &[FileChunk<'_>]) -> Result<ProbeReport, ProbeError> {
        self.wait(self.cloud.parameters.engine.probe).await;
        let bytes = pieces.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        self.compute(bytes, self.cloud.parameters.engine.index).await;
        MemoryProbe::default().probe(length, pieces).await
    }
}

/// The model has a ledger of its own.
impl Meter for Host {
    fn reading(&self) -> MeterReading {
        MeterReading::default()
    }
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        Timestamp::from(UNIX_EPOCH + START + self.cloud.timeline.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_weighs_its_media_by_the_factor_and_its_boxes_as_they_are() {
        let segment = [b"\0\0\0\x0cmoofabcd".as_slice(), b"\0\0\0\x0amdatxy", b"\0\0\0\x09freez"].concat();
        assert_eq!(weight("p/v1/1.m4s", &segment, 1_000), 12 + 8 + 2_000 + 9);
        assert_eq!(weight("p/v1/init.mp4", &segment, 1_000), 31);
    }
}
