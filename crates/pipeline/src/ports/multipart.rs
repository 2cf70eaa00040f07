//! Objects that are uploaded in parts, by many writers.

use std::fmt;

use crate::ports::{Body, Digest, ETag};

/// An object in the making, which no reader sees until it is complete.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UploadId(String);

impl UploadId {
    /// The store's own name of it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The upload of one representation's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The representation.
    pub representation: String,
    /// Its upload.
    pub id: UploadId,
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
        Self { digest: Digest::of_body(&body), number, body }
    }
}

/// A part of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 1.
    pub number: u16,
    /// Length in bytes.
    pub bytes: u64,
    /// Digest of the bytes.
    pub digest: Digest,
    /// What the store answered to it; none when the upload was over before.
    pub etag: Option<ETag>,
}
