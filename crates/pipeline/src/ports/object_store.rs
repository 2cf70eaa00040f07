//! Objects under keys: read by range at a pinned version, written once.

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::str::FromStr;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use vpp_media::isobmff::MAX_MOOV_BYTES;

use crate::domain::layout::Headers;
use crate::ports::{Body, NewPart, Part, Unavailable, UploadId};

/// A bucket and a key, written `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    bucket: String,
    key: String,
}

/// The text is not `s3://bucket/key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a location is written s3://bucket/key")]
pub struct InvalidLocation;

impl Location {
    /// The object `key` of `bucket`. A key is any text at all: nothing in it is decoded.
    #[must_use]
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into() }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The object's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let path = text.strip_prefix("s3://").ok_or(InvalidLocation)?;
        let (bucket, key) = path.split_once('/').ok_or(InvalidLocation)?;
        Ok(Self::new(bucket, key))
    }
}

/// An entity tag: one version of an object. Kept without the quotes that some answers put around it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// From an answer or an event, quoted or not.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim_matches('"').to_owned())
    }

    /// Without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest of a body's bytes.
    #[must_use]
    pub fn of_body(body: &Body) -> Self {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        body.pieces().for_each(|piece| hash.update(piece));
        Self(hash.finalize().into())
    }
}

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
        Self { digest: Digest::of_body(&body), body, headers }
    }
}

/// What a write found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// There was no object; now there is.
    Created,
    /// An object of the same bytes stood there already.
    AlreadyThere,
}

/// Why an object was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("{at} does not exist")]
    Missing {
        /// The object asked for.
        at: Location,
    },
    /// The object is not the version asked for.
    #[error("{at} is another version now")]
    Changed {
        /// The object asked for.
        at: Location,
    },
    /// An object of other bytes stands where these were to go.
    #[error("{at} exists with other bytes")]
    DifferentBytes {
        /// The object that stands there.
        at: Location,
    },
    /// The upload is complete, or was given up.
    #[error("the upload of {at} is over")]
    UploadOver {
        /// The object that was uploaded.
        at: Location,
    },
    /// The store did not answer.
    #[error("{at} could not be reached")]
    Unavailable {
        /// The object asked for.
        at: Location,
        /// Why.
        #[source]
        source: Unavailable,
    },
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
    fn put_if_absent(&self, at: &Location, object: NewObject) -> impl Future<Output = Result<Put, StoreError>> + Send;

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
    /// [`StoreError::UploadOver`], or unavailable.
    fn put_part(
        &self,
        at: &Location,
        upload: &UploadId,
        part: NewPart,
    ) -> impl Future<Output = Result<ETag, StoreError>> + Send;

    /// Makes the object of all its parts, in order, unless one stands there. One of the same parts is fine.
    ///
    /// # Errors
    /// [`StoreError::DifferentBytes`] when an object of other bytes stands there, [`StoreError::UploadOver`] when the upload was
    /// given up and nothing does, or unavailable.
    fn complete_upload(
        &self,
        at: &Location,
        upload: &UploadId,
        parts: &[Part],
    ) -> impl Future<Output = Result<Put, StoreError>> + Send;

    /// Gives an upload up. One that is over is fine.
    ///
    /// # Errors
    /// Unavailable.
    fn abandon_upload(&self, at: &Location, upload: &UploadId) -> impl Future<Output = Result<(), StoreError>> + Send;
}
