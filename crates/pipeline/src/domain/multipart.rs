//! Multipart uploads, with which many writers upload one object, and S3's limits.

use std::fmt;

use vpp_media::cmaf::RepresentationId;

/// Maximum number of parts of an upload, by S3's limit.
pub const MAX_PARTS: u64 = 10_000;

/// Minimum size of every part except the last, in bytes, by S3's limit.
pub const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// The store's id of an upload. No reader sees the object until the upload is complete.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UploadId(String);

impl UploadId {
    /// Wraps the store's id.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the id as text.
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

/// The upload of one representation's single file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputUpload {
    /// The representation.
    pub representation: RepresentationId,
    /// The upload.
    pub id: UploadId,
}
