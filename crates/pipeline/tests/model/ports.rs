//! The in-memory ports behind a tape, and what they would do if a rule of the design were broken.

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
use vpp_pipeline::domain::receipt::Receipt;
use vpp_pipeline::domain::resource_usage::MeterReading;
use vpp_pipeline::domain::state::{Advance, Status, Transition};
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{
    Catalog, Clock, CreateOutcome, DelayQueue, DeletionRecords, EdgeCache, FileChunk, InvalidationStatus, KeyError,
    KeyVault, Listing, Meter, NewObject, NewPart, ObjectDeleter, ObjectStore, Probe, ProbeError, PutOutcome, Queue,
    RequestRecords, StoreError, UploadedPart,
};
use vpp_pipeline::testing::{MemoryCatalog, MemoryEdgeCache, MemoryProbe, MemoryStore, MemoryVault};

use crate::broken::{Behind, Broken};
use crate::tape::{Reach, Tape};
use crate::work::Work;

/// A port behind a tape.
#[derive(Debug, Clone)]
pub(crate) struct Taped<P> {
    pub(crate) port: P,
    pub(crate) tape: Tape,
    pub(crate) broken: Broken,
    /// The status that the work leads to, if it is a stage's.
    pub(crate) leads_to: Option<Status>,
    pub(crate) behind: Behind,
    pub(crate) look: Look,
}

/// Which calls are looked at one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Reads of the source: it may change in between.
    pub(crate) at_sources: bool,
    /// Writes and reads of objects: they may be deleted in between. No object is written twice with other bytes, so without
    /// deletions nobody can tell when it was.
    pub(crate) at_objects: bool,
}

impl Taped<MemoryStore> {
    fn reading(&self, at: &Location) -> Reach {
        let seen = if at.bucket() == "uploads" { self.look.at_sources } else { self.look.at_objects };
        if seen { Reach::Read } else { Reach::Own }
    }

    fn writing(&self) -> Reach {
        if self.look.at_objects { Reach::Write } else { Reach::OwnWrite }
    }
}

impl ObjectStore for Taped<MemoryStore> {
    fn stream(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        let pin = pin.filter(|_| self.broken != Broken::SourceNotPinned);
        let whole = self.port.stream(at, pin, range).try_collect::<Vec<Bytes>>();
        let played = self.tape.play_store(self.reading(at), at, whole);
        played.map_ok(|pieces| stream::iter(pieces).map(Ok)).try_flatten_stream()
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<PutOutcome, StoreError> {
        self.tape.play_store(self.writing(), at, self.port.put_if_absent(at, object)).await
    }

    async fn begin_upload(&self, at: &Location, headers: Headers) -> Result<UploadId, StoreError> {
        self.tape.play_store(Reach::Write, at, self.port.begin_upload(at, headers)).await
    }

    async fn put_part(&self, at: &Location, upload: &UploadId, part: NewPart) -> Result<ETag, StoreError> {
        self.tape.play_store(Reach::Write, at, self.port.put_part(at, upload, part)).await
    }

    async fn complete_upload(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[UploadedPart],
    ) -> Result<PutOutcome, StoreError> {
        self.tape.play_store(Reach::Write, at, self.port.complete_upload(at, upload, parts)).await
    }

    async fn abort_upload(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        self.tape.play_store(Reach::Write, at, self.port.abort_upload(at, upload)).await
    }
}

impl ObjectDeleter for Taped<MemoryStore> {
    async fn delete_prefix(&self, bucket: &str, prefix: &str) -> Result<(), StoreError> {
        let at = Location::new(bucket, prefix);
        self.tape.play_store(Reach::Write, &at, self.port.delete_prefix(bucket, prefix)).await
    }

    async fn delete_version(&self, at: &Location, version: Option<&str>, etag: &ETag) -> Result<(), StoreError> {
        self.tape.play_store(Reach::Write, at, self.port.delete_version(at, version, etag)).await
    }
}

impl Catalog for Taped<MemoryCatalog> {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<CreateOutcome<Content>, Unavailable> {
        self.tape.play_catalog(Reach::Write, self.port.create_content(content, package)).await
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        self.tape.play_catalog(Reach::Read, self.port.content(id)).await
    }

