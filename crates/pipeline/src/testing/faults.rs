//! Faults as values: a wrapper around a port that lets one call of a run fail.
//!
//! A function that is stopped between two calls looks, from outside, as if the second call had failed and nothing had run
//! after it. So letting the *k*-th call fail, for every *k*, is letting the platform crash at every point it can crash at.
//! [`Moment`] says on which side of the call: a call that failed may have taken effect all the same.

use std::future::Future;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use vpp_media::cenc::ContentKey;

use super::lock;
use crate::api::uploads::ClientUpload;
use crate::domain::content::Content;
use crate::domain::id::{ClientUploadId, ContentId, PackageId};
use crate::domain::layout::Headers;
use crate::domain::package::Package;
use crate::domain::state::{Advance, Transition};
use crate::domain::timestamp::Timestamp;
use crate::ports::{
    ArrivedPart, Catalog, ClientUploadStore, ContentFilter, Created, Cursor, DelayQueue, ETag, EdgeCache, Forgetting,
    KeyError, KeyUse, KeyVault, Library, Location, MadeKey, NewObject, NewPart, ObjectRemover, ObjectStore,
    PackageFilter, Page, Part, Piece, Probe, ProbeError, ProbeReport, Put, Queue, Receipt, RequestRecords, StoreError,
    Unavailable, Upload, UploadId, WrappedKey,
};

/// On which side of a call the fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The call never reached the service.
    Before,
    /// The service did it, and the answer was lost.
    After,
}

/// Which call of a run fails. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: usize,
    fault: Option<(usize, Moment)>,
}

impl Faults {
    /// The call number `call` of the run fails, counted from 0.
    #[must_use]
    pub fn at(call: usize, moment: Moment) -> Self {
        Self(Arc::new(Mutex::new(State { calls: 0, fault: Some((call, moment)) })))
    }

    /// How many calls there have been.
    #[must_use]
    pub fn calls(&self) -> usize {
        lock(&self.0).calls
    }

    fn next(&self) -> Option<Moment> {
        let mut state = lock(&self.0);
        let call = state.calls;
        state.calls += 1;
        state.fault.filter(|(at, _)| *at == call).map(|(_, moment)| moment)
    }

    async fn around<T>(&self, call: impl Future<Output = T>) -> Result<T, Unavailable> {
        match self.next() {
            None => Ok(call.await),
            Some(Moment::Before) => Err(fault()),
            Some(Moment::After) => {
                call.await;
                Err(fault())
            }
        }
    }
}

fn fault() -> Unavailable {
    Unavailable::new("Faults", "this call was to fail".into())
}

/// A port behind a fault.
#[derive(Debug, Clone)]
pub struct Faulty<P> {
    port: P,
    faults: Faults,
}

impl<P> Faulty<P> {
    /// `port`, with the calls of `faults` failing.
    pub fn new(port: P, faults: Faults) -> Self {
        Self { port, faults }
    }
}

