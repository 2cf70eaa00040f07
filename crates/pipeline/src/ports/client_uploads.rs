//! Files that callers send: straight to the store, by URLs that are good for a while.

use std::future::Future;
use std::time::Duration;

use crate::ports::{ETag, Location, StoreError, UploadId};

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivedPart {
    /// Its number, from 1.
    pub number: u16,
    /// Its length in bytes.
    pub bytes: u64,
    /// What the store calls it.
    pub etag: ETag,
}

/// Takes in files. Whoever has one of its URLs may send what the URL is for, and nothing else.
pub trait ClientUploadStore: Send + Sync {
    /// A URL to PUT the whole object to.
    ///
    /// # Errors
    /// Unavailable.
    fn object_url(&self, at: &Location, lasts: Duration) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// Begins an object of parts.
    ///
    /// # Errors
    /// Unavailable.
    fn begin(&self, at: &Location) -> impl Future<Output = Result<UploadId, StoreError>> + Send;

    /// A URL to PUT one part to, in place of one of its number.
    ///
    /// # Errors
    /// Unavailable.
    fn part_url(
        &self,
        at: &Location,
        upload: &UploadId,
        number: u16,
        lasts: Duration,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// The parts that have arrived, by number.
    ///
    /// # Errors
    /// [`StoreError::UploadOver`], or unavailable.
    fn arrived(
        &self,
        at: &Location,
        upload: &UploadId,
    ) -> impl Future<Output = Result<Vec<ArrivedPart>, StoreError>> + Send;

    /// Makes the object of these parts.
    ///
    /// # Errors
    /// [`StoreError::UploadOver`], or unavailable.
    fn complete(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[ArrivedPart],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The object, if it is there: its version and length.
    ///
    /// # Errors
    /// Unavailable.
    fn find(&self, at: &Location) -> impl Future<Output = Result<Option<(ETag, u64)>, StoreError>> + Send;

    /// Gives an object of parts up. One that is over is fine.
    ///
    /// # Errors
    /// Unavailable.
    fn give_up(&self, at: &Location, upload: &UploadId) -> impl Future<Output = Result<(), StoreError>> + Send;
}
