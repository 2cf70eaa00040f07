//! Objects in S3.
//!
//! A read is one ranged GET, with `If-Match` when the version is pinned. A write is one PUT with `If-None-Match: *` and the
//! SHA-256 of the bytes, which S3 checks on arrival and keeps. When an object stands there already, a HEAD compares that
//! checksum; only an object that was written without one is read for it.
//!
//! An upload in parts is one of SHA-256 checksums too: each part has its own, and the object that of all of them (a composite
//! checksum). It is completed with `If-None-Match: *`, so that it never overwrites anything either. When the upload is over or
//! an object stands there, that checksum tells whether the object is made of these parts.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use data_encoding::BASE64;
use vpp_pipeline::layout::Headers;
use vpp_pipeline::ports::{
    Digest, ETag, Location, NewObject, NewPart, ObjectStore, Part, Put, StoreError, Unavailable, UploadId,
};

use crate::error::{code, unavailable};

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
            None => Digest::of(&self.get(at, None, None).await?) == digest,
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
                let bytes = self.get(at, None, Some(start..start + part.bytes)).await?;
                same &= Digest::of(&bytes) == part.digest;
                start += part.bytes;
            }
        }
        if same { Ok(Put::AlreadyThere) } else { Err(StoreError::DifferentBytes { at: at.clone() }) }
    }

    async fn get(&self, at: &Location, pin: Option<&ETag>, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        let header = range.map(|range| format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        let request = self.client.get_object().bucket(at.bucket()).key(at.key()).set_range(header);
        let answer = request.set_if_match(pin.map(|etag| format!("\"{etag}\""))).send().await;
        let answer = answer.map_err(|error| match code(&error) {
            Some("NoSuchKey" | "NoSuchVersion") => StoreError::Missing { at: at.clone() },
            Some("PreconditionFailed") => StoreError::Changed { at: at.clone() },
            _ => unreachable(at, unavailable("GetObject")(error)),
        })?;
        let announced = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        collect(answer.body, announced).await.map_err(|source| unreachable(at, source))
    }
}

impl ObjectStore for S3Store {
    async fn read(&self, at: &Location, pin: Option<&ETag>, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        self.get(at, pin, Some(range)).await
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<Put, StoreError> {
        let body = SdkBody::from(object.bytes);
        for _ in 0..CONFLICTS {
            let Some(copy) = body.try_clone() else { break };
            let put = self.client.put_object().bucket(at.bucket()).key(at.key()).if_none_match("*");
            let put = put.content_type(object.headers.content_type).cache_control(object.headers.cache_control);
            let put = put.checksum_sha256(BASE64.encode(&object.digest.0)).body(ByteStream::new(copy));
            let Err(error) = put.send().await else { return Ok(Put::Created) };
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
        let put = put.body(ByteStream::from(part.bytes)).send().await.map_err(|error| match code(&error) {
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

/// The whole body, in one buffer of the announced length.
async fn collect(mut body: ByteStream, announced: usize) -> Result<Vec<u8>, Unavailable> {
    let mut bytes = Vec::with_capacity(announced);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| Unavailable::new("GetObject", Box::new(error)))?;
        bytes.extend_from_slice(&chunk);
    }
    if bytes.len() == announced {
        return Ok(bytes);
    }
    let cut_off = format!("{} of {announced} bytes came", bytes.len());
    Err(Unavailable::new("GetObject", cut_off.into()))
}

fn unreachable(at: &Location, source: Unavailable) -> StoreError {
    StoreError::Unavailable { at: at.clone(), source }
}
