//! Complete the single files of a package: gather what was kept, put the heads in front, and let each file appear at once.
//!
//! The receipts say where every piece is. Parts that were uploaded whole stand where they belong; the others are gathered from
//! the work bucket, part by part, and part 1, whose head is known only now, comes last. A file of one part is a plain object.
//!
//! Every piece is checked against its receipt, so a part that is uploaded again has the same bytes, and completing a file that
//! is complete finds it so. Until then no reader sees anything of it.

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

/// Pieces read at a time.
const GETS: usize = 8;
/// Parts gathered at a time, each of some megabytes.
const PARTS: usize = 2;

/// The pieces of a part, each with the number of its work unit.
type Pieces<'r> = Vec<(u32, &'r PartReceipt)>;

impl<S: ObjectStore, C: Catalog, K: Clock, M: Meter> Dash<S, C, K, M> {
    /// Completes every single file of the package that is not written yet; returns the bytes that were written for it.
    pub(crate) async fn assemble(
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
            let Some((1, first)) = parts.pop_first() else { continue };
            written += if parts.is_empty() {
                self.write_file(package, head, &first).await?
            } else {
                self.complete_file(package, head, &first, parts).await?
            };
        }
        Ok(written)
    }

    /// A file of one part.
    async fn write_file(&self, package: &Package, head: FileHead, pieces: &Pieces<'_>) -> Result<u64, Error> {
        let path = head.representation.single_file_path();
        let bytes = self.gather(package, head.bytes, pieces).await?;
        let written = bytes.len() as u64;
        let object = NewObject::new(bytes, layout::output_headers(&path));
        let put = self.store.put_if_absent(&self.output(package, &path), object).await;
        put.map_err(|error| Error::of_store("writing a file", error))?;
        Ok(written)
    }

    /// A file of several parts.
    async fn complete_file(
        &self,
        package: &Package,
        head: FileHead,
        first: &Pieces<'_>,
        others: BTreeMap<u16, Pieces<'_>>,
    ) -> Result<u64, Error> {
        let uploads = self.catalog.uploads(&package.id).await.map_err(Error::unavailable("reading the uploads"))?;
        let upload = uploads.into_iter().flatten().find(|upload| upload.representation == head.representation);
        let upload = upload.ok_or(Error::not_yet("completing a file", "its upload is not known"))?.id;
        let at = self.output(package, &head.representation.single_file_path());
        let others = others.iter().map(|(number, pieces)| self.part(package, &at, &upload, *number, pieces));
        let mut done: Vec<(UploadedPart, u64)> = stream::iter(others).buffered(PARTS).try_collect().await?;
        let bytes = self.gather(package, head.bytes, first).await?;
        done.insert(0, self.upload(&at, &upload, NewPart::new(1, bytes)).await?);

        let written = done.iter().map(|(_, written)| written).sum();
        let parts: Vec<UploadedPart> = done.into_iter().map(|(part, _)| part).collect();
        let completed = self.store.complete_upload(&at, &upload, &parts).await;
        completed.map_err(|error| Error::of_completion("completing a file", error))?;
        Ok(written)
    }

    /// A part, and the bytes that were written for it now.
    async fn part(
        &self,
        package: &Package,
        at: &Location,
        upload: &UploadId,
        number: u16,
        pieces: &Pieces<'_>,
    ) -> Result<(UploadedPart, u64), Error> {
        if let [(_, PartReceipt { bytes, digest, location: PartLocation::Uploaded { etag, .. }, .. })] =
            pieces.as_slice()
        {
            return Ok((UploadedPart { number, bytes: *bytes, digest: *digest, etag: Some(etag.clone()) }, 0));
        }
        let bytes = self.gather(package, Vec::new(), pieces).await?;
        self.upload(at, upload, NewPart::new(number, bytes)).await
    }

    async fn upload(&self, at: &Location, upload: &UploadId, new: NewPart) -> Result<(UploadedPart, u64), Error> {
        let (number, bytes, digest) = (new.number, new.body.length(), new.digest);
        let etag = match self.store.put_part(at, upload, new).await {
            Ok(etag) => Some(etag),
            // Another run has completed it, or nobody will: completing tells which.
            Err(StoreError::UploadEnded { .. }) => None,
            Err(error) => return Err(Error::of_store("uploading a part", error)),
        };
        Ok((UploadedPart { number, bytes, digest, etag }, bytes))
    }

    /// Appends the bytes of pieces that were kept.
    async fn gather(&self, package: &Package, front: Vec<u8>, pieces: &Pieces<'_>) -> Result<Vec<u8>, Error> {
        let read = |(work_unit, piece): &(u32, &PartReceipt)| {
            let (part, length, digest) = (part_of(piece), piece.bytes, piece.digest);
            let key = layout::staged_part_key(&package.id, piece.representation, part.unwrap_or_default(), *work_unit);
            let at = Location::new(&self.settings.work_bucket, key);
            async move {
                let bytes = self.store.read(&at, None, 0..length).await;
                let bytes = bytes.map_err(|error| Error::of_store("reading a piece", error))?;
                let is_it = Digest::of(&bytes) == digest;
                is_it
                    .then_some(bytes)
                    .ok_or(Error::permanent("different_bytes", "a kept piece is not what was written"))
            }
        };
        let pieces = stream::iter(pieces.iter().map(read)).buffered(GETS);
        pieces
            .try_fold(front, async |mut bytes, piece| {
                bytes.extend_from_slice(&piece);
                Ok(bytes)
            })
            .await
    }
}

/// The parts of a representation's file, in order, and the pieces of each, in the order of their work units.
fn parts(representation: RepresentationId, receipts: &[Receipt]) -> BTreeMap<u16, Pieces<'_>> {
    let mut parts: BTreeMap<u16, Pieces<'_>> = BTreeMap::new();
    for receipt in receipts {
        for piece in receipt.parts.iter().filter(|piece| piece.representation == representation) {
            if let Some(part) = part_of(piece) {
                parts.entry(part).or_default().push((receipt.work_unit, piece));
            }
        }
    }
    parts
}

fn part_of(piece: &PartReceipt) -> Option<u16> {
    match piece.location {
        PartLocation::File => None,
        PartLocation::Uploaded { part, .. } | PartLocation::Staged { part } => Some(part),
    }
}
