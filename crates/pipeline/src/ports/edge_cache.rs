//! What the CDN keeps of streams.

use std::future::Future;

use crate::domain::id::PackageId;
use crate::ports::Unavailable;

/// How far it is with forgetting something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgetting {
    /// Nothing is kept any more.
    Done,
    /// It is at work on this, or on too much else to begin with it: ask again later.
    UnderWay,
}

/// The CDN's caches.
pub trait EdgeCache: Send + Sync {
    /// Has all that is kept of an attempt of a package forgotten, and says how far that is. Asking again begins nothing new.
    fn forget(&self, package: &PackageId, attempt: u64)
    -> impl Future<Output = Result<Forgetting, Unavailable>> + Send;
}
