//! The in-memory ports with recorded answers, and their behaviour when a rule of the design is broken.

use std::future::Future;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryFutureExt, TryStreamExt, stream};
use vpp_media::cenc::ContentKey;
use vpp_pipeline::domain::client_upload::ClientUpload;
use vpp_pipeline::domain::content::Content;
use vpp_pipeline::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use vpp_pipeline::domain::id::{ClientUploadId, ContentId, PackageId};
use vpp_pipeline::domain::layout::Headers;
use vpp_pipeline::domain::listing::{ContentFilter, Cursor, PackageFilter, Page};
use vpp_pipeline::domain::message::{DashMessage, DeletionMessage, FragmentMessage, WorkUnitMessage};
use vpp_pipeline::domain::multipart::{OutputUpload, UploadId};
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::probe_report::ProbeReport;
use vpp_pipeline::domain::receipt::{MadeSegment, Receipt};
use vpp_pipeline::domain::resource_usage::MeterReading;
use vpp_pipeline::domain::revision::{Publication, Revision};
use vpp_pipeline::domain::state::{Advance, Status, Transition};
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{
    Catalog, Clock, Commit, CreateOutcome, DelayQueue, DeletedFile, DeletionRecords, EdgeCache, FileChunk,
    Invalidation, KeyError, KeyVault, Listing, Meter, NewObject, NewPart, ObjectDeleter, ObjectStore, PackageDeletion,
    Probe, ProbeError, PutOutcome, Queue, ReceiptPage, RequestRecords, Revisions, StoreError, Tombstone, UploadedPart,
};
use vpp_pipeline::testing::{MemoryCatalog, MemoryEdgeCache, MemoryProbe, MemoryStore, MemoryVault};

use crate::broken_rules::{BrokenRule, DeferredStep};
use crate::replay::{Replay, Visibility};
use crate::work::Work;

/// A port behind a replay.
#[derive(Debug, Clone)]
pub(crate) struct Replayed<P> {
    pub(crate) port: P,
    pub(crate) replay: Replay,
    pub(crate) broken: BrokenRule,
    /// The status that the work leads to, if it is a stage's.
    pub(crate) leads_to: Option<Status>,
    pub(crate) deferred: DeferredStep,
    pub(crate) observed: ObservedCalls,
}

/// The calls that are events of their own in the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObservedCalls {
    /// Reads of the source: it may change between them.
    pub(crate) sources: bool,
    /// Writes and reads of objects: they may be deleted between them. No object but manifests, whose replacement is always
    /// observed, is written twice with different bytes, so without deletions the order does not matter.
    pub(crate) objects: bool,
}

impl Replayed<MemoryStore> {
    fn reading(&self, at: &Location) -> Visibility {
        let is_observed = if at.bucket() == "uploads" { self.observed.sources } else { self.observed.objects };
        if is_observed { Visibility::Read } else { Visibility::Private }
    }

    fn writing(&self) -> Visibility {
        if self.observed.objects { Visibility::Write } else { Visibility::PrivateWrite }
    }
}

