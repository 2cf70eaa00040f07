//! An object store in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::{Stream, TryFutureExt, stream};

use super::lock::lock;
use crate::domain::client_upload::StoredPart;
use crate::domain::layout::{Headers, work_headers};
use crate::domain::multipart::{MAX_PARTS, MIN_PART_BYTES, UploadId};
use crate::domain::object::{Digest, ETag, Location};
use crate::domain::resource_usage::MeterReading;
use crate::domain::uploaded_object::UploadedObject;
use crate::domain::when::RetentionDays;
use crate::error::Unavailable;
use crate::ports::{
    ClientUploadStore, Meter, NewObject, NewPart, ObjectDeleter, ObjectStore, PutOutcome, StoreError, UploadedPart,
};

/// Chunk length of a read, chosen so that samples do not end at chunk boundaries.
const CHUNK_BYTES: usize = 10_007;

/// An object store in memory. Clones share the objects.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone)]
struct State {
    objects: BTreeMap<Location, Stored>,
    bytes_read: BTreeMap<String, u64>,
    usage: MeterReading,
    /// Open uploads, and the number of all uploads so far.
    uploads: BTreeMap<String, OpenUpload>,
    begun: usize,
    min_part_bytes: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            bytes_read: BTreeMap::new(),
            usage: MeterReading::default(),
            uploads: BTreeMap::new(),
            begun: 0,
            min_part_bytes: MIN_PART_BYTES,
        }
    }
}

/// An open upload.
#[derive(Debug, Clone)]
struct OpenUpload {
    at: Location,
    headers: Headers,
    parts: BTreeMap<u16, Vec<u8>>,
}

/// A stored object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes.
    pub bytes: Bytes,
    /// Media type and cache rule; `None` for a user's upload.
    pub headers: Option<Headers>,
    /// When it expires; `None` if it stays.
    pub retention: Option<RetentionDays>,
}

impl Stored {
    /// Computes the entity tag from the bytes, as S3 does for an object of one part.
    fn etag(&self) -> ETag {
        etag_of(&self.bytes)
    }
}

impl MemoryStore {
    /// Creates a store that requires `bytes` in every part but the last, instead of S3's limit.
    #[must_use]
    pub fn with_min_part_bytes(bytes: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State { min_part_bytes: bytes, ..State::default() })) }
    }

    /// Returns an independent store with the same objects.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { state: Arc::new(Mutex::new(lock(&self.state).clone())) }
    }

    /// Returns the number of open uploads.
    #[must_use]
    pub fn open_uploads(&self) -> usize {
        lock(&self.state).uploads.len()
    }

    /// Deletes the objects that expire, as lifecycle rules do after some days.
    pub fn expire_objects(&self) {
        lock(&self.state).objects.retain(|_, stored| stored.retention.is_none());
    }

    /// Aborts all uploads, as the lifecycle rule does after some days.
    pub fn expire_uploads(&self) {
        lock(&self.state).uploads.clear();
    }

    /// Writes an object as a user does, over an existing one.
    #[must_use]
    pub fn upload(&self, at: &Location, bytes: &[u8]) -> ETag {
        let stored = Stored { bytes: Bytes::copy_from_slice(bytes), headers: None, retention: None };
        let etag = stored.etag();
        lock(&self.state).objects.insert(at.clone(), stored);
        etag
    }

    /// Deletes an object.
    pub fn delete(&self, at: &Location) {
        lock(&self.state).objects.remove(at);
    }

    /// Returns all objects of a bucket, by key.
    #[must_use]
    pub fn bucket(&self, bucket: &str) -> BTreeMap<String, Stored> {
        let state = lock(&self.state);
        let objects = state.objects.iter().filter(|(at, _)| at.bucket() == bucket);
        objects.map(|(at, stored)| (at.key().to_owned(), stored.clone())).collect()
    }

    /// Returns the total bytes read from a bucket.
    #[must_use]
    pub fn bytes_read(&self, bucket: &str) -> u64 {
        lock(&self.state).bytes_read.get(bucket).copied().unwrap_or_default()
    }

    fn get(&self, at: &Location, pin: Option<&ETag>, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let mut state = lock(&self.state);
        state.usage.gets += 1;
        let stored = state.objects.get(at).ok_or_else(|| StoreError::Missing { at: at.clone() })?;
        if pin.is_some_and(|pin| *pin != stored.etag()) {
            return Err(StoreError::Changed { at: at.clone() });
        }
        let clip = |end: u64| usize::try_from(end).unwrap_or(usize::MAX).min(stored.bytes.len());
        let bytes = stored.bytes.get(clip(range.start)..clip(range.end)).unwrap_or_default().to_vec();
        *state.bytes_read.entry(at.bucket().to_owned()).or_default() += bytes.len() as u64;
        Ok(bytes)
    }
}

