//! Records for the deletion of contents and packages: tombstones and leases.

use std::future::Future;

use crate::domain::id::{ContentId, PackageId};
use crate::domain::object::{ETag, Location};
use crate::domain::timestamp::Timestamp;
use crate::error::Unavailable;

/// What the deletion of a package needs to know of it. It can be read although the rest of the package cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageDeletion {
    /// The attempt that is being deleted.
    pub attempt: u64,
    /// Since when no function has started work on the package.
    pub at_rest_since: Timestamp,
}

/// The file of a deleted content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedFile {
    /// Bucket and key.
    pub location: Location,
    /// The version, in a versioned bucket.
    pub version_id: Option<String>,
    /// The entity tag.
    pub etag: ETag,
}

/// The tombstone of a content: the times that its deletion adds to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// When the content was deleted.
    pub deleted_at: Timestamp,
    /// From when on the record, with its names and reports, is removed.
    pub forget_at: Timestamp,
}

/// Marks contents as deleted, leases deletions, and removes packages from the catalog.
pub trait DeletionRecords: Send + Sync {
    /// Turns a content into a tombstone, if it exists. A tombstone keeps the times that it has.
    fn mark_content_deleted(
        &self,
        id: &ContentId,
        tombstone: Tombstone,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Returns the file of a content that is marked as deleted; `None` for any other, and if the record does not state it.
    fn deleted_file(&self, id: &ContentId) -> impl Future<Output = Result<Option<DeletedFile>, Unavailable>> + Send;

    /// Makes a package Deleting whose record cannot be read. Starts another attempt, and returns it; `None` if there is no
    /// such package.
    fn condemn_package(
        &self,
        id: &PackageId,
        at: Timestamp,
    ) -> impl Future<Output = Result<Option<u64>, Unavailable>> + Send;

    /// Returns the deletion of a package that is Deleting; `None` for any other.
    fn package_deletion(
        &self,
        id: &PackageId,
    ) -> impl Future<Output = Result<Option<PackageDeletion>, Unavailable>> + Send;

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
