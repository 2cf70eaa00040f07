//! Make one slice: read its bytes once, encrypt them in memory, write its segments.
//!
//! The heart is the engine's pure function *(slice, source bytes, key) → segments*. Around it: one ranged GET per range of
//! the slice, at the pinned version; one PUT per segment, a few at a time, each with its digest; and the slice's receipt,
//! which counts once however often the slice is made. A slice that has a receipt is not made again. Where a track is a single
//! file, a PUT is of a run of segments (see [`crate::parts`]): a part of the file, or a share of one that is kept for the dash
//! stage to gather. A package of one slice needs neither: its files are written whole, here.
//!
//! Memory holds the slice's source bytes, in which the engine encrypts in place, and [`PUTS`] segments on their way out:
//! independent of the source's size.
//!
//! The function that finds all slices counted makes the package Encrypted and sends it on. Two may find it at the same
//! time; one of them takes the step, both send the message, and the next stage does not mind.

use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{Layout, Segment, SegmentSizes, Slice, SliceSource, SourceRange, package_slice, read_slice};

use crate::error::Error;
use crate::layout;
use crate::message::{DashMessage, Message, SliceMessage};
use crate::package::{Encryption, Package};
use crate::parts::Run;
use crate::plan::presentation;
use crate::ports::{
    Catalog, Clock, Digest, KeyVault, Location, NewObject, NewPart, ObjectStore, PieceReceipt, Place, Queue, Receipt,
    SegmentReceipt, Upload,
};
use crate::stage::{Outcome, package, settle};
use crate::state::{Stage, State, Step, Transition, Work};

/// Ranges read at a time: a slice has one, or one per track of a file that is not interleaved.
const GETS: usize = 8;
/// Segments written at a time. Each holds a copy of its bytes; four keep one connection's latency hidden.
const PUTS: usize = 4;

