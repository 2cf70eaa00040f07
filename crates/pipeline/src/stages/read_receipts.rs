//! Reads the receipts of a package, and keeps of them what completing the package needs: the sizes of the segments, the parts of
//! single files, and the resource usage.
//!
//! A package may have 262,144 segments, whose receipts take more memory than a function has. So the receipts are read page by
//! page, and each is dropped when its sizes and parts are kept.

use std::collections::{BTreeMap, HashMap, HashSet};

use vpp_media::cmaf::{Presentation, RepresentationId, SegmentSizes};

use crate::domain::object::Digest;
use crate::domain::package::Package;
use crate::domain::receipt::{PartLocation, PartReceipt, Receipt};
use crate::domain::resource_usage::ResourceUsage;
use crate::error::Error;
use crate::ports::{Catalog, ReceiptPage, UploadedPart};

/// The parts of a single file, by number.
pub(crate) type FileParts = BTreeMap<u16, StoredPart>;

/// A part of a single file. The stages write a part either as a whole or as staged portions.
#[derive(Debug)]
pub(crate) enum StoredPart {
    /// The part was uploaded.
    Uploaded(UploadedPart),
    /// Its portions are staged in the work bucket, in the order of their work units.
    Staged(Vec<StagedPortion>),
}

/// Bytes of a part that one work unit staged. There may be one for each segment of the package.
#[derive(Debug)]
pub(crate) struct StagedPortion {
    pub(crate) work_unit: u32,
    /// Length in bytes.
    pub(crate) bytes: u64,
    pub(crate) digest: Digest,
}

/// What all receipts of a package state.
#[derive(Debug)]
pub(crate) struct WrittenSegments {
    pub(crate) sizes: SegmentSizes,
    /// The parts of the single files that are not complete.
    pub(crate) files: HashMap<RepresentationId, FileParts>,
    /// The representations of which bytes are encrypted; `None` if a receipt does not state them.
    encrypted: Option<HashSet<RepresentationId>>,
    pub(crate) usage: ResourceUsage,
}

impl WrittenSegments {
    /// Reads the receipts of `package`.
    ///
    /// # Errors
    /// A transient error, or a receipt with a segment that the presentation does not have.
    pub(crate) async fn read<C: Catalog>(
        catalog: &C,
        package: &Package,
        presentation: &Presentation,
    ) -> Result<Self, Error> {
        let sizes = SegmentSizes::new(presentation);
        let (files, encrypted) = (HashMap::new(), Some(HashSet::new()));
        let mut written = Self { sizes, files, encrypted, usage: ResourceUsage::default() };
        let mut after = None;
        loop {
            let page = catalog.receipts(&package.id, after).await;
            let ReceiptPage { receipts, next } = page.map_err(Error::unavailable("reading the receipts"))?;
            for receipt in receipts {
                written.add(receipt)?;
            }
            if next.is_none() {
                return Ok(written);
            }
            after = next;
        }
    }

    /// Returns the representations that are signalled as encrypted and of which nothing is encrypted.
    pub(crate) fn nothing_encrypted(&self, presentation: &Presentation) -> Vec<RepresentationId> {
        let Some(encrypted) = &self.encrypted else { return Vec::new() };
        let signalled =
            presentation.representations.iter().filter(|representation| representation.encryption.is_some());
        signalled.map(|representation| representation.id).filter(|id| !encrypted.contains(id)).collect()
    }

    fn add(&mut self, receipt: Receipt) -> Result<(), Error> {
        for segment in &receipt.segments {
            self.sizes.set(segment.id, segment.size).map_err(Error::of_media)?;
        }
        for PartReceipt { representation, bytes, digest, location } in receipt.parts {
            let parts = self.files.entry(representation).or_default();
            match location {
                // The whole file is written already.
                PartLocation::File => {}
                PartLocation::Uploaded { part: number, etag } => {
                    let part = UploadedPart { number, bytes, digest, etag: Some(etag) };
                    parts.insert(number, StoredPart::Uploaded(part));
                }
                PartLocation::Staged { part } => {
                    let portion = StagedPortion { work_unit: receipt.work_unit, bytes, digest };
                    add_portion(parts, part, portion);
                }
            }
        }
        self.encrypted = self.encrypted.take().zip(receipt.encrypted).map(|(mut all, encrypted)| {
            all.extend(encrypted);
            all
        });
        self.usage = self.usage.and(receipt.usage);
        Ok(())
    }
}

/// Adds a portion to a part. When a part is complete, its portions take no more memory than they need.
fn add_portion(parts: &mut FileParts, number: u16, portion: StagedPortion) {
    if let Some(StoredPart::Staged(portions)) = parts.get_mut(&number) {
        portions.push(portion);
        return;
    }
    if let Some((_, StoredPart::Staged(complete))) = parts.range_mut(..number).next_back() {
        complete.shrink_to_fit();
    }
    parts.insert(number, StoredPart::Staged(vec![portion]));
}
