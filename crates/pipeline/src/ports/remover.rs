//! The end of objects.

use std::future::Future;

use crate::ports::{ETag, Location, StoreError};

/// Deletes objects. What is not there is fine.
pub trait ObjectRemover: Send + Sync {
    /// Deletes all objects of a bucket whose keys begin with `prefix`, however many they are.
    ///
    /// # Errors
    /// Unavailable; some of them may be gone then.
    fn remove_all(&self, bucket: &str, prefix: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes one version of an object for good, and no other: that called `version_id`, or, where versions have no names, the
    /// one with this tag.
    ///
    /// # Errors
    /// Unavailable.
    fn remove_version(
        &self,
        at: &Location,
        version_id: Option<&str>,
        etag: &ETag,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
