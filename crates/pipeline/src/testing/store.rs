//! Objects in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use data_encoding::HEXLOWER;

use super::lock;
use crate::layout::Headers;
use crate::ports::{Digest, ETag, Location, NewObject, ObjectStore, Put, StoreError};

/// An object store in memory. Clones share the objects.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<Location, Stored>,
    bytes_read: BTreeMap<String, u64>,
}

/// An object that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How it is served; uploads have none.
    pub headers: Option<Headers>,
}

impl Stored {
    /// A function of the bytes, as on S3 for an object of one part.
    fn etag(&self) -> ETag {
        ETag::new(&HEXLOWER.encode(&Digest::of(&self.bytes).0))
    }
}

impl MemoryStore {
    /// Puts an object there as an uploader does, over whatever stood there.
    #[must_use]
    pub fn upload(&self, at: &Location, bytes: &[u8]) -> ETag {
        let stored = Stored { bytes: bytes.to_vec(), headers: None };
        let etag = stored.etag();
        lock(&self.state).objects.insert(at.clone(), stored);
        etag
    }

    /// Deletes an object.
    pub fn delete(&self, at: &Location) {
        lock(&self.state).objects.remove(at);
    }

    /// All objects of a bucket, by key.
    #[must_use]
    pub fn bucket(&self, bucket: &str) -> BTreeMap<String, Stored> {
        let state = lock(&self.state);
        let own = state.objects.iter().filter(|(at, _)| at.bucket() == bucket);
        own.map(|(at, stored)| (at.key().to_owned(), stored.clone())).collect()
    }

    /// Bytes that were ever read from a bucket.
    #[must_use]
    pub fn bytes_read(&self, bucket: &str) -> u64 {
        lock(&self.state).bytes_read.get(bucket).copied().unwrap_or_default()
    }
}

impl ObjectStore for MemoryStore {
    async fn read(&self, at: &Location, pin: Option<&ETag>, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let mut state = lock(&self.state);
        let stored = state.objects.get(at).ok_or_else(|| StoreError::Missing { at: at.clone() })?;
        if pin.is_some_and(|pin| *pin != stored.etag()) {
            return Err(StoreError::Changed { at: at.clone() });
        }
        let clip = |end: u64| usize::try_from(end).unwrap_or(usize::MAX).min(stored.bytes.len());
        let bytes = stored.bytes.get(clip(range.start)..clip(range.end)).unwrap_or_default().to_vec();
        *state.bytes_read.entry(at.bucket().to_owned()).or_default() += bytes.len() as u64;
        Ok(bytes)
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<Put, StoreError> {
        let mut state = lock(&self.state);
        match state.objects.get(at) {
            Some(stored) if Digest::of(&stored.bytes) == object.digest => Ok(Put::AlreadyThere),
            Some(_) => Err(StoreError::DifferentBytes { at: at.clone() }),
            None => {
                let stored = Stored { bytes: object.bytes, headers: Some(object.headers) };
                state.objects.insert(at.clone(), stored);
                Ok(Put::Created)
            }
        }
    }
}
