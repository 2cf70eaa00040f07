//! Make one work unit: read its bytes once, encrypt them in memory, write its segments.
//!
//! The heart is the engine's pure function *(work unit, source bytes, key) → segments*. Around it: one ranged GET per range of
//! the work unit, at the pinned version; one PUT per segment, a few at a time, each with its digest; and the work unit's receipt,
//! which counts once however often the work unit is made. A work unit that has a receipt is not made again. Where a track is a single
//! file, a PUT is of a span of segments (see [`crate::domain::part_plan`]): a part of the file, or a share of one that is kept for the dash
//! stage to gather. A package of one work unit needs neither: its files are written whole, here.
//!
//! Bytes flow through. A segment is encrypted and on its way out as soon as its last byte is in, while the rest of the work unit is
//! still arriving; the bytes are copied once, into the segment's buffer. When [`PUTS`] segments are on their way out, reading
//! waits. So of an interleaved movie memory holds some segments, and of any other no more than the work unit.
//!
//! The function that finds all work units counted makes the package Encrypted and sends it on. Two may find it at the same
//! time; one of them takes the step, both send the message, and the next stage does not mind.

use futures_util::{Stream, StreamExt, TryFutureExt, TryStreamExt, future, stream};
use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{
    FileHead, Layout, PackagedSegment, SegmentSizes, SourceRange, StreamingPackager, WorkUnit, read_work_unit,
};

use crate::domain::layout;
use crate::domain::message::{DashMessage, WorkUnitMessage};
use crate::domain::multipart::OutputUpload;
use crate::domain::object::Location;
use crate::domain::outcome::Outcome;
use crate::domain::package::{Encryption, Package};
use crate::domain::part_plan::PartSpan;
use crate::domain::receipt::{PartLocation, PartReceipt, Receipt, SegmentReceipt};
use crate::domain::state::{Stage, StageWork, State, Step, Transition};
use crate::error::Error;
use crate::ports::{Body, Catalog, Clock, KeyVault, Meter, NewObject, NewPart, ObjectStore, Queue};
use crate::stages::part_assembler::{AssembledSpan, EncryptedSegment, PartAssembler};
use crate::stages::read_presentation::presentation;
use crate::stages::stage::{package, settle};

/// Ranges read at a time: a work unit has one, or one per track of a file that is not interleaved.
const GETS: usize = 8;
/// Segments written at a time: four keep one connection's latency hidden.
const PUTS: usize = 4;