impl ObjectStore for Replayed<MemoryStore> {
    fn stream(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        let pin = pin.filter(|_| self.broken != BrokenRule::SourceNotPinned);
        let whole = self.port.stream(at, pin, range).try_collect::<Vec<Bytes>>();
        let replayed = self.replay.store_call(self.reading(at), at, whole);
        replayed.map_ok(|pieces| stream::iter(pieces).map(Ok)).try_flatten_stream()
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<PutOutcome, StoreError> {
        self.replay.store_call(self.writing(), at, self.port.put_if_absent(at, object)).await
    }

    async fn put(&self, at: &Location, object: NewObject) -> Result<(), StoreError> {
        self.replay.store_call(Visibility::Write, at, self.port.put(at, object)).await
    }

    async fn begin_upload(&self, at: &Location, headers: Headers) -> Result<UploadId, StoreError> {
        self.replay.store_call(Visibility::Write, at, self.port.begin_upload(at, headers)).await
    }

    async fn put_part(&self, at: &Location, upload: &UploadId, part: NewPart) -> Result<ETag, StoreError> {
        self.replay.store_call(Visibility::Write, at, self.port.put_part(at, upload, part)).await
    }

    async fn complete_upload(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[UploadedPart],
    ) -> Result<PutOutcome, StoreError> {
        self.replay.store_call(Visibility::Write, at, self.port.complete_upload(at, upload, parts)).await
    }

    async fn abort_upload(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        self.replay.store_call(Visibility::Write, at, self.port.abort_upload(at, upload)).await
    }
}

impl ObjectDeleter for Replayed<MemoryStore> {
    async fn delete_prefix(&self, bucket: &str, prefix: &str) -> Result<(), StoreError> {
        let at = Location::new(bucket, prefix);
        self.replay.store_call(Visibility::Write, &at, self.port.delete_prefix(bucket, prefix)).await
    }

    async fn delete_version(&self, at: &Location, version: Option<&str>, etag: &ETag) -> Result<(), StoreError> {
        self.replay.store_call(Visibility::Write, at, self.port.delete_version(at, version, etag)).await
    }
}

impl Catalog for Replayed<MemoryCatalog> {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<CreateOutcome<Content>, Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.create_content(content, package)).await
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        self.replay.catalog_call(Visibility::Read, self.port.content(id)).await
    }

    async fn create_package(&self, package: &Package) -> Result<CreateOutcome<Package>, Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.create_package(package)).await
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        let first = self.replay.is_at_start();
        let found = self.replay.catalog_call(Visibility::Read, self.port.package(id)).await?;
        let hidden = first && self.broken == BrokenRule::NothingSentWhenDone;
        Ok(found.filter(|package| !(hidden && Some(package.status()) == self.leads_to)))
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        if self.broken == BrokenRule::MessageFirst && self.deferred.defer(id, transition) {
            return Ok(Advance::Done);
        }
        let step = async {
            let any_attempt = Transition { attempt: None, ..transition.clone() };
            let transition = if self.broken == BrokenRule::StepsOfAnyAttempt { &any_attempt } else { transition };
            let advance = self.port.advance(id, transition).await?;
            if self.broken == BrokenRule::UnconditionalWrites && advance != Advance::Done {
                self.port.tamper(id, |package| crate::broken_rules::force(package, transition));
                return Ok(Advance::Done);
            }
            Ok(advance)
        };
        self.replay.catalog_call(Visibility::Write, step).await
    }

    async fn make_ahead(&self, id: &PackageId) -> Result<(), Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.make_ahead(id)).await
    }

    async fn count_made(&self, id: &PackageId, made: &MadeSegment) -> Result<(), Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.count_made(id, made)).await
    }

    async fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[OutputUpload],
    ) -> Result<CreateOutcome<Vec<OutputUpload>>, Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.put_uploads(id, uploads)).await
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<OutputUpload>>, Unavailable> {
        self.replay.catalog_call(Visibility::Read, self.port.uploads(id)).await
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        let known = self.port.has_receipt(id, receipt.work_unit);
        let put = self.port.put_receipt(id, receipt);
        match self.broken {
            BrokenRule::WorkUnitsCountedAgain => {
                let counted = async {
                    let known = known.await?;
                    put.await?;
                    self.port.tamper(id, |package| {
                        if known {
                            package.count(receipt);
                        }
                    });
                    Ok(())
                };
                self.replay.catalog_call(Visibility::Write, counted).await
            }
            BrokenRule::CountedApart => {
                let stored = async {
                    let known = known.await?;
                    let before = self.port.package(id).await?;
                    put.await?;
                    self.port.tamper(id, |package| {
                        package.progress = before.map_or(package.progress, |before| before.progress);
                    });
                    Ok(known)
                };
                let known = self.replay.catalog_call(Visibility::Write, stored).await?;
                let counted = async {
                    self.port.tamper(id, |package| {
                        if !known {
                            package.count(receipt);
                        }
                    });
                    Ok(())
                };
                self.replay.catalog_call(Visibility::Write, counted).await
            }
            _ => self.replay.catalog_call(Visibility::Write, put).await,
        }
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        self.replay.catalog_call(Visibility::Read, self.port.has_receipt(id, work_unit)).await
    }

    async fn receipts(&self, id: &PackageId, after: Option<u32>) -> Result<ReceiptPage, Unavailable> {
        self.replay.catalog_call(Visibility::Read, self.port.receipts(id, after)).await
    }
}

