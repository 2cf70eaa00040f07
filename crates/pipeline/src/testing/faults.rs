//! Faults as values: a wrapper around a port that makes one call of a run fail.
//!
//! From outside, a function that stops between two calls looks as if the second call had failed. So making the *k*-th call
//! fail, for every *k*, covers every point at which the platform can crash. A call that fails may have taken effect:
//! [`FaultPoint`] states whether it has.

use std::future::Future;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use vpp_media::cenc::ContentKey;

use super::lock::lock;
use crate::domain::client_upload::{ClientUpload, StoredPart};
use crate::domain::content::Content;
use crate::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use crate::domain::id::{ClientUploadId, ContentId, PackageId};
use crate::domain::layout::Headers;
use crate::domain::listing::{ContentFilter, Cursor, PackageFilter, Page};
use crate::domain::multipart::{OutputUpload, UploadId};
use crate::domain::object::{ETag, Location};
use crate::domain::package::Package;
use crate::domain::probe_report::ProbeReport;
use crate::domain::receipt::{MadeSegment, Receipt};
use crate::domain::revision::{Publication, Revision};
use crate::domain::state::{Advance, Transition};
use crate::domain::timestamp::Timestamp;
use crate::domain::uploaded_object::UploadedObject;
use crate::error::Unavailable;
use crate::ports::{
    Catalog, ClientUploadStore, Commit, CreateOutcome, DelayQueue, DeletedFile, DeletionRecords, EdgeCache, FileChunk,
    Invalidation, KeyError, KeyVault, Listing, NewObject, NewPart, ObjectDeleter, ObjectStore, PackageDeletion, Probe,
    ProbeError, PutOutcome, Queue, ReceiptPage, RequestRecords, Revisions, StoreError, Tombstone, UploadedPart,
};

/// Whether the fault is before or after the effect of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultPoint {
    /// The call never reached the service.
    Before,
    /// The call took effect, and its response was lost.
    After,
}

/// The failing call of a run. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: usize,
    fault: Option<(usize, FaultPoint)>,
}

impl Faults {
    /// Makes the call number `call` of the run fail, counted from 0.
    #[must_use]
    pub fn at(call: usize, point: FaultPoint) -> Self {
        Self(Arc::new(Mutex::new(State { calls: 0, fault: Some((call, point)) })))
    }

    /// Returns the number of calls so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        lock(&self.0).calls
    }

    fn next(&self) -> Option<FaultPoint> {
        let mut state = lock(&self.0);
        let call = state.calls;
        state.calls += 1;
        state.fault.filter(|(at, _)| *at == call).map(|(_, point)| point)
    }

    async fn around<T>(&self, call: impl Future<Output = T>) -> Result<T, Unavailable> {
        match self.next() {
            None => Ok(call.await),
            Some(FaultPoint::Before) => Err(fault()),
            Some(FaultPoint::After) => {
                call.await;
                Err(fault())
            }
        }
    }
}

fn fault() -> Unavailable {
    Unavailable::new("Faults", "injected fault".into())
}

/// A port with injected faults.
#[derive(Debug, Clone)]
pub struct Faulty<P> {
    port: P,
    faults: Faults,
}

impl<P> Faulty<P> {
    /// Wraps `port`.
    pub fn new(port: P, faults: Faults) -> Self {
        Self { port, faults }
    }
}

