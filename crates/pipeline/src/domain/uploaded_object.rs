//! An object that was created in the uploads bucket, as S3's event reports it.

use crate::domain::id::ContentId;
use crate::domain::object::{ETag, Location};

/// An object that was created in the uploads bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedObject {
    /// The bucket and the key.
    pub location: Location,
    /// The version, as an entity tag.
    pub etag: ETag,
    /// The version id, in a versioned bucket.
    pub version_id: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
}

impl UploadedObject {
    /// Returns the `input_content_id` of this version.
    #[must_use]
    pub fn content_id(&self) -> ContentId {
        ContentId::of(&self.location, &self.etag)
    }

    /// Returns whether this is an empty object that a console creates to represent a folder.
    #[must_use]
    pub fn is_folder_marker(&self) -> bool {
        self.bytes == 0 && self.location.key().ends_with('/')
    }
}
