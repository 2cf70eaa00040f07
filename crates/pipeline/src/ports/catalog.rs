//! The platform's memory: contents, packages, and the receipts of work units.

use std::future::Future;

use vpp_media::cmaf::SegmentSize;

use crate::domain::content::Content;
use crate::domain::id::{ContentId, PackageId};
use crate::domain::package::Package;
use crate::domain::state::{Advance, Transition};
use crate::ports::{Digest, ETag, Spent, Unavailable, Upload};

/// What a conditional create found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created<T> {
    /// There was none; now it is this one.
    Now,
    /// One was there already, and still is.
    Before(T),
}

/// The proof of one work unit's work: what was read, and what now lies in the output bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Number of the work unit, from 0.
    pub work_unit: u32,
    /// Bytes read from the source.
    pub bytes_read: u64,
    /// The work unit's segments.
    pub segments: Vec<SegmentReceipt>,
    /// What they were written as, when they are not files of their own.
    pub pieces: Vec<PartReceipt>,
    /// What making it cost.
    pub spent: Spent,
}

impl Receipt {
    /// Bytes written: the sum of the segments, or of the pieces.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        if self.pieces.is_empty() {
            return self.segments.iter().map(|segment| segment.size.bytes).sum();
        }
        self.pieces.iter().map(|piece| piece.bytes).sum()
    }
}

/// Segments of a single file that were written together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartReceipt {
    /// Name of their representation.
    pub representation: String,
    /// Length in bytes.
    pub bytes: u64,
    /// Digest of the bytes.
    pub digest: Digest,
    /// Where they are.
    pub place: PartLocation,
}

/// Where a piece of a single file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartLocation {
    /// It is the file itself, head and all.
    File,
    /// It was uploaded, as this part.
    Uploaded {
        /// The part's number.
        part: u16,
        /// What the store answered.
        etag: ETag,
    },
    /// It is kept in the work bucket, to be gathered into this part.
    Kept {
        /// The part's number.
        part: u16,
    },
}

/// One media segment in the output bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReceipt {
    /// Name of its representation (`v1`).
    pub representation: String,
    /// Its number in it, from 1.
    pub number: u32,
    /// Its size.
    pub size: SegmentSize,
    /// Digest of the bytes, where it is an object of its own.
    pub digest: Option<Digest>,
}

/// Remembers contents and packages. Every read sees every write that came before it.
pub trait Catalog: Send + Sync {
    /// Creates `content` and, in the same write, the `package` that its upload starts. Neither is written when the
    /// content is there already, unless what is there is provisional, or the tombstone of another version.
    fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> impl Future<Output = Result<Created<Content>, Unavailable>> + Send;

    /// The content of this id.
    fn content(&self, id: &ContentId) -> impl Future<Output = Result<Option<Content>, Unavailable>> + Send;

    /// Creates `package` unless one of its id is there.
    fn create_package(&self, package: &Package) -> impl Future<Output = Result<Created<Package>, Unavailable>> + Send;

    /// The package of this id.
    fn package(&self, id: &PackageId) -> impl Future<Output = Result<Option<Package>, Unavailable>> + Send;

    /// Takes a step, if the package is in a status the step starts from. The package exists.
    fn advance(
        &self,
        id: &PackageId,
        transition: &Transition,
    ) -> impl Future<Output = Result<Advance, Unavailable>> + Send;

    /// Keeps the uploads of a package's files, unless some are kept already.
    fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[Upload],
    ) -> impl Future<Output = Result<Created<Vec<Upload>>, Unavailable>> + Send;

    /// The uploads of a package's files, if they are kept.
    fn uploads(&self, id: &PackageId) -> impl Future<Output = Result<Option<Vec<Upload>>, Unavailable>> + Send;

    /// Keeps a work unit's receipt and adds it to the package's tally, both or neither; nothing when it was kept before.
    fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Whether a work unit's receipt is kept.
    fn has_receipt(&self, id: &PackageId, work_unit: u32) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// All receipts of a package, by work unit.
    fn receipts(&self, id: &PackageId) -> impl Future<Output = Result<Vec<Receipt>, Unavailable>> + Send;
}