impl<S: ObjectStore> ObjectStore for Faulty<S> {
    /// Counts the stream as one call, however many chunks arrive: it fails before the first chunk or after it.
    fn stream(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        let begun = async move {
            let arrive = match self.faults.next() {
                None => usize::MAX,
                Some(FaultPoint::Before) => 0,
                Some(FaultPoint::After) => 1,
            };
            let failed = (arrive < usize::MAX).then(|| StoreError::Unavailable { at: at.clone(), source: fault() });
            self.port.stream(at, pin, range).take(arrive).chain(stream::iter(failed.map(Err)))
        };
        begun.flatten_stream()
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<PutOutcome, StoreError> {
        let done = self.faults.around(self.port.put_if_absent(at, object)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn put(&self, at: &Location, object: NewObject) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.put(at, object)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn begin_upload(&self, at: &Location, headers: Headers) -> Result<UploadId, StoreError> {
        let done = self.faults.around(self.port.begin_upload(at, headers)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn put_part(&self, at: &Location, upload: &UploadId, part: NewPart) -> Result<ETag, StoreError> {
        let done = self.faults.around(self.port.put_part(at, upload, part)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn complete_upload(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[UploadedPart],
    ) -> Result<PutOutcome, StoreError> {
        let done = self.faults.around(self.port.complete_upload(at, upload, parts)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn abort_upload(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.abort_upload(at, upload)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }
}

impl<C: Catalog> Catalog for Faulty<C> {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<CreateOutcome<Content>, Unavailable> {
        self.faults.around(self.port.create_content(content, package)).await?
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        self.faults.around(self.port.content(id)).await?
    }

    async fn create_package(&self, package: &Package) -> Result<CreateOutcome<Package>, Unavailable> {
        self.faults.around(self.port.create_package(package)).await?
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        self.faults.around(self.port.package(id)).await?
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        self.faults.around(self.port.advance(id, transition)).await?
    }

    async fn make_ahead(&self, id: &PackageId) -> Result<(), Unavailable> {
        self.faults.around(self.port.make_ahead(id)).await?
    }

    async fn count_made(&self, id: &PackageId, made: &MadeSegment) -> Result<(), Unavailable> {
        self.faults.around(self.port.count_made(id, made)).await?
    }

    async fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[OutputUpload],
    ) -> Result<CreateOutcome<Vec<OutputUpload>>, Unavailable> {
        self.faults.around(self.port.put_uploads(id, uploads)).await?
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<OutputUpload>>, Unavailable> {
        self.faults.around(self.port.uploads(id)).await?
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        self.faults.around(self.port.put_receipt(id, receipt)).await?
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        self.faults.around(self.port.has_receipt(id, work_unit)).await?
    }

    async fn receipts(&self, id: &PackageId, after: Option<u32>) -> Result<ReceiptPage, Unavailable> {
        self.faults.around(self.port.receipts(id, after)).await?
    }
}

impl<S: ObjectDeleter> ObjectDeleter for Faulty<S> {
    async fn delete_prefix(&self, bucket: &str, prefix: &str) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.delete_prefix(bucket, prefix)).await;
        done.map_err(|source| StoreError::Unavailable { at: Location::new(bucket, prefix), source })?
    }

    async fn delete_version(&self, at: &Location, version: Option<&str>, etag: &ETag) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.delete_version(at, version, etag)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }
}

impl<C: Listing> Listing for Faulty<C> {
    async fn contents(
        &self,
        filter: &ContentFilter,
        limit: u16,
        after: Option<&Cursor<ContentId>>,
    ) -> Result<Page<Content, ContentId>, Unavailable> {
        self.faults.around(self.port.contents(filter, limit, after)).await?
    }

    async fn packages(
        &self,
        filter: &PackageFilter,
        limit: u16,
        after: Option<&Cursor<PackageId>>,
    ) -> Result<Page<Package, PackageId>, Unavailable> {
        self.faults.around(self.port.packages(filter, limit, after)).await?
    }
}

impl<C: DeletionRecords> DeletionRecords for Faulty<C> {
    async fn mark_content_deleted(&self, id: &ContentId, tombstone: Tombstone) -> Result<(), Unavailable> {
        self.faults.around(self.port.mark_content_deleted(id, tombstone)).await?
    }

    async fn deleted_file(&self, id: &ContentId) -> Result<Option<DeletedFile>, Unavailable> {
        self.faults.around(self.port.deleted_file(id)).await?
    }

    async fn condemn_package(&self, id: &PackageId, at: Timestamp) -> Result<Option<u64>, Unavailable> {
        self.faults.around(self.port.condemn_package(id, at)).await?
    }

    async fn package_deletion(&self, id: &PackageId) -> Result<Option<PackageDeletion>, Unavailable> {
        self.faults.around(self.port.package_deletion(id)).await?
    }

    async fn lease_deletion(
        &self,
        id: &PackageId,
        run: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, Unavailable> {
        self.faults.around(self.port.lease_deletion(id, run, now, until)).await?
    }

    async fn purge_package(&self, id: &PackageId, run: u64) -> Result<(), Unavailable> {
        self.faults.around(self.port.purge_package(id, run)).await?
    }
}

impl<C: RequestRecords> RequestRecords for Faulty<C> {
    async fn put_client_upload(&self, upload: &ClientUpload) -> Result<CreateOutcome<ClientUpload>, Unavailable> {
        self.faults.around(self.port.put_client_upload(upload)).await?
    }

    async fn client_upload(&self, id: &ClientUploadId) -> Result<Option<ClientUpload>, Unavailable> {
        self.faults.around(self.port.client_upload(id)).await?
    }

    async fn delete_client_upload(&self, id: &ClientUploadId) -> Result<(), Unavailable> {
        self.faults.around(self.port.delete_client_upload(id)).await?
    }

    async fn claim_idempotency_key(
        &self,
        key: &str,
        answer: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<CreateOutcome<String>, Unavailable> {
        self.faults.around(self.port.claim_idempotency_key(key, answer, now, until)).await?
    }
}

impl<S: ClientUploadStore> ClientUploadStore for Faulty<S> {
    async fn begin(&self, at: &Location) -> Result<UploadId, StoreError> {
        let done = self.faults.around(self.port.begin(at)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn presign_part(
        &self,
        at: &Location,
        upload: &UploadId,
        number: u16,
        bytes: u64,
        lasts: Duration,
    ) -> Result<String, StoreError> {
        let done = self.faults.around(self.port.presign_part(at, upload, number, bytes, lasts)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn list_parts(&self, at: &Location, upload: &UploadId) -> Result<Vec<StoredPart>, StoreError> {
        let done = self.faults.around(self.port.list_parts(at, upload)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn complete(&self, at: &Location, upload: &UploadId, parts: &[StoredPart]) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.complete(at, upload, parts)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn find(&self, at: &Location) -> Result<Option<UploadedObject>, StoreError> {
        let done = self.faults.around(self.port.find(at)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn abort(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.abort(at, upload)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }
}

impl<M: Sync, Q: DelayQueue<M>> DelayQueue<M> for Faulty<Q> {
    async fn send_delayed(&self, message: &M, wait: Duration) -> Result<(), Unavailable> {
        self.faults.around(self.port.send_delayed(message, wait)).await?
    }
}

impl<M: Sync, Q: Queue<M>> Queue<M> for Faulty<Q> {
    async fn send_all(&self, messages: &[M]) -> Result<(), Unavailable> {
        self.faults.around(self.port.send_all(messages)).await?
    }
}

impl<E: EdgeCache> EdgeCache for Faulty<E> {
    async fn invalidate(
        &self,
        package: &PackageId,
        attempt: u64,
        begun: Option<&str>,
    ) -> Result<Invalidation, Unavailable> {
        self.faults.around(self.port.invalidate(package, attempt, begun)).await?
    }

    async fn forget_manifests(&self, package: &PackageId, attempt: u64, revision: u32) -> Result<(), Unavailable> {
        self.faults.around(self.port.forget_manifests(package, attempt, revision)).await?
    }
}

impl<C: Revisions> Revisions for Faulty<C> {
    async fn commit_revision(&self, id: &PackageId, attempt: u64, revision: &Revision) -> Result<Commit, Unavailable> {
        self.faults.around(self.port.commit_revision(id, attempt, revision)).await?
    }

    async fn revision(&self, id: &PackageId, number: u32) -> Result<Option<Revision>, Unavailable> {
        self.faults.around(self.port.revision(id, number)).await?
    }

    async fn settle_revision(
        &self,
        id: &PackageId,
        attempt: u64,
        publication: &Publication,
    ) -> Result<(), Unavailable> {
        self.faults.around(self.port.settle_revision(id, attempt, publication)).await?
    }
}

impl<V: KeyVault> KeyVault for Faulty<V> {
    async fn generate(&self, request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyError> {
        self.faults.around(self.port.generate(request)).await?
    }

    async fn wrap(&self, key: &ContentKey, package: &PackageId) -> Result<WrappedKey, Unavailable> {
        self.faults.around(self.port.wrap(key, package)).await?
    }

    async fn unwrap(&self, wrapped: &WrappedKey, package: &PackageId) -> Result<ContentKey, Unavailable> {
        self.faults.around(self.port.unwrap(wrapped, package)).await?
    }
}

impl<P: Probe> Probe for Faulty<P> {
    async fn probe(&self, length: u64, pieces: &[FileChunk<'_>]) -> Result<ProbeReport, ProbeError> {
        self.faults.around(self.port.probe(length, pieces)).await.map_err(ProbeError::Unavailable)?
    }
}
