//! Make one slice: read its bytes once, encrypt them in memory, write its segments.
//!
//! The heart is the engine's pure function *(slice, source bytes, key) → segments*. Around it: one ranged GET per range of
//! the slice, at the pinned version; one PUT per segment, a few at a time, each with its digest; and the slice's receipt,
//! which counts once however often the slice is made. A slice that has a receipt is not made again.
//!
//! Memory holds the slice's source bytes, in which the engine encrypts in place, and [`PUTS`] segments on their way out:
//! independent of the source's size.
//!
//! The function that finds all slices counted makes the package Encrypted and sends it on. Two may find it at the same
//! time; one of them takes the step, both send the message, and the next stage does not mind.

use std::ops::Range;

use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{Segment, Slice, SliceSource, package_slice, read_slice};

use crate::error::Error;
use crate::layout;
use crate::message::{DashMessage, Message, SliceMessage};
use crate::package::{Encryption, Package};
use crate::ports::{Catalog, Clock, KeyVault, Location, NewObject, ObjectStore, Queue, Receipt, SegmentReceipt};
use crate::stage::{Outcome, package, settle};
use crate::state::{Stage, State, Step, Transition, Work};

/// Ranges read at a time: a slice has one, or one per track of a file that is not interleaved.
const GETS: usize = 8;
/// Segments written at a time. Each holds a copy of its bytes; four keep one connection's latency hidden.
const PUTS: usize = 4;

/// Where plans and streams lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bucket of plans.
    pub work_bucket: String,
    /// Bucket of streams.
    pub output_bucket: String,
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Encrypt<S, C, Q, V, K> {
    /// Reads the source and the plan, writes segments.
    pub store: S,
    /// Remembers the package and the receipts.
    pub catalog: C,
    /// The dash stage's queue.
    pub queue: Q,
    /// Unwraps the content key.
    pub vault: V,
    /// The time.
    pub clock: K,
    /// Settings.
    pub settings: Settings,
}

