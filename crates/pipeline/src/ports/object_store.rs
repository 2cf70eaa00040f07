//! The object store: objects are read by range at a pinned version, and all but manifests are written once.

use std::future::Future;
use std::ops::Range;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use vpp_media::isobmff::MAX_MOOV_BYTES;

use crate::domain::layout::Headers;
use crate::domain::multipart::UploadId;
use crate::domain::object::{Digest, ETag, Location};
use crate::domain::when::RetentionDays;
use crate::ports::body::Body;
use crate::ports::store_error::StoreError;

/// A new object.
#[derive(Debug)]
pub struct NewObject {
    /// The bytes.
    pub body: Body,
    /// Their digest, which the store verifies.
    pub digest: Digest,
    /// Media type and cache rule.
    pub headers: Headers,
    /// When the object expires; `None` if it stays.
    pub retention: Option<RetentionDays>,
}

impl NewObject {
    /// Creates an object with the bytes of `body` and their digest.
    #[must_use]
    pub fn new(body: impl Into<Body>, headers: Headers) -> Self {
        let body = body.into();
        Self { digest: body.digest(), body, headers, retention: None }
    }

    /// Sets when the object expires.
    #[must_use]
    pub fn retained(self, retention: Option<RetentionDays>) -> Self {
        Self { retention, ..self }
    }
}

/// The outcome of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object was created.
    Created,
    /// An object with the same bytes exists already.
    AlreadyExists,
}

/// A new part of a multipart upload.
#[derive(Debug)]
pub struct NewPart {
    /// Its number, from 1.
    pub number: u16,
    /// The bytes.
    pub body: Body,
    /// Their digest, which the store verifies.
    pub digest: Digest,
}

impl NewPart {
    /// Returns part `number`, with the bytes of `body` and their digest.
    #[must_use]
    pub fn new(number: u16, body: impl Into<Body>) -> Self {
        let body = body.into();
        Self { digest: body.digest(), number, body }
    }
}

/// An uploaded part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPart {
    /// Its number, from 1.
    pub number: u16,
    /// Length in bytes.
    pub bytes: u64,
    /// Digest of the bytes.
    pub digest: Digest,
    /// Its entity tag; `None` when the upload had ended before the part was uploaded.
    pub etag: Option<ETag>,
}

/// Stores objects. None but manifests are overwritten.
///
/// Many writers can upload the parts of one object. No reader sees the object until the upload is complete; a part may be
/// uploaded again; an upload that is never completed expires after some days.
pub trait ObjectStore: Send + Sync {
    /// Streams the bytes of `range`, which starts inside the object and is truncated at its end. With a `pin`, only that
    /// version is read. The request is sent when the stream is first polled.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Changed`] when the object is not at `pin`, or unavailable, which includes a
    /// response with fewer bytes than announced.
    fn stream(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send;

    /// Reads `range` into memory.
    ///
    /// # Errors
    /// The errors of [`stream`](Self::stream).
    fn read(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Vec<u8>, StoreError>> + Send {
        // Reserve the full length, so that a growing buffer does not copy a large index. Nothing larger than an index is read
        // whole.
        let length = range.end.saturating_sub(range.start).min(MAX_MOOV_BYTES);
        let capacity = usize::try_from(length).unwrap_or_default();
        self.stream(at, pin, range).try_fold(Vec::with_capacity(capacity), async |mut bytes, chunk| {
            bytes.extend_from_slice(&chunk);
            Ok(bytes)
        })
    }

    /// Writes `object` unless it exists. An existing object with the same bytes is a success.
    ///
    /// # Errors
    /// [`StoreError::DifferentBytes`] when the object exists with other bytes, or unavailable.
    fn put_if_absent(
        &self,
        at: &Location,
        object: NewObject,
    ) -> impl Future<Output = Result<PutOutcome, StoreError>> + Send;

    /// Writes `object`, in place of an existing one.
    ///
    /// # Errors
    /// Unavailable.
    fn put(&self, at: &Location, object: NewObject) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Begins a multipart upload.
    ///
    /// # Errors
    /// Unavailable.
    fn begin_upload(
        &self,
        at: &Location,
        headers: Headers,
    ) -> impl Future<Output = Result<UploadId, StoreError>> + Send;

    /// Uploads a part. It replaces an earlier part with the same number.
    ///
    /// # Errors
    /// [`StoreError::UploadEnded`], or unavailable.
    fn put_part(
        &self,
        at: &Location,
        upload: &UploadId,
        part: NewPart,
    ) -> impl Future<Output = Result<ETag, StoreError>> + Send;

    /// Completes the object from its parts, in order, unless it exists. An existing object with the same bytes is a success.
    ///
    /// # Errors
    /// [`StoreError::DifferentBytes`] when the object exists with other bytes, [`StoreError::UploadEnded`] when the upload was
    /// aborted and the object does not exist, or unavailable.
    fn complete_upload(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[UploadedPart],
    ) -> impl Future<Output = Result<PutOutcome, StoreError>> + Send;

    /// Aborts an upload. Aborting one that has ended succeeds.
    ///
    /// # Errors
    /// Unavailable.
    fn abort_upload(&self, at: &Location, upload: &UploadId) -> impl Future<Output = Result<(), StoreError>> + Send;
}