/// Counts the store's requests; time and memory are zero.
impl Meter for MemoryStore {
    fn reading(&self) -> MeterReading {
        lock(&self.state).usage
    }
}

impl ObjectStore for MemoryStore {
    fn stream(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        let got = async move { self.get(at, pin, range) };
        got.map_ok(|bytes| {
            stream::iter(bytes.chunks(CHUNK_BYTES).map(Bytes::copy_from_slice).map(Ok).collect::<Vec<_>>())
        })
        .try_flatten_stream()
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<PutOutcome, StoreError> {
        let mut state = lock(&self.state);
        state.usage.puts += 1;
        match state.objects.get(at) {
            Some(stored) if Digest::of(&stored.bytes) == object.digest => Ok(PutOutcome::AlreadyExists),
            Some(_) => Err(StoreError::DifferentBytes { at: at.clone() }),
            None => {
                let stored = Stored {
                    bytes: object.body.to_vec().into(),
                    headers: Some(object.headers),
                    retention: object.retention,
                };
                state.objects.insert(at.clone(), stored);
                Ok(PutOutcome::Created)
            }
        }
    }

    async fn put(&self, at: &Location, object: NewObject) -> Result<(), StoreError> {
        let mut state = lock(&self.state);
        state.usage.puts += 1;
        let stored =
            Stored { bytes: object.body.to_vec().into(), headers: Some(object.headers), retention: object.retention };
        state.objects.insert(at.clone(), stored);
        Ok(())
    }

    async fn begin_upload(&self, at: &Location, headers: Headers) -> Result<UploadId, StoreError> {
        let mut state = lock(&self.state);
        state.usage.puts += 1;
        let id = format!("upload {}", state.begun);
        state.begun += 1;
        state.uploads.insert(id.clone(), OpenUpload { at: at.clone(), headers, parts: BTreeMap::new() });
        Ok(UploadId::new(id))
    }

    async fn put_part(&self, at: &Location, upload: &UploadId, part: NewPart) -> Result<ETag, StoreError> {
        let mut state = lock(&self.state);
        state.usage.puts += 1;
        let open = state.uploads.get_mut(upload.as_str()).filter(|open| open.at == *at);
        let open = open.ok_or_else(|| StoreError::UploadEnded { at: at.clone() })?;
        let bytes = part.body.to_vec();
        let etag = etag_of(&bytes);
        open.parts.insert(part.number, bytes);
        Ok(etag)
    }

    async fn complete_upload(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[UploadedPart],
    ) -> Result<PutOutcome, StoreError> {
        let mut state = lock(&self.state);
        state.usage.puts += 1;
        if let Some(stored) = state.objects.get(at) {
            let same = is_concatenation(&stored.bytes, parts);
            return if same {
                Ok(PutOutcome::AlreadyExists)
            } else {
                Err(StoreError::DifferentBytes { at: at.clone() })
            };
        }
        let open = state.uploads.get(upload.as_str()).filter(|open| open.at == *at);
        let open = open.ok_or_else(|| StoreError::UploadEnded { at: at.clone() })?;
        let broken = |why: &'static str| StoreError::Unavailable {
            at: at.clone(),
            source: Unavailable::new("MemoryStore", why.into()),
        };
        let mut bytes = Vec::new();
        let mut number = 0;
        for (position, part) in parts.iter().enumerate() {
            let held = open.parts.get(&part.number).filter(|held| Some(etag_of(held)) == part.etag);
            let held = held.ok_or_else(|| broken("InvalidPart"))?;
            if (held.len() as u64) < state.min_part_bytes && position + 1 < parts.len() {
                return Err(broken("EntityTooSmall"));
            }
            if part.number <= number || u64::from(part.number) > MAX_PARTS {
                return Err(broken("InvalidPartOrder"));
            }
            number = part.number;
            bytes.extend_from_slice(held);
        }
        let stored = Stored { bytes: bytes.into(), headers: Some(open.headers), retention: None };
        state.uploads.remove(upload.as_str());
        state.objects.insert(at.clone(), stored);
        Ok(PutOutcome::Created)
    }

