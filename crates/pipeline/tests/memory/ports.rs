//! Ports whose contents take no memory: a store that counts what is written, and a catalog that computes receipts when a page of
//! them is read.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::{Stream, stream};
use vpp_media::cmaf::{Layout, Presentation, RepresentationId, SegmentId};
use vpp_pipeline::domain::content::Content;
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::layout::Headers;
use vpp_pipeline::domain::multipart::{MIN_PART_BYTES, OutputUpload, UploadId};
use vpp_pipeline::domain::object::{Digest, ETag, Location};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::receipt::{MadeSegment, PartLocation, PartReceipt, Receipt, SegmentReceipt};
use vpp_pipeline::domain::resource_usage::{MeterReading, ResourceUsage};
use vpp_pipeline::domain::revision::{Publication, Revision};
use vpp_pipeline::domain::state::{Advance, Transition};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{
    Body, Catalog, Commit, CreateOutcome, Meter, NewObject, NewPart, ObjectStore, PutOutcome, ReceiptPage, Revisions,
    StoreError, UploadedPart,
};
use vpp_pipeline::testing::MemoryCatalog;

use crate::written_size;

/// Rows of segments in a page: DynamoDB's pages have 1 MiB, and a row has some 75 bytes.
const ROWS_PER_PAGE: u32 = 14_000;
/// Rows that the other attributes of a receipt take as much space as.
const ROWS_OF_RECEIPT: u32 = 4;

/// A store with a plan, and with staged parts of zeros. Clones share the counter.
#[derive(Debug, Clone)]
pub(crate) struct LargeStore {
    plan: Bytes,
    bytes_written: Arc<AtomicU64>,
}

impl LargeStore {
    pub(crate) fn new(plan: Vec<u8>) -> Self {
        Self { plan: plan.into(), bytes_written: Arc::default() }
    }

    /// Returns the bytes of all objects and parts that were written.
    pub(crate) fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Ordering::Relaxed)
    }

    fn count(&self, body: &Body) {
        self.bytes_written.fetch_add(body.length(), Ordering::Relaxed);
    }
}

impl Meter for LargeStore {
    fn reading(&self) -> MeterReading {
        MeterReading::default()
    }
}

impl ObjectStore for LargeStore {
    fn stream(
        &self,
        at: &Location,
        _: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        let [start, end] = [range.start, range.end].map(|offset| usize::try_from(offset).unwrap());
        let bytes = if at.key().starts_with("work/") {
            self.plan.slice(start..end.min(self.plan.len()))
        } else {
            vec![0; end - start].into()
        };
        stream::iter([Ok(bytes)])
    }

    async fn put_if_absent(&self, _: &Location, object: NewObject) -> Result<PutOutcome, StoreError> {
        self.count(&object.body);
        Ok(PutOutcome::Created)
    }

    async fn put(&self, _: &Location, object: NewObject) -> Result<(), StoreError> {
        self.count(&object.body);
        Ok(())
    }

    async fn begin_upload(&self, _: &Location, _: Headers) -> Result<UploadId, StoreError> {
        Ok(UploadId::new("upload"))
    }

    async fn put_part(&self, _: &Location, _: &UploadId, part: NewPart) -> Result<ETag, StoreError> {
        self.count(&part.body);
        Ok(ETag::new("0123456789abcdef0123456789abcdef"))
    }

    async fn complete_upload(&self, _: &Location, _: &UploadId, _: &[UploadedPart]) -> Result<PutOutcome, StoreError> {
        Ok(PutOutcome::Created)
    }

    async fn abort_upload(&self, _: &Location, _: &UploadId) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A catalog with one package.
#[derive(Debug)]
pub(crate) struct LargeCatalog {
    catalog: MemoryCatalog,
    layout: Layout,
    /// Each track with the number of its segments.
    tracks: Vec<(RepresentationId, u32)>,
    segments_per_work_unit: u32,
}

impl LargeCatalog {
    pub(crate) async fn new(package: &Package, presentation: &Presentation, segments_per_work_unit: u32) -> Self {
        let catalog = MemoryCatalog::default();
        catalog.create_package(package).await.unwrap();
        let tracks = presentation.representations.iter();
        let tracks: Vec<_> = tracks.map(|track| (track.id, u32::try_from(track.segments.len()).unwrap())).collect();
        let uploads = tracks.iter().map(|(id, _)| OutputUpload { representation: *id, id: UploadId::new("upload") });
        catalog.put_uploads(&package.id, &uploads.collect::<Vec<_>>()).await.unwrap();
        Self { catalog, layout: presentation.layout, tracks, segments_per_work_unit }
    }

