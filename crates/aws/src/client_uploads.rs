//! Files that callers send to S3 by presigned URLs.
//!
//! A URL is signed for one method, one object and, of an object of parts, one part. It asks for no checksum, so that a browser or
//! curl can use it as it is; what S3 keeps of a part is checked by its length when the object is completed.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use vpp_pipeline::ports::{ArrivedPart, ClientUploadStore, ETag, Location, StoreError, Unavailable, UploadId};

use crate::error::{code, unavailable};

/// A bucket that callers send files to.
#[derive(Debug, Clone)]
pub struct S3ClientUploads {
    client: Client,
}

impl S3ClientUploads {
    /// With this configuration.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config);
        let config = config.request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        Self { client: Client::from_conf(config.build()) }
    }
}

fn unreachable(at: &Location, source: Unavailable) -> StoreError {
    StoreError::Unavailable { at: at.clone(), source }
}

fn presigning(at: &Location, lasts: Duration) -> Result<PresigningConfig, StoreError> {
    let config = PresigningConfig::expires_in(lasts);
    config.map_err(|error| unreachable(at, Unavailable::new("presigning", error.into())))
}

impl ClientUploadStore for S3ClientUploads {
    async fn object_url(&self, at: &Location, lasts: Duration) -> Result<String, StoreError> {
        let request = self.client.put_object().bucket(at.bucket()).key(at.key());
        let signed = request.presigned(presigning(at, lasts)?).await.map_err(unavailable("presigning"));
        Ok(signed.map_err(|source| unreachable(at, source))?.uri().to_owned())
    }

    async fn begin(&self, at: &Location) -> Result<UploadId, StoreError> {
        const CALL: &str = "CreateMultipartUpload";
        let begun = self.client.create_multipart_upload().bucket(at.bucket()).key(at.key()).send().await;
        let begun = begun.map_err(unavailable(CALL)).map_err(|source| unreachable(at, source))?;
        let id = begun.upload_id().map(UploadId::new);
        id.ok_or_else(|| unreachable(at, Unavailable::new(CALL, "it has no id".into())))
    }

    async fn part_url(
        &self,
        at: &Location,
        upload: &UploadId,
        number: u16,
        lasts: Duration,
    ) -> Result<String, StoreError> {
        let request = self.client.upload_part().bucket(at.bucket()).key(at.key());
        let request = request.upload_id(upload.as_str()).part_number(i32::from(number));
        let signed = request.presigned(presigning(at, lasts)?).await.map_err(unavailable("presigning"));
        Ok(signed.map_err(|source| unreachable(at, source))?.uri().to_owned())
    }

    async fn arrived(&self, at: &Location, upload: &UploadId) -> Result<Vec<ArrivedPart>, StoreError> {
        let request = self.client.list_parts().bucket(at.bucket()).key(at.key()).upload_id(upload.as_str());
        let mut listed = request.into_paginator().items().send();
        let mut parts = Vec::new();
        while let Some(part) = listed.next().await {
            let part = part.map_err(|error| match code(&error) {
                Some("NoSuchUpload") => StoreError::UploadOver { at: at.clone() },
                _ => unreachable(at, unavailable("ListParts")(error)),
            })?;
            let number = part.part_number().and_then(|number| u16::try_from(number).ok());
            let bytes = part.size().and_then(|bytes| u64::try_from(bytes).ok());
            let part = number.zip(bytes).zip(part.e_tag());
            parts.extend(part.map(|((number, bytes), etag)| ArrivedPart { number, bytes, etag: ETag::new(etag) }));
        }
        Ok(parts)
    }

    async fn complete(&self, at: &Location, upload: &UploadId, parts: &[ArrivedPart]) -> Result<(), StoreError> {
        let part = |part: &ArrivedPart| {
            let own = CompletedPart::builder().part_number(i32::from(part.number));
            own.e_tag(format!("\"{}\"", part.etag)).build()
        };
        let listed = CompletedMultipartUpload::builder().set_parts(Some(parts.iter().map(part).collect())).build();
        let complete = self.client.complete_multipart_upload().bucket(at.bucket()).key(at.key());
        let complete = complete.upload_id(upload.as_str()).multipart_upload(listed);
        complete.send().await.map(|_| ()).map_err(|error| match code(&error) {
            Some("NoSuchUpload") => StoreError::UploadOver { at: at.clone() },
            _ => unreachable(at, unavailable("CompleteMultipartUpload")(error)),
        })
    }

    async fn find(&self, at: &Location) -> Result<Option<(ETag, u64)>, StoreError> {
        match self.client.head_object().bucket(at.bucket()).key(at.key()).send().await {
            Ok(head) => {
                let bytes = head.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default();
                Ok(head.e_tag().map(|etag| (ETag::new(etag), bytes)))
            }
            Err(error) if matches!(code(&error), Some("NotFound" | "NoSuchKey")) => Ok(None),
            Err(error) => Err(unreachable(at, unavailable("HeadObject")(error))),
        }
    }

    async fn give_up(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        let abort = self.client.abort_multipart_upload().bucket(at.bucket()).key(at.key()).upload_id(upload.as_str());
        match abort.send().await {
            Err(error) if code(&error) != Some("NoSuchUpload") => {
                Err(unreachable(at, unavailable("AbortMultipartUpload")(error)))
            }
            _ => Ok(()),
        }
    }
}