impl Listing for Replayed<MemoryCatalog> {
    async fn contents(
        &self,
        filter: &ContentFilter,
        limit: u16,
        after: Option<&Cursor<ContentId>>,
    ) -> Result<Page<Content, ContentId>, Unavailable> {
        self.replay.catalog_call(Visibility::Read, self.port.contents(filter, limit, after)).await
    }

    async fn packages(
        &self,
        filter: &PackageFilter,
        limit: u16,
        after: Option<&Cursor<PackageId>>,
    ) -> Result<Page<Package, PackageId>, Unavailable> {
        self.replay.catalog_call(Visibility::Read, self.port.packages(filter, limit, after)).await
    }
}

impl DeletionRecords for Replayed<MemoryCatalog> {
    async fn mark_content_deleted(&self, id: &ContentId, tombstone: Tombstone) -> Result<(), Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.mark_content_deleted(id, tombstone)).await
    }

    async fn deleted_file(&self, id: &ContentId) -> Result<Option<DeletedFile>, Unavailable> {
        self.replay.catalog_call(Visibility::Read, self.port.deleted_file(id)).await
    }

    async fn condemn_package(&self, id: &PackageId, at: Timestamp) -> Result<Option<u64>, Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.condemn_package(id, at)).await
    }

    async fn package_deletion(&self, id: &PackageId) -> Result<Option<PackageDeletion>, Unavailable> {
        self.replay.catalog_call(Visibility::Read, self.port.package_deletion(id)).await
    }

    async fn lease_deletion(
        &self,
        id: &PackageId,
        attempt: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, Unavailable> {
        let lease = async {
            let leased = self.port.lease_deletion(id, attempt, now, until).await?;
            Ok(leased || self.broken == BrokenRule::LeaseForAll)
        };
        self.replay.catalog_call(Visibility::Write, lease).await
    }

    async fn purge_package(&self, id: &PackageId, attempt: u64) -> Result<(), Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.purge_package(id, attempt)).await
    }
}

impl RequestRecords for Replayed<MemoryCatalog> {
    async fn put_client_upload(&self, upload: &ClientUpload) -> Result<CreateOutcome<ClientUpload>, Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.put_client_upload(upload)).await
    }

    async fn client_upload(&self, id: &ClientUploadId) -> Result<Option<ClientUpload>, Unavailable> {
        self.replay.catalog_call(Visibility::Read, self.port.client_upload(id)).await
    }

    async fn delete_client_upload(&self, id: &ClientUploadId) -> Result<(), Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.delete_client_upload(id)).await
    }

    async fn claim_idempotency_key(
        &self,
        key: &str,
        answer: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<CreateOutcome<String>, Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.claim_idempotency_key(key, answer, now, until)).await
    }
}