    fn receipt(&self, work_unit: u32) -> Receipt {
        let (mut segments, mut parts) = (Vec::new(), Vec::new());
        for (representation, count) in &self.tracks {
            let first = work_unit * self.segments_per_work_unit + 1;
            let numbers = first..(first + self.segments_per_work_unit).min(count + 1);
            let of_track = numbers.map(|number| {
                let id = SegmentId { representation: *representation, number };
                let digest = (self.layout == Layout::Segments).then_some(Digest([7; 32]));
                SegmentReceipt { id, size: written_size(number.into()), digest }
            });
            let of_track: Vec<_> = of_track.collect();
            let bytes: u64 = of_track.iter().map(|segment| segment.size.bytes).sum();
            if self.layout == Layout::SingleFile && bytes > 0 {
                let zeros = vec![0; usize::try_from(bytes).unwrap()];
                let part = 1 + u16::try_from(u64::from(work_unit) * bytes / MIN_PART_BYTES).unwrap();
                let (representation, digest) = (*representation, Digest::of(&zeros));
                parts.push(PartReceipt { representation, bytes, digest, location: PartLocation::Staged { part } });
            }
            segments.extend(of_track);
        }
        let encrypted = Some(self.tracks.iter().map(|(representation, _)| *representation).collect());
        Receipt { work_unit, bytes_read: 0, segments, parts, encrypted, usage: ResourceUsage::default() }
    }
}

impl Catalog for LargeCatalog {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<CreateOutcome<Content>, Unavailable> {
        self.catalog.create_content(content, package).await
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        self.catalog.content(id).await
    }

    async fn create_package(&self, package: &Package) -> Result<CreateOutcome<Package>, Unavailable> {
        self.catalog.create_package(package).await
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        self.catalog.package(id).await
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        self.catalog.advance(id, transition).await
    }

    async fn make_ahead(&self, id: &PackageId) -> Result<(), Unavailable> {
        self.catalog.make_ahead(id).await
    }

    async fn count_made(&self, id: &PackageId, made: &MadeSegment) -> Result<(), Unavailable> {
        self.catalog.count_made(id, made).await
    }

    async fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[OutputUpload],
    ) -> Result<CreateOutcome<Vec<OutputUpload>>, Unavailable> {
        self.catalog.put_uploads(id, uploads).await
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<OutputUpload>>, Unavailable> {
        self.catalog.uploads(id).await
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        self.catalog.put_receipt(id, receipt).await
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        self.catalog.has_receipt(id, work_unit).await
    }

    async fn receipts(&self, _: &PackageId, after: Option<u32>) -> Result<ReceiptPage, Unavailable> {
        let longest = self.tracks.iter().map(|(_, segments)| *segments).max().unwrap_or_default();
        let work_units = longest.div_ceil(self.segments_per_work_unit);
        let rows = u32::try_from(self.tracks.len()).unwrap() * self.segments_per_work_unit + ROWS_OF_RECEIPT;
        let first = after.map_or(0, |after| after + 1);
        let end = (first + ROWS_PER_PAGE / rows).min(work_units);
        let receipts: Vec<Receipt> = (first..end).map(|work_unit| self.receipt(work_unit)).collect();
        Ok(ReceiptPage { receipts, next: (end < work_units).then_some(end - 1) })
    }
}

impl Revisions for LargeCatalog {
    async fn commit_revision(&self, id: &PackageId, attempt: u64, revision: &Revision) -> Result<Commit, Unavailable> {
        self.catalog.commit_revision(id, attempt, revision).await
    }

    async fn revision(&self, id: &PackageId, number: u32) -> Result<Option<Revision>, Unavailable> {
        self.catalog.revision(id, number).await
    }

    async fn settle_revision(
        &self,
        id: &PackageId,
        attempt: u64,
        publication: &Publication,
    ) -> Result<(), Unavailable> {
        self.catalog.settle_revision(id, attempt, publication).await
    }
}
