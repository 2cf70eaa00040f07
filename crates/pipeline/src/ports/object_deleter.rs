//! Deletes objects.

use std::future::Future;

use crate::domain::object::{ETag, Location};
use crate::ports::store_error::StoreError;

/// Deletes objects. Deleting an object that does not exist succeeds.
pub trait ObjectDeleter: Send + Sync {
    /// Deletes all objects of a bucket whose keys start with `prefix`.
    ///
    /// # Errors
    /// Unavailable. Some of the objects may be deleted already.
    fn delete_prefix(&self, bucket: &str, prefix: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Permanently deletes one version of an object and no other: the one with `version_id` or, in a bucket without
    /// versions, the one with `etag`.
    ///
    /// # Errors
    /// Unavailable.
    fn delete_version(
        &self,
        at: &Location,
        version_id: Option<&str>,
        etag: &ETag,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
