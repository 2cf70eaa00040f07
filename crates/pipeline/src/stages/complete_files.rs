//! Completes the single files of a package: uploads the staged parts, with the file's header first, and completes each upload.
//!
//! The receipts state where the bytes of every part are. Parts that the encrypt stage uploaded are at their final place. The
//! others are read from the work bucket and uploaded, part by part; part 1, whose header is known only now, comes last. A file
//! of one part is a plain object.
//!
//! All staged bytes are compared with their receipts, so a part that is uploaded again has the same bytes, and a file that is
//! complete already is recognised. No reader sees a file before it is complete.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_media::cmaf::{FileHead, Presentation, RepresentationId, SegmentSizes, file_heads};

use crate::domain::layout;
use crate::domain::multipart::UploadId;
use crate::domain::object::{Digest, Location};
use crate::domain::package::Package;
use crate::error::Error;
use crate::ports::{Catalog, NewPart, ObjectStore, StoreError, UploadedPart};
use crate::stages::read_receipts::{FileParts, StagedPortion, StoredPart};
use crate::stages::write_output::write_output;

/// Maximum number of staged parts that are read in parallel.
const GETS: usize = 8;
/// The number of the first part of a file, which starts with its head.
const FIRST: u16 = 1;
/// Maximum number of bytes that are reserved for a part: a receipt may state any length.
const MAX_RESERVED: u64 = 64 * 1024 * 1024;
/// Maximum number of parts that are uploaded in parallel; each has some megabytes.
const PARTS: usize = 2;

/// The single files of one package, and the ports to complete them with.
#[derive(Debug)]
pub(crate) struct FileCompletion<'a, S, C> {
    pub(crate) store: &'a S,
    pub(crate) catalog: &'a C,
    pub(crate) package: &'a Package,
    /// Bucket of staged parts.
    pub(crate) work_bucket: &'a str,
    /// Bucket of streams.
    pub(crate) output_bucket: &'a str,
}

impl<S: ObjectStore, C: Catalog> FileCompletion<'_, S, C> {
    /// Completes the single files that the encrypt stage has not written. Returns the number of bytes written.
    pub(crate) async fn complete(
        &self,
        presentation: &Presentation,
        sizes: &SegmentSizes,
        mut files: HashMap<RepresentationId, FileParts>,
    ) -> Result<u64, Error> {
        let heads = file_heads(presentation, sizes).map_err(Error::of_media)?;
        let mut written = 0;
        for head in heads {
            let mut parts = files.remove(&head.representation).unwrap_or_default();
            // The first part has room for the head, so it is staged.
            let Some(StoredPart::Staged(first)) = parts.remove(&FIRST) else { continue };
            written += if parts.is_empty() {
                self.write_file(head, &first).await?
            } else {
                self.complete_file(head, &first, parts).await?
            };
        }
        Ok(written)
    }

    /// Writes a file of one part.
    async fn write_file(&self, head: FileHead, part: &[StagedPortion]) -> Result<u64, Error> {
        let path = head.representation.single_file_path();
        let bytes = self.append_staged(head.bytes, (head.representation, FIRST), part).await?;
        let written = bytes.len() as u64;
        write_output(self.store, self.output_bucket, &self.package.id, &path, bytes, "writing a file").await?;
        Ok(written)
    }

    /// Completes the upload of a file of several parts.
    async fn complete_file(&self, head: FileHead, first: &[StagedPortion], others: FileParts) -> Result<u64, Error> {
        let uploads =
            self.catalog.uploads(&self.package.id).await.map_err(Error::unavailable("reading the uploads"))?;
        let upload = uploads.into_iter().flatten().find(|upload| upload.representation == head.representation);
        let upload = upload.ok_or(Error::not_yet("completing a file", "its upload is not stored"))?.id;
        let key = layout::output_key(&self.package.id, &head.representation.single_file_path());
        let at = Location::new(self.output_bucket, key);
        let of = head.representation;
        let others = others.iter().map(|(number, part)| self.part(&at, &upload, (of, *number), part));
        let mut uploaded: Vec<(UploadedPart, u64)> = stream::iter(others).buffered(PARTS).try_collect().await?;
        let bytes = self.append_staged(head.bytes, (of, FIRST), first).await?;
        uploaded.insert(0, self.upload(&at, &upload, NewPart::new(FIRST, bytes)).await?);

        let written = uploaded.iter().map(|(_, written)| written).sum();
        let parts: Vec<UploadedPart> = uploaded.into_iter().map(|(part, _)| part).collect();
        let completed = self.store.complete_upload(&at, &upload, &parts).await;
        completed.map_err(|error| error.into_completion_error("completing a file"))?;
        Ok(written)
    }

    /// Uploads a part, unless the encrypt stage has. Returns it with the number of bytes written.
    async fn part(
        &self,
        at: &Location,
        upload: &UploadId,
        (representation, number): (RepresentationId, u16),
        part: &StoredPart,
    ) -> Result<(UploadedPart, u64), Error> {
        match part {
            StoredPart::Uploaded(part) => Ok((part.clone(), 0)),
            StoredPart::Staged(portions) => {
                let bytes = self.append_staged(Vec::new(), (representation, number), portions).await?;
                self.upload(at, upload, NewPart::new(number, bytes)).await
            }
        }
    }

    async fn upload(&self, at: &Location, upload: &UploadId, new: NewPart) -> Result<(UploadedPart, u64), Error> {
        let (number, bytes, digest) = (new.number, new.body.length(), new.digest);
        let etag = match self.store.put_part(at, upload, new).await {
            Ok(etag) => Some(etag),
            // Another function has completed the upload, or it has expired: completing it distinguishes the two.
            Err(StoreError::UploadEnded { .. }) => None,
            Err(error) => return Err(error.into_error("uploading a part")),
        };
        Ok((UploadedPart { number, bytes, digest, etag }, bytes))
    }

    /// Reads the staged bytes of part `number` and appends them to `bytes`.
    async fn append_staged(
        &self,
        mut bytes: Vec<u8>,
        (representation, number): (RepresentationId, u16),
        part: &[StagedPortion],
    ) -> Result<Vec<u8>, Error> {
        let length: u64 = part.iter().map(|portion| portion.bytes).sum();
        // Reserve the full length, so that a growing buffer does not copy a part. A part has some megabytes.
        bytes.reserve_exact(usize::try_from(length.min(MAX_RESERVED)).unwrap_or_default());
        let read = |portion: &StagedPortion| {
            let (length, digest) = (portion.bytes, portion.digest);
            let key = layout::staged_part_key(&self.package.id, representation, number, portion.work_unit);
            let at = Location::new(self.work_bucket, key);
            async move {
                let bytes = self.store.read(&at, None, 0..length).await;
                let bytes = bytes.map_err(|error| error.into_error("reading a staged part"))?;
                let mismatch = || Error::permanent("different_bytes", "a staged part does not match its receipt");
                (Digest::of(&bytes) == digest).then_some(bytes).ok_or_else(mismatch)
            }
        };
        let staged = stream::iter(part.iter().map(read)).buffered(GETS);
        staged
            .try_fold(bytes, async |mut bytes, staged| {
                bytes.extend_from_slice(&staged);
                Ok(bytes)
            })
            .await
    }
}
