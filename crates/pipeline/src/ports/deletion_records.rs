//! Records for the deletion of contents and packages: tombstones and leases.

use std::future::Future;

use crate::domain::id::{ContentId, PackageId};
use crate::domain::timestamp::Timestamp;
use crate::error::Unavailable;

/// Marks contents as deleted, leases deletions, and removes packages from the catalog.
pub trait DeletionRecords: Send + Sync {
    /// Turns a content into a tombstone, if it exists. A tombstone is unchanged.
    fn mark_content_deleted(
        &self,
        id: &ContentId,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Takes a lease on the deletion of a package until `until`. Returns whether it was granted: the package must be
    /// Deleting in this attempt, and no other lease may be valid at `now`.
    fn lease_deletion(
        &self,
        id: &PackageId,
        attempt: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Removes a package that is Deleting in this attempt: its receipts and uploads first, then the package. Leaves a package
    /// of another attempt unchanged.
    fn purge_package(&self, id: &PackageId, attempt: u64) -> impl Future<Output = Result<(), Unavailable>> + Send;
}
