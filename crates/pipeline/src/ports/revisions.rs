//! The revisions of packages.

use std::future::Future;

use crate::domain::id::PackageId;
use crate::domain::revision::{Publication, Revision};
use crate::error::Unavailable;

/// The outcome of committing a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// It is the latest revision of the package.
    Done,
    /// The package has another latest revision, is in another attempt, or is not playable. Nothing is written.
    Stale,
}

/// Stores the revisions of packages. Reads are strongly consistent.
pub trait Revisions: Send + Sync {
    /// Stores a revision and makes it the latest of the package, in one transaction: if the latest is the one before it, and the
    /// package is Fragmented, Encrypted or Ready in this attempt.
    fn commit_revision(
        &self,
        id: &PackageId,
        attempt: u64,
        revision: &Revision,
    ) -> impl Future<Output = Result<Commit, Unavailable>> + Send;

    /// Returns a revision of a package.
    fn revision(
        &self,
        id: &PackageId,
        number: u32,
    ) -> impl Future<Output = Result<Option<Revision>, Unavailable>> + Send;

    /// Stores the end of a publication, unless a later revision is published, or the package is in another attempt.
    fn settle_revision(
        &self,
        id: &PackageId,
        attempt: u64,
        publication: &Publication,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;
}
