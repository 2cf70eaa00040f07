//! The catalog: contents, packages, uploads of output files, and receipts of work units.

use std::future::Future;

use crate::domain::content::Content;
use crate::domain::id::{ContentId, PackageId};
use crate::domain::multipart::OutputUpload;
use crate::domain::package::Package;
use crate::domain::receipt::{MadeSegment, Receipt};
use crate::domain::state::{Advance, Transition};
use crate::error::Unavailable;

/// The outcome of a conditional create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateOutcome<T> {
    /// The item was created.
    Created,
    /// The item existed already and is unchanged.
    Existing(T),
}

/// Some consecutive receipts of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptPage {
    /// The receipts, by work unit.
    pub receipts: Vec<Receipt>,
    /// The work unit after which the next page starts; `None` on the last page.
    pub next: Option<u32>,
}

/// Stores contents and packages. Reads are strongly consistent.
pub trait Catalog: Send + Sync {
    /// Creates `content` and, in the same write, the `package` that its upload starts. Writes neither when the content
    /// exists, unless the existing one has a provisional verdict or is the tombstone of another version.
    fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> impl Future<Output = Result<CreateOutcome<Content>, Unavailable>> + Send;

    /// Returns the content with this id.
    fn content(&self, id: &ContentId) -> impl Future<Output = Result<Option<Content>, Unavailable>> + Send;

    /// Creates `package`, unless one with its id exists.
    fn create_package(
        &self,
        package: &Package,
    ) -> impl Future<Output = Result<CreateOutcome<Package>, Unavailable>> + Send;

    /// Returns the package with this id.
    fn package(&self, id: &PackageId) -> impl Future<Output = Result<Option<Package>, Unavailable>> + Send;

    /// Applies a transition, if the package is in a status that its step starts from. The package exists.
    fn advance(
        &self,
        id: &PackageId,
        transition: &Transition,
    ) -> impl Future<Output = Result<Advance, Unavailable>> + Send;

    /// Makes the segments of a package ahead, whatever its status. Does nothing when there is no such package.
    fn make_ahead(&self, id: &PackageId) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Counts a segment that was made on demand. Does nothing when there is no such package.
    fn count_made(&self, id: &PackageId, made: &MadeSegment) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Stores the multipart uploads of a package's files, unless some are stored already.
    fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[OutputUpload],
    ) -> impl Future<Output = Result<CreateOutcome<Vec<OutputUpload>>, Unavailable>> + Send;

    /// Returns the multipart uploads of a package's files, if they are stored.
    fn uploads(&self, id: &PackageId) -> impl Future<Output = Result<Option<Vec<OutputUpload>>, Unavailable>> + Send;

    /// Stores a work unit's receipt and adds it to the package's counters, in one transaction. Does nothing when the receipt
    /// is stored already.
    fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Returns whether a work unit's receipt is stored.
    fn has_receipt(&self, id: &PackageId, work_unit: u32) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Returns the receipts of a package that follow the one of work unit `after`, by work unit: as many as the catalog reads in
    /// one request. A package may have hundreds of thousands of segments, so no function needs to hold all receipts.
    fn receipts(
        &self,
        id: &PackageId,
        after: Option<u32>,
    ) -> impl Future<Output = Result<ReceiptPage, Unavailable>> + Send;
}
