//! Reads and writes of S3 objects.
//!
//! A write is one PUT with `If-None-Match: *` and the SHA-256 of the bytes, which S3 verifies and stores. That header is
//! signed, so the payload does not have to be hashed again for its signature. If an object exists already, a HEAD compares its
//! checksum; only an object that was written without a checksum is read instead.

use std::ops::Range;

use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use data_encoding::BASE64;
use futures_util::Stream;
use vpp_pipeline::domain::layout::Headers;
use vpp_pipeline::domain::multipart::UploadId;
use vpp_pipeline::domain::object::{Digest, ETag, Location};
use vpp_pipeline::domain::when::RetentionDays;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{NewObject, NewPart, ObjectStore, PutOutcome, StoreError, UploadedPart};

use super::multipart::abort_multipart_upload;
use super::ranged_read::S3Store;
use super::request_body::request_body;
use super::store_error::unreachable;
use crate::error::{code, unavailable};

/// Maximum number of attempts of a PUT that conflicts with concurrent writes of the same object (409).
const CONFLICTS: usize = 4;

impl S3Store {
    /// Returns the request that writes an object.
    fn put_request(&self, at: &Location, object: &NewObject) -> PutObjectFluentBuilder {
        let put = self.client.put_object().bucket(at.bucket()).key(at.key());
        let put = put.content_type(object.headers.content_type).cache_control(object.headers.cache_control);
        let tag = |retention: RetentionDays| format!("{}={}", RetentionDays::TAG, retention.days());
        let put = put.set_tagging(object.retention.map(tag));
        put.checksum_sha256(BASE64.encode(&object.digest.0)).body(request_body(&object.body))
    }

    /// Compares the object at `at` with the digest of the object that was to be written there.
    async fn compare(&self, at: &Location, digest: Digest) -> Result<PutOutcome, StoreError> {
        let head = self.client.head_object().bucket(at.bucket()).key(at.key()).checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.map_err(unavailable("HeadObject")).map_err(|source| unreachable(at, source))?;
        let same = match head.checksum_sha256() {
            Some(checksum) => checksum == BASE64.encode(&digest.0),
            None => self.digest(at, 0..u64::MAX).await? == digest,
        };
        if same { Ok(PutOutcome::AlreadyExists) } else { Err(StoreError::DifferentBytes { at: at.clone() }) }
    }
}

impl ObjectStore for S3Store {
    fn stream(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        self.read_range(at, pin, range)
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<PutOutcome, StoreError> {
        for _ in 0..CONFLICTS {
            let put = self.put_request(at, &object).if_none_match("*");
            let Err(error) = put.customize().disable_payload_signing().send().await else {
                return Ok(PutOutcome::Created);
            };
            match code(&error) {
                Some("PreconditionFailed") => return self.compare(at, object.digest).await,
                Some("ConditionalRequestConflict") => {}
                _ => return Err(unreachable(at, unavailable("PutObject")(error))),
            }
        }
        Err(unreachable(at, Unavailable::new("PutObject", "concurrent writes of the object kept conflicting".into())))
    }

    async fn put(&self, at: &Location, object: NewObject) -> Result<(), StoreError> {
        let put = self.put_request(at, &object).customize().disable_payload_signing().send().await;
        put.map(drop).map_err(unavailable("PutObject")).map_err(|source| unreachable(at, source))
    }

    async fn begin_upload(&self, at: &Location, headers: Headers) -> Result<UploadId, StoreError> {
        self.create_multipart_upload(at, headers).await
    }

    async fn put_part(&self, at: &Location, upload: &UploadId, part: NewPart) -> Result<ETag, StoreError> {
        self.upload_part(at, upload, part).await
    }

    async fn complete_upload(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[UploadedPart],
    ) -> Result<PutOutcome, StoreError> {
        self.complete_multipart_upload(at, upload, parts).await
    }

    async fn abort_upload(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        abort_multipart_upload(&self.client, at, upload).await
    }
}