const UNKNOWN_SOURCE: vpp_media::Error =
    vpp_media::Error::BadPlan { reason: "a work unit takes bytes of a source that the package does not have" };

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
pub struct Encrypt<S, C, Q, V, K, M> {
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
    /// What it costs.
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
    /// Only transient ones: a permanent one makes the package Failed.
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
                self.make_once(message, &found).await?;
                self.finish(message).await
            }
            State::Encrypted { .. } => self.send_on(&found).await,
            State::Ready { .. } | State::Failed { .. } | State::Deleting { .. } => Ok(Outcome::Nothing),
            State::Queued => Err(Error::not_yet("making a work unit", "the package is not planned")),
        }
    }

    /// Makes the work unit, unless its receipt says that it is made.
    async fn make_once(&self, message: &WorkUnitMessage, package: &Package) -> Result<(), Error> {
        let known = self.catalog.has_receipt(&package.id, message.work_unit).await;
        if known.map_err(Error::unavailable("reading the receipt"))? {
            return Ok(());
        }
        let receipt = self.make(message, package).await?;
        let put = self.catalog.put_receipt(&package.id, &receipt).await;
        put.map_err(Error::unavailable("writing the receipt"))
    }

    async fn make(&self, message: &WorkUnitMessage, package: &Package) -> Result<Receipt, Error> {
        let before = self.meter.reading();
        let work_unit = self.read_plan(message, package).await?;
        let packager = StreamingPackager::new(&work_unit, &self.keys(package).await?).map_err(Error::of_media)?;
        let made = self.segments(&work_unit, packager, package);
        let (segments, parts) = match (work_unit.layout, message.spans.as_slice()) {
            (Layout::Segments, _) => {
                let written = made.map_ok(|whole| self.write(whole, package)).try_buffered(PUTS);
                (written.try_collect().await?, Vec::new())
            }
            (Layout::SingleFile, []) => self.write_files(made, package).await?,
            (Layout::SingleFile, spans) => self.write_spans(made, spans, &work_unit, package).await?,
        };
        if segments.len() == work_unit.segments.len() {
            let (bytes_read, usage) = (work_unit.source_bytes(), self.meter.reading().since(&before));
            return Ok(Receipt { work_unit: message.work_unit, bytes_read, segments, parts, usage });
        }
        let reason = "the source ended before the work unit did";
        Err(Error::of_media(vpp_media::Error::SourceMismatch { reason }))
    }

    /// The work unit's section of the plan.
    async fn read_plan(&self, message: &WorkUnitMessage, package: &Package) -> Result<WorkUnit, Error> {
        let at = Location::new(&self.settings.work_bucket, layout::plan_key(&package.id));
        let bytes = self.store.read(&at, None, message.section.range()).await;
        read_work_unit(&bytes.map_err(|error| Error::of_store("reading the plan", error))?).map_err(Error::of_media)
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

    /// The work unit's segments, each when the last of its bytes has arrived: its ranges are read side by side, each source at its
    /// pinned version.
    fn segments<'a>(
        &'a self,
        work_unit: &'a WorkUnit,
        mut packager: StreamingPackager<'a>,
        package: &'a Package,
    ) -> impl Stream<Item = Result<PackagedSegment, Error>> + 'a {
        let arrive = move |(position, range): (usize, &'a SourceRange)| {
            let source = package.sources().nth(range.input.into()).ok_or_else(|| Error::of_media(UNKNOWN_SOURCE));
            let pieces = future::ready(source).map_ok(move |source| {
                let pieces = self.store.stream(&source.location, Some(&source.etag), range.bytes.clone());
                pieces.map_ok(move |bytes| (position, bytes)).map_err(Error::of_source)
            });
            Box::pin(pieces.try_flatten_stream())
        };
        let pieces = stream::iter(work_unit.ranges.iter().enumerate().map(arrive)).flatten_unordered(GETS);
        let empty = stream::iter([packager.empty_segments()]);
        let whole = pieces.map(move |piece| piece.map(|(range, bytes)| packager.supply(range, &bytes)));
        let whole = empty.map(Ok).chain(whole).map(|whole| whole?.map_err(Error::of_media));
        whole.map_ok(|whole| stream::iter(whole.into_iter().map(Ok))).try_flatten()
    }

    async fn write(&self, whole: PackagedSegment, package: &Package) -> Result<SegmentReceipt, Error> {
        let path = whole.segment.id.path();
        self.write_text(&whole, package).await?;
        let EncryptedSegment { mut receipt, body } = EncryptedSegment::of(whole);
        let object = NewObject::new(body, layout::output_headers(&path));
        receipt.digest = Some(object.digest);
        let put = self.store.put_if_absent(&self.output(package, &path), object).await;
        put.map_err(|error| Error::of_store("writing a segment", error))?;
        Ok(receipt)
    }

    /// Writes the text file that goes with a segment, in either layout.
    async fn write_text(&self, whole: &PackagedSegment, package: &Package) -> Result<(), Error> {
        if let Some(text) = whole.segment.webvtt() {
            let path = whole.segment.id.webvtt_path();
            let object = NewObject::new(text.as_bytes().to_vec(), layout::output_headers(&path));
            let put = self.store.put_if_absent(&self.output(package, &path), object).await;
            put.map_err(|error| Error::of_store("writing a segment's text file", error))?;
        }
        Ok(())
    }

    /// The segments of a single file, their text files written.
    fn parts_of_files<'a>(
        &'a self,
        made: impl Stream<Item = Result<PackagedSegment, Error>> + 'a,
        package: &'a Package,
    ) -> impl Stream<Item = Result<EncryptedSegment, Error>> + 'a {
        made.and_then(async move |whole| {
            self.write_text(&whole, package).await?;
            Ok(EncryptedSegment::of(whole))
        })
    }

    /// Writes the single files of a package that has one work unit.
    async fn write_files(
        &self,
        made: impl Stream<Item = Result<PackagedSegment, Error>>,
        package: &Package,
    ) -> Result<(Vec<SegmentReceipt>, Vec<PartReceipt>), Error> {
        let presentation = presentation(&self.store, &self.settings.work_bucket, package).await?;
        let mut made: Vec<EncryptedSegment> = self.parts_of_files(made, package).try_collect().await?;
        made.sort_by_key(|made| made.receipt.id.number);
        let mut sizes = SegmentSizes::new(&presentation);
        for segment in &made {
            sizes.set(segment.receipt.id, segment.receipt.size).map_err(Error::of_media)?;
        }
        let heads = presentation.heads(&sizes).map_err(Error::of_media)?;
        let mut pieces = Vec::new();
        for FileHead { representation, bytes } in heads {
            let path = representation.single_file_path();
            let mut body = Body::from(bytes);
            let segments = made.iter().filter(|made| made.receipt.id.representation == representation);
            segments.for_each(|made| body.extend(made.body.clone()));
            let object = NewObject::new(body, layout::output_headers(&path));
            let (bytes, digest) = (object.body.length(), object.digest);
            let put = self.store.put_if_absent(&self.output(package, &path), object).await;
            put.map_err(|error| Error::of_store("writing a file", error))?;
            pieces.push(PartReceipt { representation, bytes, digest, location: PartLocation::File });
        }
        Ok((made.into_iter().map(|made| made.receipt).collect(), pieces))
    }

    /// Writes a work unit's spans, each to its place.
    async fn write_spans(
        &self,
        made: impl Stream<Item = Result<PackagedSegment, Error>>,
        spans: &[PartSpan],
        work_unit: &WorkUnit,
        package: &Package,
    ) -> Result<(Vec<SegmentReceipt>, Vec<PartReceipt>), Error> {
        let mut uploads = Vec::new();
        if spans.iter().any(|span| span.whole) {
            let known = self.catalog.uploads(&package.id).await.map_err(Error::unavailable("reading the uploads"))?;
            uploads = known.unwrap_or_default();
        }
        let mut assembler = PartAssembler::new(spans, work_unit)?;
        let assembler =
            self.parts_of_files(made, package).try_filter_map(|made| future::ready(Ok(assembler.take(made))));
        let written =
            assembler.map_ok(|share| self.write_span(work_unit.index, share, &uploads, package)).try_buffered(PUTS);
        let written: Vec<(Vec<SegmentReceipt>, PartReceipt)> = written.try_collect().await?;
        let (segments, pieces): (Vec<_>, _) = written.into_iter().unzip();
        Ok((segments.into_iter().flatten().collect(), pieces))
    }

    async fn write_span(
        &self,
        work_unit: u32,
        share: AssembledSpan,
        uploads: &[OutputUpload],
        package: &Package,
    ) -> Result<(Vec<SegmentReceipt>, PartReceipt), Error> {
        let AssembledSpan { span, representation, receipts, body } = share;
        let path = representation.single_file_path();
        let (part, bytes) = (span.part, body.length());
        let (digest, location) = if span.whole {
            let upload = uploads.iter().find(|upload| upload.representation == representation);
            let upload = upload.ok_or(Error::not_yet("uploading a part", "its upload is not known"))?;
            let new = NewPart::new(part, body);
            let digest = new.digest;
            let put = self.store.put_part(&self.output(package, &path), &upload.id, new).await;
            let etag = put.map_err(|error| Error::of_store("uploading a part", error))?;
            (digest, PartLocation::Uploaded { part, etag })
        } else {
            let key = layout::staged_part_key(&package.id, representation, part, work_unit);
            let object = NewObject::new(body, layout::work_headers());
            let digest = object.digest;
            let put = self.store.put_if_absent(&Location::new(&self.settings.work_bucket, key), object).await;
            put.map_err(|error| Error::of_store("keeping a piece", error))?;
            (digest, PartLocation::Staged { part })
        };
        Ok((receipts, PartReceipt { representation, bytes, digest, location }))
    }

    fn output(&self, package: &Package, path: &str) -> Location {
        Location::new(&self.settings.output_bucket, layout::output_key(&package.id, path))
    }

    /// Sends the package on, if this was the last work unit to be counted.
    async fn finish(&self, message: &WorkUnitMessage) -> Result<Outcome, Error> {
        // A work unit that was made counts for whichever span; to go on is for the messages of that span.
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
        self.send_on(&now).await
    }

    async fn send_on(&self, package: &Package) -> Result<Outcome, Error> {
        let next = DashMessage::new(package.id.clone()).for_attempt(package.attempt);
        self.queue.send_all(&[next]).await.map_err(Error::unavailable("sending the package on"))?;
        Ok(Outcome::Done)
    }
}
