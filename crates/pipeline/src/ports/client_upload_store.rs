//! Client uploads to the store: presigned URLs, and multipart uploads whose parts clients send.

use std::future::Future;
use std::time::Duration;

use crate::domain::client_upload::StoredPart;
use crate::domain::multipart::UploadId;
use crate::domain::object::Location;
use crate::domain::uploaded_object::UploadedObject;
use crate::ports::store_error::StoreError;

/// Presigns URLs and manages their uploads. A presigned URL permits to PUT one part, of exactly the length it was signed for.
pub trait ClientUploadStore: Send + Sync {
    /// Begins a multipart upload.
    ///
    /// # Errors
    /// Unavailable.
    fn begin(&self, at: &Location) -> impl Future<Output = Result<UploadId, StoreError>> + Send;

    /// Presigns a PUT of one part of `bytes` bytes. The part replaces an earlier one with the same number.
    ///
    /// # Errors
    /// Unavailable.
    fn presign_part(
        &self,
        at: &Location,
        upload: &UploadId,
        number: u16,
        bytes: u64,
        ttl: Duration,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// Lists the parts that have arrived, by number.
    ///
    /// # Errors
    /// [`StoreError::UploadEnded`], or unavailable.
    fn list_parts(
        &self,
        at: &Location,
        upload: &UploadId,
    ) -> impl Future<Output = Result<Vec<StoredPart>, StoreError>> + Send;

    /// Completes the object from these parts.
    ///
    /// # Errors
    /// [`StoreError::UploadEnded`], or unavailable.
    fn complete(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[StoredPart],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns the object, with its version and length, if it exists.
    ///
    /// # Errors
    /// Unavailable.
    fn find(&self, at: &Location) -> impl Future<Output = Result<Option<UploadedObject>, StoreError>> + Send;

    /// Aborts a multipart upload. Aborting one that has ended succeeds.
    ///
    /// # Errors
    /// Unavailable.
    fn abort(&self, at: &Location, upload: &UploadId) -> impl Future<Output = Result<(), StoreError>> + Send;
}
