//! Objects in S3.
//!
//! A read is one ranged GET, with `If-Match` when the version is pinned; an answer that breaks off or stalls is read on from
//! where it was. A write is one PUT with `If-None-Match: *` and the SHA-256 of the bytes, which S3 checks on arrival and keeps;
//! that header is signed, so the payload need not be hashed again to be signed too. When an object stands there already, a HEAD compares that
//! checksum; only an object that was written without one is read for it.
//!
//! An upload in parts is one of SHA-256 checksums too: each part has its own, and the object that of all of them (a composite
//! checksum). It is completed with `If-None-Match: *`, so that it never overwrites anything either. When the upload is over or
//! an object stands there, that checksum tells whether the object is made of these parts.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart, Delete as Objects, ObjectIdentifier,
};
use bytes::Bytes;
use data_encoding::BASE64;
use futures_util::{Stream, TryStreamExt, stream};
use vpp_pipeline::domain::layout::Headers;
use vpp_pipeline::error::Cause;
use vpp_pipeline::ports::{
    Digest, ETag, Location, NewObject, NewPart, ObjectRemover, ObjectStore, Part, Put, StoreError, Unavailable,
    UploadId,
};

use crate::body::gathered;
use crate::error::{code, unavailable};

/// Answers to one GET that may break off, or stall, and be read on from there.
const ANSWERS: usize = 4;
/// Times a PUT is made while others write the same object at the same moment (409).
const CONFLICTS: usize = 4;

/// The buckets of an account.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
}

impl S3Store {
    /// With this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Whether the object that stands at `at` has the digest of the one that was to go there.
    async fn compare(&self, at: &Location, digest: Digest) -> Result<Put, StoreError> {
        let head = self.client.head_object().bucket(at.bucket()).key(at.key()).checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.map_err(unavailable("HeadObject")).map_err(|source| unreachable(at, source))?;
        let same = match head.checksum_sha256() {
            Some(checksum) => checksum == BASE64.encode(&digest.0),
            None => self.digest(at, 0..u64::MAX).await? == digest,
        };
        if same { Ok(Put::AlreadyThere) } else { Err(StoreError::DifferentBytes { at: at.clone() }) }
    }

    /// Whether the object that stands at `at`, if any, is made of these parts.
    async fn compare_parts(&self, at: &Location, parts: &[Part]) -> Result<Put, StoreError> {
        let head = self.client.head_object().bucket(at.bucket()).key(at.key()).checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.map_err(|error| match code(&error) {
            Some("NotFound" | "NoSuchKey") => StoreError::UploadOver { at: at.clone() },
            _ => unreachable(at, unavailable("HeadObject")(error)),
        })?;
        let length: u64 = parts.iter().map(|part| part.bytes).sum();
        let mut same = head.content_length().and_then(|found| u64::try_from(found).ok()) == Some(length);
        let digests: Vec<u8> = parts.iter().flat_map(|part| part.digest.0).collect();
        let composite = format!("{}-{}", BASE64.encode(&Digest::of(&digests).0), parts.len());
        if same && head.checksum_sha256() != Some(&composite) {
            // It was written in another way: only its bytes tell.
            let mut start = 0;
            for part in parts {
                same &= self.digest(at, start..start + part.bytes).await? == part.digest;
                start += part.bytes;
            }
        }
        if same { Ok(Put::AlreadyThere) } else { Err(StoreError::DifferentBytes { at: at.clone() }) }
    }

    /// The digest of a range of what stands at `at`.
    async fn digest(&self, at: &Location, range: Range<u64>) -> Result<Digest, StoreError> {
        Ok(Digest::of_body(&self.stream(at, None, range).try_collect().await?))
    }