const UNKNOWN_SOURCE: vpp_media::Error =
    vpp_media::Error::BadPlan { reason: "a slice takes bytes of a source that the package does not have" };

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
        let (segments, pieces) = match slice.layout {
            Layout::Segments => {
                let segments = made.iter().map(|segment| self.write(segment, &source, package));
                (stream::iter(segments).buffered(PUTS).try_collect().await?, Vec::new())
            }
            Layout::SingleFile => {
                let texts = made.iter().map(|segment| self.write_text(segment, package));
                stream::iter(texts).buffered(PUTS).try_collect::<()>().await?;
                let pieces = match message.runs.as_slice() {
                    [] => self.write_files(&made, &source, package).await?,
                    runs => self.write_runs(message.slice, runs, &slice, &made, &source, package).await?,
                };
                (made.iter().map(|segment| receipt(segment, &source)).collect(), pieces)
            }
        };
        Ok(Receipt { slice: message.slice, bytes_read: slice.source_bytes(), segments, pieces })
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

    /// The slice's bytes of its sources, range by range, each source at its pinned version.
    async fn read_source(&self, slice: &Slice, package: &Package) -> Result<SliceSource, Error> {
        let read = |range: &SourceRange| {
            let (source, bytes) = (package.sources().nth(range.input.into()), range.bytes.clone());
            async move {
                let source = source.ok_or_else(|| Error::of_media(UNKNOWN_SOURCE))?;
                self.store.read(&source.location, Some(&source.etag), bytes).await.map_err(Error::of_source)
            }
        };
        let ranges: Vec<Vec<u8>> = stream::iter(slice.ranges.iter().map(read)).buffered(GETS).try_collect().await?;
        SliceSource::new(slice, ranges).map_err(Error::of_media)
    }

    async fn write(&self, segment: &Segment, source: &SliceSource, package: &Package) -> Result<SegmentReceipt, Error> {
        let path = segment.path();
        let at = Location::new(&self.settings.output_bucket, layout::output_key(&package.id, &path));
        let object = NewObject::new(segment.to_vec(source), layout::output_headers(&path));
        let digest = object.digest;
        let put = self.store.put_if_absent(&at, object).await;
        put.map_err(|error| Error::of_store("writing a segment", error))?;
        self.write_text(segment, package).await?;
        let (representation, number) = (segment.representation.clone(), segment.number);
        Ok(SegmentReceipt { representation, number, size: segment.size(), digest })
    }

    /// Writes the text file that goes with a segment, in either layout.
    async fn write_text(&self, segment: &Segment, package: &Package) -> Result<(), Error> {
        if let Some((path, text)) = segment.text_file() {
            let object = NewObject::new(text.to_vec(), layout::output_headers(&path));
            let put = self.store.put_if_absent(&self.output(package, &path), object).await;
            put.map_err(|error| Error::of_store("writing a segment's text file", error))?;
        }
        Ok(())
    }

    /// Writes the single files of a package that has one slice.
    async fn write_files(
        &self,
        made: &[Segment],
        source: &SliceSource,
        package: &Package,
    ) -> Result<Vec<PieceReceipt>, Error> {
        let presentation = presentation(&self.store, &self.settings.work_bucket, package).await?;
        let mut sizes = SegmentSizes::new(&presentation);
        for segment in made {
            let noted = sizes.set(&presentation, &segment.representation, segment.number, segment.size());
            noted.map_err(Error::of_media)?;
        }
        let heads = presentation.heads(&sizes).map_err(Error::of_media)?;
        let mut pieces = Vec::new();
        for (own, head) in presentation.representations.iter().zip(heads) {
            let mut bytes = head.bytes;
            let segments = made.iter().filter(|segment| segment.representation == own.name);
            segments.flat_map(|segment| segment.pieces(source)).for_each(|piece| bytes.extend_from_slice(piece));
            let object = NewObject::new(bytes, layout::output_headers(&head.path));
            let (length, digest) = (object.bytes.len() as u64, object.digest);
            let put = self.store.put_if_absent(&self.output(package, &head.path), object).await;
            put.map_err(|error| Error::of_store("writing a file", error))?;
            pieces.push(PieceReceipt { representation: own.name.clone(), bytes: length, digest, place: Place::File });
        }
        Ok(pieces)
    }

    /// Writes a slice's runs, each to its place.
    async fn write_runs(
        &self,
        number: u32,
        runs: &[Run],
        slice: &Slice,
        made: &[Segment],
        source: &SliceSource,
        package: &Package,
    ) -> Result<Vec<PieceReceipt>, Error> {
        let mut uploads = Vec::new();
        if runs.iter().any(|run| run.whole) {
            let known = self.catalog.uploads(&package.id).await.map_err(Error::unavailable("reading the uploads"))?;
            uploads = known.unwrap_or_default();
        }
        let shares = shares(runs, slice, made)?;
        let written = shares.into_iter().map(|share| self.write_run(number, share, source, &uploads, package));
        stream::iter(written).buffered(PUTS).try_collect().await
    }

    async fn write_run(
        &self,
        slice: u32,
        share: Share<'_>,
        source: &SliceSource,
        uploads: &[Upload],
        package: &Package,
    ) -> Result<PieceReceipt, Error> {
        let mut bytes = Vec::new();
        let pieces = share.segments.iter().flat_map(|segment| segment.pieces(source));
        pieces.for_each(|piece| bytes.extend_from_slice(piece));
        let (part, length) = (share.run.part, bytes.len() as u64);
        let (digest, place) = if share.run.whole {
            let upload = uploads.iter().find(|upload| upload.representation == share.representation);
            let upload = upload.ok_or(Error::not_yet("uploading a part", "its upload is not known"))?;
            let new = NewPart::new(part, bytes);
            let digest = new.digest;
            let put = self.store.put_part(&self.output(package, &share.path), &upload.id, new).await;
            let etag = put.map_err(|error| Error::of_store("uploading a part", error))?;
            (digest, Place::Uploaded { part, etag })
        } else {
            let key = layout::piece_key(&package.id, share.representation, part, slice);
            let object = NewObject::new(bytes, layout::plan_headers());
            let digest = object.digest;
            let put = self.store.put_if_absent(&Location::new(&self.settings.work_bucket, key), object).await;
            put.map_err(|error| Error::of_store("keeping a piece", error))?;
            (digest, Place::Kept { part })
        };
        Ok(PieceReceipt { representation: share.representation.to_owned(), bytes: length, digest, place })
    }

    fn output(&self, package: &Package, path: &str) -> Location {
        Location::new(&self.settings.output_bucket, layout::output_key(&package.id, path))
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

/// The segments of a run.
struct Share<'s> {
    run: Run,
    representation: &'s str,
    path: String,
    segments: Vec<&'s Segment>,
}

/// Deals a slice's segments out to its runs: every segment to one.
fn shares<'s>(runs: &[Run], slice: &'s Slice, made: &'s [Segment]) -> Result<Vec<Share<'s>>, Error> {
    let misfit = || Error::permanent("bad_plan", "the runs of a slice are not those of its segments");
    let mut shares: Vec<Share<'s>> = Vec::new();
    for run in runs {
        let track = slice.tracks.get(usize::from(run.track)).ok_or_else(misfit)?;
        let earlier = shares.iter().filter(|share| share.run.track == run.track);
        let dealt: usize = earlier.map(|share| share.segments.len()).sum();
        let own = made.iter().filter(|segment| segment.representation == track.name);
        let segments: Vec<_> = own.skip(dealt).take(usize::from(run.segments)).collect();
        shares.push(Share { run: *run, representation: &track.name, path: track.file_path(), segments });
    }
    let dealt: usize = shares.iter().map(|share| share.segments.len()).sum();
    if dealt == made.len() { Ok(shares) } else { Err(misfit()) }
}

/// The receipt of a segment that is written with others.
fn receipt(segment: &Segment, source: &SliceSource) -> SegmentReceipt {
    let (representation, number) = (segment.representation.clone(), segment.number);
    SegmentReceipt { representation, number, size: segment.size(), digest: Digest::of_pieces(segment.pieces(source)) }
}
