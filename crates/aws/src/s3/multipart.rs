//! Multipart uploads of S3 objects.
//!
//! Each part has a SHA-256 checksum, and the object has the composite checksum of all of them. The upload is completed with
//! `If-None-Match: *`, so it never overwrites an object. If the upload was completed before, or an object exists already, the
//! composite checksum shows whether the object consists of these parts.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use data_encoding::BASE64;
use vpp_pipeline::domain::layout::Headers;
use vpp_pipeline::domain::multipart::UploadId;
use vpp_pipeline::domain::object::{Digest, ETag, Location};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{NewPart, PutOutcome, StoreError, UploadedPart};

use super::ranged_read::S3Store;
use super::request_body::request_body;
use super::store_error::{NO_SUCH_UPLOAD, NOT_FOUND, unreachable};
use crate::error::{code, unavailable};

/// Returns the id in a response to `CreateMultipartUpload`.
pub(super) fn upload_id(at: &Location, id: Option<&str>) -> Result<UploadId, StoreError> {
    let missing = || Unavailable::new("CreateMultipartUpload", "the response has no upload id".into());
    id.map(UploadId::new).ok_or_else(|| unreachable(at, missing()))
}

/// Aborts a multipart upload. Succeeds if the upload was completed, was aborted, or has expired.
pub(super) async fn abort_multipart_upload(
    client: &Client,
    at: &Location,
    upload: &UploadId,
) -> Result<(), StoreError> {
    let abort = client.abort_multipart_upload().bucket(at.bucket()).key(at.key()).upload_id(upload.as_str());
    match abort.send().await {
        Err(error) if code(&error) != NO_SUCH_UPLOAD => {
            Err(unreachable(at, unavailable("AbortMultipartUpload")(error)))
        }
        _ => Ok(()),
    }
}

impl S3Store {
    pub(super) async fn create_multipart_upload(
        &self,
        at: &Location,
        headers: Headers,
    ) -> Result<UploadId, StoreError> {
        let create = self.client.create_multipart_upload().bucket(at.bucket()).key(at.key());
        let create = create.content_type(headers.content_type).cache_control(headers.cache_control);
        let created = create.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await;
        let created =
            created.map_err(unavailable("CreateMultipartUpload")).map_err(|source| unreachable(at, source))?;
        upload_id(at, created.upload_id())
    }

    pub(super) async fn upload_part(
        &self,
        at: &Location,
        upload: &UploadId,
        part: NewPart,
    ) -> Result<ETag, StoreError> {
        let put = self.client.upload_part().bucket(at.bucket()).key(at.key()).upload_id(upload.as_str());
        let put = put.part_number(i32::from(part.number)).checksum_sha256(BASE64.encode(&part.digest.0));
        let put = put.body(request_body(&part.body)).customize().disable_payload_signing();
        let put = put.send().await.map_err(|error| match code(&error) {
            NO_SUCH_UPLOAD => StoreError::UploadEnded { at: at.clone() },
            _ => unreachable(at, unavailable("UploadPart")(error)),
        })?;
        let etag = put.e_tag().map(ETag::new);
        etag.ok_or_else(|| unreachable(at, Unavailable::new("UploadPart", "the response has no ETag".into())))
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[UploadedPart],
    ) -> Result<PutOutcome, StoreError> {
        let completed = |part: &UploadedPart| {
            let completed = CompletedPart::builder().part_number(i32::from(part.number));
            let completed = completed.checksum_sha256(BASE64.encode(&part.digest.0));
            part.etag.as_ref().map(|etag| completed.e_tag(format!("\"{etag}\"")).build())
        };
        let Some(completed) = parts.iter().map(completed).collect::<Option<Vec<_>>>() else {
            return self.compare_parts(at, parts).await;
        };
        let completed = CompletedMultipartUpload::builder().set_parts(Some(completed)).build();
        let complete = self.client.complete_multipart_upload().bucket(at.bucket()).key(at.key());
        let complete = complete.upload_id(upload.as_str()).multipart_upload(completed).if_none_match("*");
        let Err(error) = complete.send().await else { return Ok(PutOutcome::Created) };
        match code(&error) {
            Some("NoSuchUpload" | "PreconditionFailed") => self.compare_parts(at, parts).await,
            _ => Err(unreachable(at, unavailable("CompleteMultipartUpload")(error))),
        }
    }

    /// Compares the object at `at`, if there is one, with these parts.
    async fn compare_parts(&self, at: &Location, parts: &[UploadedPart]) -> Result<PutOutcome, StoreError> {
        let head = self.client.head_object().bucket(at.bucket()).key(at.key()).checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.map_err(|error| match code(&error) {
            missing if NOT_FOUND.contains(&missing) => StoreError::UploadEnded { at: at.clone() },
            _ => unreachable(at, unavailable("HeadObject")(error)),
        })?;
        let length = parts.iter().try_fold(0_u64, |length, part| length.checked_add(part.bytes));
        let out_of_range = || Unavailable::new("HeadObject", "the length of the parts is out of range".into());
        let length = length.ok_or_else(|| unreachable(at, out_of_range()))?;
        let mut same = head.content_length().and_then(|found| u64::try_from(found).ok()) == Some(length);
        let digests: Vec<u8> = parts.iter().flat_map(|part| part.digest.0).collect();
        let composite = format!("{}-{}", BASE64.encode(&Digest::of(&digests).0), parts.len());
        if same && head.checksum_sha256() != Some(&composite) {
            // The object was written in another way, so its bytes have to be compared.
            // No sum exceeds `length`.
            let mut start = 0;
            for part in parts {
                same &= self.digest(at, start..start + part.bytes).await? == part.digest;
                start += part.bytes;
            }
        }
        if same { Ok(PutOutcome::AlreadyExists) } else { Err(StoreError::DifferentBytes { at: at.clone() }) }
    }
}