/// Unwrapping a key is a function of the key; generating one is not.
impl KeyVault for Replayed<MemoryVault> {
    async fn generate(&self, request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyError> {
        let generated =
            async { self.port.generate(request).await.map_err(|error| Unavailable::new("generate", error.into())) };
        Ok(self.replay.catalog_call(Visibility::Private, generated).await?)
    }

    fn wrap(
        &self,
        key: &ContentKey,
        package: &PackageId,
    ) -> impl Future<Output = Result<WrappedKey, Unavailable>> + Send {
        self.port.wrap(key, package)
    }

    fn unwrap(
        &self,
        wrapped: &WrappedKey,
        package: &PackageId,
    ) -> impl Future<Output = Result<ContentKey, Unavailable>> + Send {
        self.port.unwrap(wrapped, package)
    }
}

impl Revisions for Replayed<MemoryCatalog> {
    async fn commit_revision(&self, id: &PackageId, attempt: u64, revision: &Revision) -> Result<Commit, Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.commit_revision(id, attempt, revision)).await
    }

    async fn revision(&self, id: &PackageId, number: u32) -> Result<Option<Revision>, Unavailable> {
        // A revision never changes.
        self.replay.catalog_call(Visibility::Private, self.port.revision(id, number)).await
    }

    async fn settle_revision(
        &self,
        id: &PackageId,
        attempt: u64,
        publication: &Publication,
    ) -> Result<(), Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.settle_revision(id, attempt, publication)).await
    }
}

impl EdgeCache for Replayed<MemoryEdgeCache> {
    async fn invalidate(
        &self,
        package: &PackageId,
        attempt: u64,
        begun: Option<&str>,
    ) -> Result<Invalidation, Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.invalidate(package, attempt, begun)).await
    }

    async fn forget_manifests(&self, package: &PackageId, attempt: u64, revision: u32) -> Result<(), Unavailable> {
        self.replay.catalog_call(Visibility::Write, self.port.forget_manifests(package, attempt, revision)).await
    }
}

/// The probe's report is always the same.
impl Probe for Replayed<MemoryProbe> {
    fn probe(
        &self,
        length: u64,
        pieces: &[FileChunk<'_>],
    ) -> impl Future<Output = Result<ProbeReport, ProbeError>> + Send {
        self.port.probe(length, pieces)
    }
}

/// The messages that one step of the search has sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<Vec<(Work, Duration)>>>);

impl Outbox {
    fn push(&self, work: impl Iterator<Item = Work>, wait: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(work.map(|work| (work, wait)));
    }

    /// Takes all messages, each with its delay.
    pub(crate) fn take(&self) -> Vec<(Work, Duration)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A queue, and the catalog, which is written after the message when that rule is broken.
#[derive(Debug, Clone)]
pub(crate) struct ModelQueue {
    pub(crate) outbox: Outbox,
    pub(crate) catalog: Replayed<MemoryCatalog>,
}

impl ModelQueue {
    async fn send<M: Clone + Into<Work> + Sync>(&self, messages: &[M], wait: Duration) -> Result<(), Unavailable> {
        let work = messages.iter().cloned().map(Into::into);
        let sent = async {
            self.outbox.push(work, wait);
            Ok(())
        };
        self.catalog.replay.catalog_call(Visibility::Write, sent).await?;
        if let Some((id, transition)) = self.catalog.deferred.take() {
            let step = self.catalog.port.advance(&id, &transition);
            self.catalog.replay.catalog_call(Visibility::Write, step).await?;
        }
        Ok(())
    }
}

macro_rules! carries {
    ($($message:ident),+) => {
        $(impl Queue<$message> for ModelQueue {
            async fn send_all(&self, messages: &[$message]) -> Result<(), Unavailable> {
                self.send(messages, Duration::ZERO).await
            }
        })+
    };
}

carries!(FragmentMessage, WorkUnitMessage, DashMessage, DeletionMessage);

impl DelayQueue<DeletionMessage> for ModelQueue {
    async fn send_delayed(&self, message: &DeletionMessage, wait: Duration) -> Result<(), Unavailable> {
        self.send(std::slice::from_ref(message), wait).await
    }
}

/// A clock that is frozen while a handler runs, at the time at which the handler started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FixedClock(pub(crate) u64);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from(UNIX_EPOCH + Duration::from_millis(self.0))
    }
}

/// A meter that measures nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoMeter;

impl Meter for NoMeter {
    fn reading(&self) -> MeterReading {
        MeterReading::default()
    }
}
