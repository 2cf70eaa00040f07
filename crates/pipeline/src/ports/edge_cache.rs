//! The CDN's cache, and its invalidation.

use std::future::Future;

use crate::domain::id::PackageId;
use crate::error::Unavailable;

/// The progress of an invalidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidationStatus {
    /// No edge location caches the package any more.
    Completed,
    /// The invalidation is in progress, or has not begun because too many others are in progress. Call again later.
    InProgress,
}

/// An invalidation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// Its id; `None` if it has not begun, because too many others are in progress.
    pub id: Option<String>,
    /// Its status.
    pub status: InvalidationStatus,
}

/// The CDN's cache.
pub trait EdgeCache: Send + Sync {
    /// Invalidates all objects of a package's attempt, or looks at the invalidation `begun`, which an earlier call returned.
    /// Calling it again does not create another invalidation.
    fn invalidate(
        &self,
        package: &PackageId,
        attempt: u64,
        begun: Option<&str>,
    ) -> impl Future<Output = Result<Invalidation, Unavailable>> + Send;

    /// Invalidates the manifests and chapters of a package for one of its revisions. Calling it again does not create another
    /// invalidation. If too many others are in progress, does nothing: edge locations cache a manifest for a minute only.
    fn forget_manifests(
        &self,
        package: &PackageId,
        attempt: u64,
        revision: u32,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;
}