    async fn create_package(&self, package: &Package) -> Result<CreateOutcome<Package>, Unavailable> {
        self.tape.play_catalog(Reach::Write, self.port.create_package(package)).await
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        let first = self.tape.is_at_start();
        let found = self.tape.play_catalog(Reach::Read, self.port.package(id)).await?;
        let hidden = first && self.broken == Broken::NothingSentWhenDone;
        Ok(found.filter(|package| !(hidden && Some(package.status()) == self.leads_to)))
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        if self.broken == Broken::MessageFirst && self.behind.takes(id, transition) {
            return Ok(Advance::Done);
        }
        let step = async {
            let any_run = Transition { attempt: None, ..transition.clone() };
            let transition = if self.broken == Broken::StepsOfAnyRun { &any_run } else { transition };
            let advance = self.port.advance(id, transition).await?;
            if self.broken == Broken::UnconditionalWrites && advance != Advance::Done {
                self.port.tamper(id, |package| crate::broken::force(package, transition));
                return Ok(Advance::Done);
            }
            Ok(advance)
        };
        self.tape.play_catalog(Reach::Write, step).await
    }

    async fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[OutputUpload],
    ) -> Result<CreateOutcome<Vec<OutputUpload>>, Unavailable> {
        self.tape.play_catalog(Reach::Write, self.port.put_uploads(id, uploads)).await
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<OutputUpload>>, Unavailable> {
        self.tape.play_catalog(Reach::Read, self.port.uploads(id)).await
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        let known = self.port.has_receipt(id, receipt.work_unit);
        let put = self.port.put_receipt(id, receipt);
        match self.broken {
            Broken::WorkUnitsCountedAgain => {
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
                self.tape.play_catalog(Reach::Write, counted).await
            }
            Broken::CountedApart => {
                let kept = async {
                    let known = known.await?;
                    let before = self.port.package(id).await?;
                    put.await?;
                    self.port.tamper(id, |package| {
                        package.progress = before.map_or(package.progress, |before| before.progress);
                    });
                    Ok(known)
                };
                let known = self.tape.play_catalog(Reach::Write, kept).await?;
                let counted = async {
                    self.port.tamper(id, |package| {
                        if !known {
                            package.count(receipt);
                        }
                    });
                    Ok(())
                };
                self.tape.play_catalog(Reach::Write, counted).await
            }
            _ => self.tape.play_catalog(Reach::Write, put).await,
        }
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        self.tape.play_catalog(Reach::Read, self.port.has_receipt(id, work_unit)).await
    }

    async fn receipts(&self, id: &PackageId) -> Result<Vec<Receipt>, Unavailable> {
        self.tape.play_catalog(Reach::Read, self.port.receipts(id)).await
    }
}

impl Listing for Taped<MemoryCatalog> {
    async fn contents(
        &self,
        filter: &ContentFilter,
        limit: u16,
        after: Option<&Cursor<ContentId>>,
    ) -> Result<Page<Content, ContentId>, Unavailable> {
        self.tape.play_catalog(Reach::Read, self.port.contents(filter, limit, after)).await
    }

    async fn packages(
        &self,
        filter: &PackageFilter,
        limit: u16,
        after: Option<&Cursor<PackageId>>,
    ) -> Result<Page<Package, PackageId>, Unavailable> {
        self.tape.play_catalog(Reach::Read, self.port.packages(filter, limit, after)).await
    }
}

impl DeletionRecords for Taped<MemoryCatalog> {
    async fn mark_content_deleted(&self, id: &ContentId, at: Timestamp) -> Result<(), Unavailable> {
        self.tape.play_catalog(Reach::Write, self.port.mark_content_deleted(id, at)).await
    }

    async fn lease_deletion(
        &self,
        id: &PackageId,
        run: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, Unavailable> {
        let lease = async {
            let leased = self.port.lease_deletion(id, run, now, until).await?;
            Ok(leased || self.broken == Broken::LeaseForAll)
        };
        self.tape.play_catalog(Reach::Write, lease).await
    }

    async fn purge_package(&self, id: &PackageId, run: u64) -> Result<(), Unavailable> {
        self.tape.play_catalog(Reach::Write, self.port.purge_package(id, run)).await
    }
}

impl RequestRecords for Taped<MemoryCatalog> {
    async fn put_client_upload(&self, incoming: &ClientUpload) -> Result<CreateOutcome<ClientUpload>, Unavailable> {
        self.tape.play_catalog(Reach::Write, self.port.put_client_upload(incoming)).await
    }

