//! Completes the single files of a package: uploads the staged parts, with the file's header first, and completes each upload.
//!
//! The receipts state where the bytes of every part are. Parts that the encrypt stage uploaded are at their final place. The
//! others are read from the work bucket and uploaded, part by part; part 1, whose header is known only now, comes last. A file of
//! one part is a plain object.
//!
//! All staged bytes are compared with their receipts, so a part that is uploaded again has the same bytes, and a file that is
//! complete already is recognised. No reader sees a file before it is complete.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_media::cmaf::{FileHead, Presentation, RepresentationId, SegmentSizes};

use crate::domain::layout;
use crate::domain::multipart::UploadId;
use crate::domain::object::{Digest, Location};
use crate::domain::package::Package;
use crate::domain::receipt::{PartLocation, PartReceipt, Receipt};
use crate::error::Error;
use crate::ports::{Catalog, Clock, Meter, NewObject, NewPart, ObjectStore, StoreError, UploadedPart};
use crate::stages::dash::Dash;

/// Staged parts read in parallel.
const GETS: usize = 8;
/// Parts uploaded in parallel, each of some megabytes.
const PARTS: usize = 2;

/// The receipts of one part of a file, in the order of their work units, each with the number of its work unit.
#[derive(Debug)]
struct PartReceipts<'r> {
    part: u16,
    receipts: Vec<(u32, &'r PartReceipt)>,
}

impl<S: ObjectStore, C: Catalog, K: Clock, M: Meter> Dash<S, C, K, M> {
    /// Completes every single file of the package that the encrypt stage has not written. Returns the number of bytes written.
    pub(crate) async fn complete_files(
        &self,
        package: &Package,
        presentation: &Presentation,
        sizes: &SegmentSizes,
        receipts: &[Receipt],
    ) -> Result<u64, Error> {
        let heads = presentation.heads(sizes).map_err(Error::of_media)?;
        let mut written = 0;
        for head in heads {
            let mut parts = parts(head.representation, receipts);
            let Some(first) = parts.remove(&1) else { continue };
            written += if parts.is_empty() {
                self.write_file(package, head, &first).await?
            } else {
                self.complete_file(package, head, &first, parts).await?
            };
        }
        Ok(written)
    }

    /// Writes a file of one part.
    async fn write_file(&self, package: &Package, head: FileHead, part: &PartReceipts<'_>) -> Result<u64, Error> {
        let path = head.representation.single_file_path();
        let bytes = self.append_staged(package, head.bytes, part).await?;
        let written = bytes.len() as u64;
        let object = NewObject::new(bytes, layout::output_headers(&path));
        let put = self.store.put_if_absent(&self.output(package, &path), object).await;
        put.map_err(|error| Error::of_store("writing a file", error))?;
        Ok(written)
    }

    /// Completes the upload of a file of several parts.
    async fn complete_file(
        &self,
        package: &Package,
        head: FileHead,
        first: &PartReceipts<'_>,
        others: BTreeMap<u16, PartReceipts<'_>>,
    ) -> Result<u64, Error> {
        let uploads = self.catalog.uploads(&package.id).await.map_err(Error::unavailable("reading the uploads"))?;
        let upload = uploads.into_iter().flatten().find(|upload| upload.representation == head.representation);
        let upload = upload.ok_or(Error::not_yet("completing a file", "its upload is not stored"))?.id;
        let at = self.output(package, &head.representation.single_file_path());
        let others = others.values().map(|part| self.part(package, &at, &upload, part));
        let mut uploaded: Vec<(UploadedPart, u64)> = stream::iter(others).buffered(PARTS).try_collect().await?;
        let bytes = self.append_staged(package, head.bytes, first).await?;
        uploaded.insert(0, self.upload(&at, &upload, NewPart::new(first.part, bytes)).await?);

        let written = uploaded.iter().map(|(_, written)| written).sum();
        let parts: Vec<UploadedPart> = uploaded.into_iter().map(|(part, _)| part).collect();
        let completed = self.store.complete_upload(&at, &upload, &parts).await;
        completed.map_err(|error| Error::of_completion("completing a file", error))?;
        Ok(written)
    }

    /// Uploads a part, unless the encrypt stage has. Returns it with the number of bytes written.
    async fn part(
        &self,
        package: &Package,
        at: &Location,
        upload: &UploadId,
        part: &PartReceipts<'_>,
    ) -> Result<(UploadedPart, u64), Error> {
        let number = part.part;
        if let [(_, PartReceipt { bytes, digest, location: PartLocation::Uploaded { etag, .. }, .. })] =
            part.receipts.as_slice()
        {
            return Ok((UploadedPart { number, bytes: *bytes, digest: *digest, etag: Some(etag.clone()) }, 0));
        }
        let bytes = self.append_staged(package, Vec::new(), part).await?;
        self.upload(at, upload, NewPart::new(number, bytes)).await
    }

    async fn upload(&self, at: &Location, upload: &UploadId, new: NewPart) -> Result<(UploadedPart, u64), Error> {
        let (number, bytes, digest) = (new.number, new.body.length(), new.digest);
        let etag = match self.store.put_part(at, upload, new).await {
            Ok(etag) => Some(etag),
            // Another function has completed the upload, or it has expired: completing it distinguishes the two.
            Err(StoreError::UploadEnded { .. }) => None,
            Err(error) => return Err(Error::of_store("uploading a part", error)),
        };
        Ok((UploadedPart { number, bytes, digest, etag }, bytes))
    }

    /// Reads the staged bytes of a part and appends them to `bytes`.
    async fn append_staged(
        &self,
        package: &Package,
        bytes: Vec<u8>,
        part: &PartReceipts<'_>,
    ) -> Result<Vec<u8>, Error> {
        let read = |(work_unit, receipt): &(u32, &PartReceipt)| {
            let (length, digest) = (receipt.bytes, receipt.digest);
            let key = layout::staged_part_key(&package.id, receipt.representation, part.part, *work_unit);
            let at = Location::new(&self.settings.work_bucket, key);
            async move {
                let bytes = self.store.read(&at, None, 0..length).await;
                let bytes = bytes.map_err(|error| Error::of_store("reading a staged part", error))?;
                let mismatch = || Error::permanent("different_bytes", "a staged part does not match its receipt");
                (Digest::of(&bytes) == digest).then_some(bytes).ok_or_else(mismatch)
            }
        };
        let staged = stream::iter(part.receipts.iter().map(read)).buffered(GETS);
        staged
            .try_fold(bytes, async |mut bytes, staged| {
                bytes.extend_from_slice(&staged);
                Ok(bytes)
            })
            .await
    }
}

/// The parts of a representation's file, by number.
fn parts(representation: RepresentationId, receipts: &[Receipt]) -> BTreeMap<u16, PartReceipts<'_>> {
    let mut parts: BTreeMap<u16, PartReceipts<'_>> = BTreeMap::new();
    for receipt in receipts {
        for part_receipt in receipt.parts.iter().filter(|part| part.representation == representation) {
            let part = match part_receipt.location {
                // The whole file is written already.
                PartLocation::File => continue,
                PartLocation::Uploaded { part, .. } | PartLocation::Staged { part } => part,
            };
            let entry = parts.entry(part).or_insert(PartReceipts { part, receipts: Vec::new() });
            entry.receipts.push((receipt.work_unit, part_receipt));
        }
    }
    parts
}
