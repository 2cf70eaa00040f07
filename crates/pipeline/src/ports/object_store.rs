//! Objects under keys: read by range at a pinned version, written once.

use std::future::Future;
use std::ops::Range;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use vpp_media::isobmff::MAX_MOOV_BYTES;

use crate::domain::layout::Headers;
use crate::domain::multipart::UploadId;
use crate::domain::object::{Digest, ETag, Location};
use crate::ports::body::Body;
use crate::ports::store_error::StoreError;

/// An object to write.
#[derive(Debug)]
pub struct NewObject {
    /// Its bytes.
    pub body: Body,
    /// Their digest, which the store checks on arrival.
    pub digest: Digest,
    /// How it is served.
    pub headers: Headers,
}

impl NewObject {
    /// An object of the bytes of `body`, with their digest.
    #[must_use]
    pub fn new(body: impl Into<Body>, headers: Headers) -> Self {
        let body = body.into();
        Self { digest: body.digest(), body, headers }
    }
}

/// What a write found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// There was no object; now there is.
    Created,
    /// An object of the same bytes stood there already.
    AlreadyExists,
}

/// A part to upload.
#[derive(Debug)]
pub struct NewPart {
    /// Its number, from 1.
    pub number: u16,
    /// Its bytes.
    pub body: Body,
    /// Their digest, which the store checks on arrival.
    pub digest: Digest,
}

impl NewPart {
    /// Part `number`, of the bytes of `body`, with their digest.
    #[must_use]
    pub fn new(number: u16, body: impl Into<Body>) -> Self {
        let body = body.into();
        Self { digest: body.digest(), number, body }
    }
}

/// A part of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPart {
    /// Its number, from 1.
    pub number: u16,
    /// Length in bytes.
    pub bytes: u64,
    /// Digest of the bytes.
    pub digest: Digest,
    /// What the store answered to it; none when the upload was over before.
    pub etag: Option<ETag>,
}

/// Stores objects. Nothing is ever overwritten.
///
/// An object may be uploaded in parts, by many writers. No reader sees it until it is complete, a part may be uploaded again, and
/// an upload that is never completed is forgotten after some days.
pub trait ObjectStore: Send + Sync {
    /// The bytes of `range` as they arrive; it starts inside the object and is cut off at its end. With a `pin`, only of that
    /// version. Nothing is asked for before the stream is polled.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Changed`] when the object is not at `pin`, or unavailable: also when fewer
    /// bytes came than the answer had announced.
    fn stream(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send;

    /// Reads `range` whole.
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream).
    fn read(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Vec<u8>, StoreError>> + Send {
        // A large index would be held twice by a buffer that grows. Nothing larger is read whole.
        let length = range.end.saturating_sub(range.start).min(MAX_MOOV_BYTES);
        let room = usize::try_from(length).unwrap_or_default();
        self.stream(at, pin, range).try_fold(Vec::with_capacity(room), async |mut bytes, piece| {
            bytes.extend_from_slice(&piece);
            Ok(bytes)
        })
    }

    /// Writes `object` unless one stands there. One of the same bytes is fine.
    ///
    /// # Errors
    /// [`StoreError::DifferentBytes`] when an object of other bytes stands there, or unavailable.
    fn put_if_absent(
        &self,
        at: &Location,
        object: NewObject,
    ) -> impl Future<Output = Result<PutOutcome, StoreError>> + Send;

    /// Begins an upload in parts.
    ///
    /// # Errors
    /// Unavailable.
    fn begin_upload(
        &self,
        at: &Location,
        headers: Headers,
    ) -> impl Future<Output = Result<UploadId, StoreError>> + Send;

    /// Uploads a part, in place of one of its number.
    ///
    /// # Errors
    /// [`StoreError::UploadEnded`], or unavailable.
    fn put_part(
        &self,
        at: &Location,
        upload: &UploadId,
        part: NewPart,
    ) -> impl Future<Output = Result<ETag, StoreError>> + Send;

    /// Makes the object of all its parts, in order, unless one stands there. One of the same parts is fine.
    ///
    /// # Errors
    /// [`StoreError::DifferentBytes`] when an object of other bytes stands there, [`StoreError::UploadEnded`] when the upload was
    /// given up and nothing does, or unavailable.
    fn complete_upload(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[UploadedPart],
    ) -> impl Future<Output = Result<PutOutcome, StoreError>> + Send;

    /// Gives an upload up. One that is over is fine.
    ///
    /// # Errors
    /// Unavailable.
    fn abort_upload(&self, at: &Location, upload: &UploadId) -> impl Future<Output = Result<(), StoreError>> + Send;
}
