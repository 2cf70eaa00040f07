//! Encrypts one work unit: reads its bytes once, encrypts them in memory, writes its segments.
//!
//! The engine is a pure function *(work unit, source bytes, key) → segments*. This stage adds one ranged GET per range of the
//! work unit, at the pinned version; one PUT per segment, some in parallel, each with its digest; and the work unit's receipt,
//! which is counted once however often the work unit is delivered. A work unit with a receipt is not processed again. In the
//! single-file layout a PUT writes a span of segments instead: see `write_parts`.
//!
//! Bytes are streamed. A segment is encrypted and written as soon as its last byte has arrived, while the rest of the work unit
//! is still arriving. The bytes are copied once, into the segment's buffer. While [`PUTS`] segments are being written, reading
//! waits. So the memory holds some segments of an interleaved movie, and up to one work unit of any other movie.
//!
//! The function that finds all work units counted makes the package Encrypted and sends it to the dash stage. Two functions may
//! find that concurrently: one of them takes the step, both send the message, and the dash stage ignores the duplicate.

use futures_util::TryStreamExt;
use vpp_media::cmaf::{Layout, PackagedSegment, StreamingPackager};

use crate::domain::layout;
use crate::domain::message::{DashMessage, WorkUnitMessage};
use crate::domain::object::Location;
use crate::domain::outcome::Outcome;
use crate::domain::package::Package;
use crate::domain::receipt::Receipt;
use crate::domain::state::{Stage, StageWork, State, Step, Transition};
use crate::error::Error;
use crate::ports::{Catalog, Clock, KeyVault, Meter, ObjectStore, Queue};
use crate::stages::read_plan::work_unit;
use crate::stages::segments::{content_keys, packaged_segments, write_segment};
use crate::stages::stage::{package, settle};

/// Maximum number of segments that are written in parallel: four hide the latency of one connection.
pub const PUTS: usize = 4;

/// The buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bucket of plans and staged parts.
    pub work_bucket: String,
    /// Bucket of streams.
    pub output_bucket: String,
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Encrypt<S, C, Q, V, K, M> {
    /// Reads the source and the plan, writes segments.
    pub store: S,
    /// Stores the package and the receipts.
    pub catalog: C,
    /// The dash stage's queue.
    pub queue: Q,
    /// Unwraps the content keys.
    pub vault: V,
    /// The clock.
    pub clock: K,
    /// Measures resource usage.
    pub meter: M,
    /// Settings.
    pub settings: Settings,
}

impl<S, C, Q, V, K, M> Encrypt<S, C, Q, V, K, M>
where
    S: ObjectStore,
    C: Catalog,
    Q: Queue<DashMessage>,
    V: KeyVault,
    K: Clock,
    M: Meter,
{
    /// Handles one message.
    ///
    /// # Errors
    /// Transient errors, and a record that cannot be read; any other permanent error makes the package Failed.
    pub async fn handle(&self, message: &WorkUnitMessage) -> Result<Outcome, Error> {
        let result = self.work(message).await;
        settle(result, Stage::Encrypt, message.package(), message.attempt(), &self.catalog, &self.clock).await
    }

    async fn work(&self, message: &WorkUnitMessage) -> Result<Outcome, Error> {
        let Some(found) = package(&self.catalog, message.package(), message.attempt()).await? else {
            return Ok(Outcome::Nothing);
        };
        match found.state {
            State::Fragmented(_) => {
                self.process_once(message, &found).await?;
                self.finish(message).await
            }
            State::Encrypted { .. } => self.send_to_dash(&found).await,
            State::Ready { .. } | State::Failed { .. } | State::Deleting { .. } => Ok(Outcome::Nothing),
            State::Queued => Err(Error::not_yet("encrypting a work unit", "the package is not planned")),
        }
    }

    /// Processes the work unit, unless it has a receipt.
    async fn process_once(&self, message: &WorkUnitMessage, package: &Package) -> Result<(), Error> {
        let known = self.catalog.has_receipt(&package.id, message.work_unit).await;
        if known.map_err(Error::unavailable("reading the receipt"))? {
            return Ok(());
        }
        let receipt = self.process(message, package).await?;
        let put = self.catalog.put_receipt(&package.id, &receipt).await;
        put.map_err(Error::unavailable("writing the receipt"))
    }

    async fn process(&self, message: &WorkUnitMessage, package: &Package) -> Result<Receipt, Error> {
        let before = self.meter.reading();
        let section = message.section.range()?;
        let work_unit = work_unit(&self.store, &self.settings.work_bucket, package, section).await?;
        let keys = content_keys(&self.vault, package).await?;
        let packager = StreamingPackager::new(&work_unit, &keys).map_err(Error::of_media)?;
        let mut encrypted = Vec::new();
        let packaged = packaged_segments(&self.store, &work_unit, packager, package);
        let packaged = packaged.inspect_ok(|PackagedSegment { segment, .. }| {
            let representation = segment.id.representation;
            if segment.encrypted_samples > 0 && !encrypted.contains(&representation) {
                encrypted.push(representation);
            }
        });
        let (segments, parts) = match (work_unit.layout, message.spans.as_slice()) {
            (Layout::Segments, _) => {
                let bucket = &self.settings.output_bucket;
                let write = |segment| write_segment(&self.store, bucket, segment, package, None);
                let written = packaged.map_ok(write).try_buffered(PUTS).map_ok(|(segment, _)| segment.receipt);
                (written.try_collect().await?, Vec::new())
            }
            (Layout::SingleFile, []) => self.write_files(packaged, package).await?,
            (Layout::SingleFile, spans) => self.write_spans(packaged, spans, &work_unit, package).await?,
        };
        if segments.len() == work_unit.segments.len() {
            let (bytes_read, usage) = (work_unit.source_bytes(), self.meter.reading().since(&before));
            let work_unit = message.work_unit;
            return Ok(Receipt { work_unit, bytes_read, segments, parts, encrypted: Some(encrypted), usage });
        }
        let reason = "the source ended before the work unit did";
        Err(Error::of_media(vpp_media::Error::SourceMismatch { reason }))
    }

    pub(crate) fn output(&self, package: &Package, path: &str) -> Location {
        Location::new(&self.settings.output_bucket, layout::output_key(&package.id, path))
    }

    /// Makes the package Encrypted, if all of its work units are counted.
    async fn finish(&self, message: &WorkUnitMessage) -> Result<Outcome, Error> {
        // A work unit counts for any attempt; only a message of the current attempt continues the package.
        let Some(now) = package(&self.catalog, message.package(), message.attempt()).await? else {
            return Ok(Outcome::Nothing);
        };
        let all = now.state.plan().map(|plan| plan.work_units);
        if Some(now.progress.work_units_done) != all {
            return Ok(Outcome::Done);
        }
        let output = Location::new(&self.settings.output_bucket, layout::output_key(&now.id, ""));
        let work = StageWork { output: Some(output.to_string()), ..StageWork::default() };
        let transition = Transition { attempt: Some(now.attempt), at: self.clock.now(), step: Step::Encrypted, work };
        self.catalog.advance(&now.id, &transition).await.map_err(Error::unavailable("writing Encrypted"))?;
        self.send_to_dash(&now).await
    }

    /// Sends the package to the dash stage.
    async fn send_to_dash(&self, package: &Package) -> Result<Outcome, Error> {
        let next = DashMessage::new(package.id.clone()).for_attempt(package.attempt);
        self.queue.send_all(&[next]).await.map_err(Error::unavailable("sending the package to the dash stage"))?;
        Ok(Outcome::Done)
    }
}