impl<S: ObjectStore> ObjectStore for Faulty<S> {
    /// The call is one, however many pieces arrive: it fails before the first of them, or behind that one.
    fn stream(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        let begun = async move {
            let arrive = match self.faults.next() {
                None => usize::MAX,
                Some(Moment::Before) => 0,
                Some(Moment::After) => 1,
            };
            let failed = (arrive < usize::MAX).then(|| StoreError::Unavailable { at: at.clone(), source: fault() });
            self.port.stream(at, pin, range).take(arrive).chain(stream::iter(failed.map(Err)))
        };
        begun.flatten_stream()
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<Put, StoreError> {
        let done = self.faults.around(self.port.put_if_absent(at, object)).await;
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

    async fn complete_upload(&self, at: &Location, upload: &UploadId, parts: &[Part]) -> Result<Put, StoreError> {
        let done = self.faults.around(self.port.complete_upload(at, upload, parts)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn abandon_upload(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.abandon_upload(at, upload)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }
}

impl<C: Catalog> Catalog for Faulty<C> {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<Created<Content>, Unavailable> {
        self.faults.around(self.port.create_content(content, package)).await?
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        self.faults.around(self.port.content(id)).await?
    }

    async fn create_package(&self, package: &Package) -> Result<Created<Package>, Unavailable> {
        self.faults.around(self.port.create_package(package)).await?
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        self.faults.around(self.port.package(id)).await?
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        self.faults.around(self.port.advance(id, transition)).await?
    }

    async fn put_uploads(&self, id: &PackageId, uploads: &[Upload]) -> Result<Created<Vec<Upload>>, Unavailable> {
        self.faults.around(self.port.put_uploads(id, uploads)).await?
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<Upload>>, Unavailable> {
        self.faults.around(self.port.uploads(id)).await?
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        self.faults.around(self.port.put_receipt(id, receipt)).await?
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        self.faults.around(self.port.has_receipt(id, work_unit)).await?
    }

    async fn receipts(&self, id: &PackageId) -> Result<Vec<Receipt>, Unavailable> {
        self.faults.around(self.port.receipts(id)).await?
    }
}

impl<S: ObjectRemover> ObjectRemover for Faulty<S> {
    async fn remove_all(&self, bucket: &str, prefix: &str) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.remove_all(bucket, prefix)).await;
        done.map_err(|source| StoreError::Unavailable { at: Location::new(bucket, prefix), source })?
    }

    async fn remove_version(&self, at: &Location, version: Option<&str>, etag: &ETag) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.remove_version(at, version, etag)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }
}

impl<C: Library> Library for Faulty<C> {
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

    async fn bury_content(&self, id: &ContentId, at: Timestamp) -> Result<(), Unavailable> {
        self.faults.around(self.port.bury_content(id, at)).await?
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

    async fn forget_package(&self, id: &PackageId, run: u64) -> Result<(), Unavailable> {
        self.faults.around(self.port.forget_package(id, run)).await?
    }
}

impl<C: RequestRecords> RequestRecords for Faulty<C> {
    async fn put_upload(&self, incoming: &ClientUpload) -> Result<Created<ClientUpload>, Unavailable> {
        self.faults.around(self.port.put_upload(incoming)).await?
    }

    async fn incoming(&self, id: &ClientUploadId) -> Result<Option<ClientUpload>, Unavailable> {
        self.faults.around(self.port.incoming(id)).await?
    }

    async fn forget_upload(&self, id: &ClientUploadId) -> Result<(), Unavailable> {
        self.faults.around(self.port.forget_upload(id)).await?
    }

    async fn claim(&self, key: &str, answer: &str, until: Timestamp) -> Result<Created<String>, Unavailable> {
        self.faults.around(self.port.claim(key, answer, until)).await?
    }
}

impl<S: ClientUploadStore> ClientUploadStore for Faulty<S> {
    async fn object_url(&self, at: &Location, lasts: Duration) -> Result<String, StoreError> {
        let done = self.faults.around(self.port.object_url(at, lasts)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn begin(&self, at: &Location) -> Result<UploadId, StoreError> {
        let done = self.faults.around(self.port.begin(at)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn part_url(
        &self,
        at: &Location,
        upload: &UploadId,
        number: u16,
        lasts: Duration,
    ) -> Result<String, StoreError> {
        let done = self.faults.around(self.port.part_url(at, upload, number, lasts)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn arrived(&self, at: &Location, upload: &UploadId) -> Result<Vec<ArrivedPart>, StoreError> {
        let done = self.faults.around(self.port.arrived(at, upload)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn complete(&self, at: &Location, upload: &UploadId, parts: &[ArrivedPart]) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.complete(at, upload, parts)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn find(&self, at: &Location) -> Result<Option<(ETag, u64)>, StoreError> {
        let done = self.faults.around(self.port.find(at)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }

    async fn give_up(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        let done = self.faults.around(self.port.give_up(at, upload)).await;
        done.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?
    }
}

impl<M: Sync, Q: DelayQueue<M>> DelayQueue<M> for Faulty<Q> {
    async fn send_later(&self, message: &M, wait: Duration) -> Result<(), Unavailable> {
        self.faults.around(self.port.send_later(message, wait)).await?
    }
}

impl<M: Sync, Q: Queue<M>> Queue<M> for Faulty<Q> {
    async fn send_all(&self, messages: &[M]) -> Result<(), Unavailable> {
        self.faults.around(self.port.send_all(messages)).await?
    }
}

impl<E: EdgeCache> EdgeCache for Faulty<E> {
    async fn forget(&self, package: &PackageId, run: u64) -> Result<Forgetting, Unavailable> {
        self.faults.around(self.port.forget(package, run)).await?
    }
}

impl<V: KeyVault> KeyVault for Faulty<V> {
    async fn make(&self, asked: &KeyUse<'_>) -> Result<MadeKey, KeyError> {
        self.faults.around(self.port.make(asked)).await?
    }

    async fn wrap(&self, key: &ContentKey, package: &PackageId) -> Result<WrappedKey, Unavailable> {
        self.faults.around(self.port.wrap(key, package)).await?
    }

    async fn unwrap(&self, wrapped: &WrappedKey, package: &PackageId) -> Result<ContentKey, Unavailable> {
        self.faults.around(self.port.unwrap(wrapped, package)).await?
    }
}

impl<P: Probe> Probe for Faulty<P> {
    async fn probe(&self, length: u64, pieces: &[Piece<'_>]) -> Result<ProbeReport, ProbeError> {
        self.faults.around(self.port.probe(length, pieces)).await.map_err(ProbeError::Unavailable)?
    }
}
