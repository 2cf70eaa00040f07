//! Presigned URLs: API callers upload files directly to S3.
//!
//! A URL is signed for one method, one part of one multipart upload, and the part's length: `content-length` is a signed header,
//! which every client sends. S3 refuses a request of another length (`SignatureDoesNotMatch`) before it stores anything. A URL
//! requires no checksum, so a browser or curl can use it as it is.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use vpp_pipeline::domain::client_upload::StoredPart;
use vpp_pipeline::domain::multipart::UploadId;
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{ClientUploadStore, StoreError};

use super::multipart::{abort_multipart_upload, upload_id};
use super::store_error::{NO_SUCH_UPLOAD, NO_VERSION, NOT_FOUND, unreachable};
use crate::error::{code, unavailable};

/// The S3 buckets that callers upload to.
#[derive(Debug, Clone)]
pub struct S3ClientUploads {
    client: Client,
}

impl S3ClientUploads {
    /// Uses this configuration.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config);
        let config = config.request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        Self { client: Client::from_conf(config.build()) }
    }
}

fn presigning(at: &Location, lifetime: Duration) -> Result<PresigningConfig, StoreError> {
    let config = PresigningConfig::expires_in(lifetime);
    config.map_err(|error| unreachable(at, Unavailable::new("presigning", error.into())))
}

impl ClientUploadStore for S3ClientUploads {
    async fn begin(&self, at: &Location) -> Result<UploadId, StoreError> {
        let created = self.client.create_multipart_upload().bucket(at.bucket()).key(at.key()).send().await;
        let created =
            created.map_err(unavailable("CreateMultipartUpload")).map_err(|source| unreachable(at, source))?;
        upload_id(at, created.upload_id())
    }

    async fn presign_part(
        &self,
        at: &Location,
        upload: &UploadId,
        number: u16,
        bytes: u64,
        ttl: Duration,
    ) -> Result<String, StoreError> {
        let too_long = |_| unreachable(at, Unavailable::new("presigning", "the part is too long".into()));
        let request = self.client.upload_part().bucket(at.bucket()).key(at.key());
        let request = request.upload_id(upload.as_str()).part_number(i32::from(number));
        let request = request.content_length(i64::try_from(bytes).map_err(too_long)?);
        let signed = request.presigned(presigning(at, ttl)?).await.map_err(unavailable("presigning"));
        Ok(signed.map_err(|source| unreachable(at, source))?.uri().to_owned())
    }

    async fn list_parts(&self, at: &Location, upload: &UploadId) -> Result<Vec<StoredPart>, StoreError> {
        let request = self.client.list_parts().bucket(at.bucket()).key(at.key()).upload_id(upload.as_str());
        let mut listed = request.into_paginator().items().send();
        let mut parts = Vec::new();
        while let Some(part) = listed.next().await {
            let part = part.map_err(|error| match code(&error) {
                NO_SUCH_UPLOAD => StoreError::UploadEnded { at: at.clone() },
                _ => unreachable(at, unavailable("ListParts")(error)),
            })?;
            let number = part.part_number().and_then(|number| u16::try_from(number).ok());
            let bytes = part.size().and_then(|bytes| u64::try_from(bytes).ok());
            let part = number.zip(bytes).zip(part.e_tag());
            parts.extend(part.map(|((number, bytes), etag)| StoredPart { number, bytes, etag: ETag::new(etag) }));
        }
        Ok(parts)
    }

    async fn complete(&self, at: &Location, upload: &UploadId, parts: &[StoredPart]) -> Result<(), StoreError> {
        let completed = |part: &StoredPart| {
            let completed = CompletedPart::builder().part_number(i32::from(part.number));
            completed.e_tag(format!("\"{}\"", part.etag)).build()
        };
        let completed = parts.iter().map(completed).collect();
        let completed = CompletedMultipartUpload::builder().set_parts(Some(completed)).build();
        let complete = self.client.complete_multipart_upload().bucket(at.bucket()).key(at.key());
        let complete = complete.upload_id(upload.as_str()).multipart_upload(completed);
        complete.send().await.map(|_| ()).map_err(|error| match code(&error) {
            NO_SUCH_UPLOAD => StoreError::UploadEnded { at: at.clone() },
            _ => unreachable(at, unavailable("CompleteMultipartUpload")(error)),
        })
    }

    async fn find(&self, at: &Location) -> Result<Option<UploadedObject>, StoreError> {
        const CALL: &str = "HeadObject";
        match self.client.head_object().bucket(at.bucket()).key(at.key()).send().await {
            Ok(head) => {
                let bytes = head.content_length().and_then(|bytes| u64::try_from(bytes).ok());
                let missing = || unreachable(at, Unavailable::new(CALL, "the response has no length".into()));
                let bytes = bytes.ok_or_else(missing)?;
                Ok(head.e_tag().map(|etag| UploadedObject {
                    location: at.clone(),
                    etag: ETag::new(etag),
                    version_id: head.version_id().filter(|id| *id != NO_VERSION).map(str::to_owned),
                    bytes,
                }))
            }
            Err(error) if NOT_FOUND.contains(&code(&error)) => Ok(None),
            Err(error) => Err(unreachable(at, unavailable(CALL)(error))),
        }
    }

    async fn abort(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        abort_multipart_upload(&self.client, at, upload).await
    }
}