    async fn client_upload(&self, id: &ClientUploadId) -> Result<Option<ClientUpload>, Unavailable> {
        self.tape.play_catalog(Reach::Read, self.port.client_upload(id)).await
    }

    async fn delete_client_upload(&self, id: &ClientUploadId) -> Result<(), Unavailable> {
        self.tape.play_catalog(Reach::Write, self.port.delete_client_upload(id)).await
    }

    async fn claim_idempotency_key(
        &self,
        key: &str,
        answer: &str,
        until: Timestamp,
    ) -> Result<CreateOutcome<String>, Unavailable> {
        self.tape.play_catalog(Reach::Write, self.port.claim_idempotency_key(key, answer, until)).await
    }
}

/// To unwrap a key is a function of the key; to make one is not.
impl KeyVault for Taped<MemoryVault> {
    async fn generate(&self, request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyError> {
        let made = async { self.port.generate(request).await.map_err(|error| Unavailable::new("make", error.into())) };
        Ok(self.tape.play_catalog(Reach::Own, made).await?)
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

impl EdgeCache for Taped<MemoryEdgeCache> {
    async fn invalidate(&self, package: &PackageId, run: u64) -> Result<InvalidationStatus, Unavailable> {
        self.tape.play_catalog(Reach::Write, self.port.invalidate(package, run)).await
    }
}

/// A probe's answer is always the same.
impl Probe for Taped<MemoryProbe> {
    fn probe(
        &self,
        length: u64,
        pieces: &[FileChunk<'_>],
    ) -> impl Future<Output = Result<ProbeReport, ProbeError>> + Send {
        self.port.probe(length, pieces)
    }
}

/// What was sent in one step of the search.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<Vec<(Work, Duration)>>>);

impl Outbox {
    fn post(&self, work: impl Iterator<Item = Work>, wait: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(work.map(|work| (work, wait)));
    }

    /// Takes everything out: what, and how long it is to be kept.
    pub(crate) fn take(&self) -> Vec<(Work, Duration)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A queue and the catalog, which is written late where messages go first.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) outbox: Outbox,
    pub(crate) catalog: Taped<MemoryCatalog>,
}

impl Post {
    async fn send<M: Clone + Into<Work> + Sync>(&self, messages: &[M], wait: Duration) -> Result<(), Unavailable> {
        let work = messages.iter().cloned().map(Into::into);
        let sent = async {
            self.outbox.post(work, wait);
            Ok(())
        };
        self.catalog.tape.play_catalog(Reach::Write, sent).await?;
        if let Some((id, transition)) = self.catalog.behind.give() {
            let step = self.catalog.port.advance(&id, &transition);
            self.catalog.tape.play_catalog(Reach::Write, step).await?;
        }
        Ok(())
    }
}

macro_rules! carries {
    ($($message:ident),+) => {
        $(impl Queue<$message> for Post {
            async fn send_all(&self, messages: &[$message]) -> Result<(), Unavailable> {
                self.send(messages, Duration::ZERO).await
            }
        })+
    };
}

carries!(FragmentMessage, WorkUnitMessage, DashMessage, DeletionMessage);

impl DelayQueue<DeletionMessage> for Post {
    async fn send_delayed(&self, message: &DeletionMessage, wait: Duration) -> Result<(), Unavailable> {
        self.send(std::slice::from_ref(message), wait).await
    }
}

/// A clock that stands while a handler runs: the time at which it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since(pub(crate) u64);

impl Clock for Since {
    fn now(&self) -> Timestamp {
        Timestamp::from(UNIX_EPOCH + Duration::from_millis(self.0))
    }
}

/// Nothing costs anything here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Free;

impl Meter for Free {
    fn reading(&self) -> MeterReading {
        MeterReading::default()
    }
}
