//! Lists of contents and packages.

use std::future::Future;

use crate::domain::content::Content;
use crate::domain::id::{ContentId, PackageId};
use crate::domain::listing::{ContentFilter, Cursor, PackageFilter, Page};
use crate::domain::package::Package;
use crate::error::Unavailable;

/// Lists contents and packages, newest first. A list may be eventually consistent.
pub trait Listing: Send + Sync {
    /// Lists at most `limit` contents that follow `after`. Omits deleted contents.
    fn contents(
        &self,
        filter: &ContentFilter,
        limit: u16,
        after: Option<&Cursor<ContentId>>,
    ) -> impl Future<Output = Result<Page<Content, ContentId>, Unavailable>> + Send;

    /// Lists at most `limit` packages that follow `after`.
    fn packages(
        &self,
        filter: &PackageFilter,
        limit: u16,
        after: Option<&Cursor<PackageId>>,
    ) -> impl Future<Output = Result<Page<Package, PackageId>, Unavailable>> + Send;
}