    /// Begins to read what is left of a range. Its end is the object's, where that comes first.
    async fn open(&self, at: &Location, pin: Option<&ETag>, left: &mut Range<u64>) -> Result<ByteStream, StoreError> {
        let header = format!("bytes={}-{}", left.start, left.end.saturating_sub(1));
        let request = self.client.get_object().bucket(at.bucket()).key(at.key()).range(header);
        let answer = request.set_if_match(pin.map(|etag| format!("\"{etag}\""))).send().await;
        let answer = answer.map_err(|error| match code(&error) {
            Some("NoSuchKey" | "NoSuchVersion") => StoreError::Missing { at: at.clone() },
            Some("PreconditionFailed") => StoreError::Changed { at: at.clone() },
            _ => unreachable(at, unavailable("GetObject")(error)),
        })?;
        let announced = answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        left.end = left.start.saturating_add(announced);
        Ok(answer.body)
    }

    /// The next bytes of a range, read on from where an answer broke off.
    async fn next(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        reading: &mut Reading,
    ) -> Result<Option<Bytes>, StoreError> {
        loop {
            let body = match &mut reading.body {
                Some(body) => body,
                None => reading.body.insert(self.open(at, pin, &mut reading.left).await?),
            };
            let broken: Cause = match body.next().await {
                Some(Ok(bytes)) => {
                    reading.left.start = reading.left.start.saturating_add(bytes.len() as u64);
                    return Ok(Some(bytes));
                }
                None if reading.left.is_empty() => return Ok(None),
                None => "the answer broke off".into(),
                Some(Err(error)) => error.into(),
            };
            reading.answers += 1;
            if reading.answers == ANSWERS {
                return Err(unreachable(at, Unavailable::new("GetObject", broken)));
            }
            tracing::warn!(%at, left = reading.left.end - reading.left.start, "reading on: {broken}");
            reading.body = None;
        }
    }
}

/// How far the reading of a range is.
struct Reading {
    left: Range<u64>,
    body: Option<ByteStream>,
    /// Answers that broke off.
    answers: usize,
}