impl<S, C, Q, V, K> Encrypt<S, C, Q, V, K>
where
    S: ObjectStore,
    C: Catalog,
    Q: Queue<DashMessage>,
    V: KeyVault,
    K: Clock,
{
    /// Handles one message.
    ///
    /// # Errors
    /// Only transient ones: a permanent one makes the package Failed.
    pub async fn handle(&self, message: &SliceMessage) -> Result<Outcome, Error> {
        let result = self.work(message).await;
        settle(result, Stage::Encrypt, message.package(), &self.catalog, &self.clock).await
    }

    async fn work(&self, message: &SliceMessage) -> Result<Outcome, Error> {
        let found = package(&self.catalog, message.package()).await?;
        match found.state {
            State::Fragmented(_) => {
                self.make_once(message, &found).await?;
                self.finish(message).await
            }
            State::Encrypted { .. } => self.send_on(message).await,
            State::Ready { .. } | State::Failed { .. } => Ok(Outcome::Nothing),
            State::Queued => Err(Error::not_yet("making a slice", "the package is not planned")),
        }
    }

    /// Makes the slice, unless its receipt says that it is made.
    async fn make_once(&self, message: &SliceMessage, package: &Package) -> Result<(), Error> {
        let known = self.catalog.has_receipt(&package.id, message.slice).await;
        if known.map_err(Error::unavailable("reading the receipt"))? {
            return Ok(());
        }
        let receipt = self.make(message, package).await?;
        let put = self.catalog.put_receipt(&package.id, &receipt).await;
        put.map_err(Error::unavailable("writing the receipt"))
    }

    async fn make(&self, message: &SliceMessage, package: &Package) -> Result<Receipt, Error> {
        let slice = self.read_plan(message, package).await?;
        let keys = self.keys(package).await?;
        let mut source = self.read_source(&slice, package).await?;
        let made = package_slice(&slice, &mut source, &keys).map_err(Error::of_media)?;
        drop(keys);
        let segments = stream::iter(made.iter().map(|segment| self.write(segment, &source, package)))
            .buffered(PUTS)
            .try_collect()
            .await?;
        Ok(Receipt { slice: message.slice, bytes_read: slice.source_bytes(), segments })
    }

    /// The slice's section of the plan.
    async fn read_plan(&self, message: &SliceMessage, package: &Package) -> Result<Slice, Error> {
        let at = Location::new(&self.settings.work_bucket, layout::plan_key(&package.id));
        let bytes = self.store.read(&at, None, message.section.range()).await;
        read_slice(&bytes.map_err(|error| Error::of_store("reading the plan", error))?).map_err(Error::of_media)
    }

    /// The keys of the package's tracks.
    async fn keys(&self, package: &Package) -> Result<ContentKeys, Error> {
        let wrapped = package.encryption.iter().flat_map(Encryption::keys);
        let keys = stream::iter(wrapped).then(|(kid, wrapped)| async move {
            let key = self.vault.unwrap(wrapped, &package.id).await;
            key.map(|key| (kid, key)).map_err(Error::unavailable("unwrapping a content key"))
        });
        let keys: Vec<_> = keys.try_collect().await?;
        Ok(keys.into_iter().collect())
    }

    /// The slice's bytes of the source, range by range.
    async fn read_source(&self, slice: &Slice, package: &Package) -> Result<SliceSource, Error> {
        let source = &package.source;
        let read = |range: Range<u64>| async move {
            let bytes = self.store.read(&source.location, Some(&source.etag), range).await;
            bytes.map_err(Error::of_source)
        };
        let ranges: Vec<Vec<u8>> =
            stream::iter(slice.ranges.iter().cloned().map(read)).buffered(GETS).try_collect().await?;
        SliceSource::new(slice, ranges).map_err(Error::of_media)
    }

    async fn write(&self, segment: &Segment, source: &SliceSource, package: &Package) -> Result<SegmentReceipt, Error> {
        let path = segment.path();
        let at = Location::new(&self.settings.output_bucket, layout::output_key(&package.id, &path));
        let object = NewObject::new(segment.to_vec(source), layout::output_headers(&path));
        let digest = object.digest;
        let put = self.store.put_if_absent(&at, object).await;
        put.map_err(|error| Error::of_store("writing a segment", error))?;
        if let Some((path, text)) = segment.text_file() {
            let at = Location::new(&self.settings.output_bucket, layout::output_key(&package.id, &path));
            let put = self.store.put_if_absent(&at, NewObject::new(text.to_vec(), layout::output_headers(&path))).await;
            put.map_err(|error| Error::of_store("writing a segment's text file", error))?;
        }
        let (representation, number) = (segment.representation.clone(), segment.number);
        Ok(SegmentReceipt { representation, number, size: segment.size(), digest })
    }

    /// Sends the package on, if this was the last slice to be counted.
    async fn finish(&self, message: &SliceMessage) -> Result<Outcome, Error> {
        let now = package(&self.catalog, message.package()).await?;
        let all = now.state.plan().map(|plan| plan.slices);
        if Some(now.tally.slices_done) != all {
            return Ok(Outcome::Done);
        }
        let output = Location::new(&self.settings.output_bucket, layout::output_key(&now.id, ""));
        let work = Work { output: Some(output.to_string()), ..Work::default() };
        let transition = Transition { at: self.clock.now(), step: Step::Encrypted, work };
        self.catalog.advance(&now.id, &transition).await.map_err(Error::unavailable("writing Encrypted"))?;
        self.send_on(message).await
    }

    async fn send_on(&self, message: &SliceMessage) -> Result<Outcome, Error> {
        let next = DashMessage::new(message.package().clone());
        self.queue.send_all(&[next]).await.map_err(Error::unavailable("sending the package on"))?;
        Ok(Outcome::Done)
    }
}