    async fn abort_upload(&self, _at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        lock(&self.state).uploads.remove(upload.as_str());
        Ok(())
    }
}

/// Objects have no version ids here.
impl ObjectDeleter for MemoryStore {
    async fn delete_prefix(&self, bucket: &str, prefix: &str) -> Result<(), StoreError> {
        lock(&self.state).objects.retain(|at, _| at.bucket() != bucket || !at.key().starts_with(prefix));
        Ok(())
    }

    async fn delete_version(&self, at: &Location, _version: Option<&str>, etag: &ETag) -> Result<(), StoreError> {
        let mut state = lock(&self.state);
        if state.objects.get(at).is_some_and(|stored| stored.etag() == *etag) {
            state.objects.remove(at);
        }
        Ok(())
    }
}

/// The URLs are placeholders; a test uploads parts by `put_part`.
impl ClientUploadStore for MemoryStore {
    async fn begin(&self, at: &Location) -> Result<UploadId, StoreError> {
        self.begin_upload(at, work_headers()).await
    }

    async fn presign_part(
        &self,
        at: &Location,
        upload: &UploadId,
        number: u16,
        _bytes: u64,
        _ttl: Duration,
    ) -> Result<String, StoreError> {
        Ok(format!("https://store.example/{}?uploadId={upload}&partNumber={number}", at.key()))
    }

    async fn list_parts(&self, at: &Location, upload: &UploadId) -> Result<Vec<StoredPart>, StoreError> {
        let state = lock(&self.state);
        let open = state.uploads.get(upload.as_str()).filter(|open| open.at == *at);
        let open = open.ok_or_else(|| StoreError::UploadEnded { at: at.clone() })?;
        let part = |(number, bytes): (&u16, &Vec<u8>)| StoredPart {
            number: *number,
            bytes: bytes.len() as u64,
            etag: etag_of(bytes),
        };
        Ok(open.parts.iter().map(part).collect())
    }

    async fn complete(&self, at: &Location, upload: &UploadId, parts: &[StoredPart]) -> Result<(), StoreError> {
        let digest = |part: &StoredPart| {
            let state = lock(&self.state);
            let held = state.uploads.get(upload.as_str()).and_then(|open| open.parts.get(&part.number));
            held.map(|held| Digest::of(held))
        };
        let part = |part: &StoredPart| {
            let digest = digest(part)?;
            Some(UploadedPart { number: part.number, bytes: part.bytes, digest, etag: Some(part.etag.clone()) })
        };
        let parts: Option<Vec<UploadedPart>> = parts.iter().map(part).collect();
        let parts = parts.ok_or_else(|| StoreError::UploadEnded { at: at.clone() })?;
        self.complete_upload(at, upload, &parts).await.map(|_| ())
    }

    async fn find(&self, at: &Location) -> Result<Option<UploadedObject>, StoreError> {
        let object = |stored: &Stored| UploadedObject {
            location: at.clone(),
            etag: stored.etag(),
            version_id: None,
            bytes: stored.bytes.len() as u64,
        };
        Ok(lock(&self.state).objects.get(at).map(object))
    }

    async fn abort(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        self.abort_upload(at, upload).await
    }
}

fn etag_of(bytes: &[u8]) -> ETag {
    ETag::new(&HEXLOWER.encode(&Digest::of(bytes).0))
}

/// Returns whether `bytes` are the concatenation of the parts.
fn is_concatenation(mut bytes: &[u8], parts: &[UploadedPart]) -> bool {
    let fits = parts.iter().all(|part| {
        let length = usize::try_from(part.bytes).unwrap_or(usize::MAX);
        let Some((head, rest)) = bytes.split_at_checked(length) else { return false };
        bytes = rest;
        Digest::of(head) == part.digest
    });
    fits && bytes.is_empty()
}