impl ObjectStore for S3Store {
    fn stream(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        // Nothing is asked for that is nothing.
        let start = (!range.is_empty()).then_some(Reading { left: range, body: None, answers: 0 });
        stream::try_unfold(start, move |reading| async move {
            let Some(mut reading) = reading else { return Ok(None) };
            let bytes = self.next(at, pin, &mut reading).await?;
            Ok(bytes.map(|bytes| (bytes, Some(reading))))
        })
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<Put, StoreError> {
        for _ in 0..CONFLICTS {
            let put = self.client.put_object().bucket(at.bucket()).key(at.key()).if_none_match("*");
            let put = put.content_type(object.headers.content_type).cache_control(object.headers.cache_control);
            let put = put.checksum_sha256(BASE64.encode(&object.digest.0)).body(gathered(&object.body));
            let Err(error) = put.customize().disable_payload_signing().send().await else { return Ok(Put::Created) };
            match code(&error) {
                Some("PreconditionFailed") => return self.compare(at, object.digest).await,
                Some("ConditionalRequestConflict") => {}
                _ => return Err(unreachable(at, unavailable("PutObject")(error))),
            }
        }
        Err(unreachable(at, Unavailable::new("PutObject", "others kept writing the same object".into())))
    }

    async fn begin_upload(&self, at: &Location, headers: Headers) -> Result<UploadId, StoreError> {
        let begin = self.client.create_multipart_upload().bucket(at.bucket()).key(at.key());
        let begin = begin.content_type(headers.content_type).cache_control(headers.cache_control);
        let begun = begin.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await;
        let begun = begun.map_err(unavailable("CreateMultipartUpload")).map_err(|source| unreachable(at, source))?;
        let id = begun.upload_id().map(UploadId::new);
        id.ok_or_else(|| unreachable(at, Unavailable::new("CreateMultipartUpload", "it has no id".into())))
    }

    async fn put_part(&self, at: &Location, upload: &UploadId, part: NewPart) -> Result<ETag, StoreError> {
        let put = self.client.upload_part().bucket(at.bucket()).key(at.key()).upload_id(upload.as_str());
        let put = put.part_number(i32::from(part.number)).checksum_sha256(BASE64.encode(&part.digest.0));
        let put = put.body(gathered(&part.body)).customize().disable_payload_signing();
        let put = put.send().await.map_err(|error| match code(&error) {
            Some("NoSuchUpload") => StoreError::UploadOver { at: at.clone() },
            _ => unreachable(at, unavailable("UploadPart")(error)),
        })?;
        let etag = put.e_tag().map(ETag::new);
        etag.ok_or_else(|| unreachable(at, Unavailable::new("UploadPart", "it has no ETag".into())))
    }

    async fn complete_upload(&self, at: &Location, upload: &UploadId, parts: &[Part]) -> Result<Put, StoreError> {
        let completed = |part: &Part| {
            let own = CompletedPart::builder().part_number(i32::from(part.number));
            let own = own.checksum_sha256(BASE64.encode(&part.digest.0));
            part.etag.as_ref().map(|etag| own.e_tag(format!("\"{etag}\"")).build())
        };
        let Some(listed) = parts.iter().map(completed).collect::<Option<Vec<_>>>() else {
            return self.compare_parts(at, parts).await;
        };
        let listed = CompletedMultipartUpload::builder().set_parts(Some(listed)).build();
        let complete = self.client.complete_multipart_upload().bucket(at.bucket()).key(at.key());
        let complete = complete.upload_id(upload.as_str()).multipart_upload(listed).if_none_match("*");
        let Err(error) = complete.send().await else { return Ok(Put::Created) };
        match code(&error) {
            Some("NoSuchUpload" | "PreconditionFailed") => self.compare_parts(at, parts).await,
            _ => Err(unreachable(at, unavailable("CompleteMultipartUpload")(error))),
        }
    }

    async fn abandon_upload(&self, at: &Location, upload: &UploadId) -> Result<(), StoreError> {
        let abort = self.client.abort_multipart_upload().bucket(at.bucket()).key(at.key()).upload_id(upload.as_str());
        match abort.send().await {
            Err(error) if code(&error) != Some("NoSuchUpload") => {
                Err(unreachable(at, unavailable("AbortMultipartUpload")(error)))
            }
            _ => Ok(()),
        }
    }
}

impl ObjectRemover for S3Store {
    async fn remove_all(&self, bucket: &str, prefix: &str) -> Result<(), StoreError> {
        let at = Location::new(bucket, prefix);
        let listed = self.client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator();
        let mut pages = listed.send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(unavailable("ListObjectsV2")).map_err(|source| unreachable(&at, source))?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            let doomed: Result<Vec<_>, _> = keys.map(|key| ObjectIdentifier::builder().key(key).build()).collect();
            let doomed = doomed.ok().filter(|doomed| !doomed.is_empty());
            let Some(doomed) =
                doomed.and_then(|own| Objects::builder().set_objects(Some(own)).quiet(true).build().ok())
            else {
                continue;
            };
            let answer = self.client.delete_objects().bucket(bucket).delete(doomed).send().await;
            let answer = answer.map_err(unavailable("DeleteObjects")).map_err(|source| unreachable(&at, source))?;
            if let Some(error) = answer.errors().first() {
                let why = error.code().unwrap_or("some objects were not deleted").to_owned();
                return Err(unreachable(&at, Unavailable::new("DeleteObjects", why.into())));
            }
        }
        Ok(())
    }

    async fn remove_version(&self, at: &Location, version: Option<&str>, etag: &ETag) -> Result<(), StoreError> {
        if version.is_none() {
            let head = self.client.head_object().bucket(at.bucket()).key(at.key()).send().await;
            let found = match head {
                Ok(head) => head.e_tag().map(ETag::new),
                Err(error) if matches!(code(&error), Some("NotFound" | "NoSuchKey")) => None,
                Err(error) => return Err(unreachable(at, unavailable("HeadObject")(error))),
            };
            if found.as_ref() != Some(etag) {
                return Ok(());
            }
        }
        let request = self.client.delete_object().bucket(at.bucket()).key(at.key());
        match request.set_version_id(version.map(str::to_owned)).send().await {
            Err(error) if !matches!(code(&error), Some("NoSuchKey" | "NoSuchVersion")) => {
                Err(unreachable(at, unavailable("DeleteObject")(error)))
            }
            _ => Ok(()),
        }
    }
}

fn unreachable(at: &Location, source: Unavailable) -> StoreError {
    StoreError::Unavailable { at: at.clone(), source }
}
