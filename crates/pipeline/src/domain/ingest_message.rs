//! The message that an object is to be ingested.

use serde::{Deserialize, Serialize};

use crate::domain::id::ContentId;
use crate::domain::message::{Message, Schema};
use crate::domain::object::{ETag, Location};
use crate::domain::uploaded_object::UploadedObject;

/// A request to ingest an object. The notification of the uploads bucket, which can be minutes late, requests the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestMessage {
    schema: Schema,
    input_content_id: ContentId,
    bucket: String,
    key: String,
    etag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    bytes: u64,
}

impl IngestMessage {
    /// Creates a request to ingest `object`.
    #[must_use]
    pub fn new(object: &UploadedObject) -> Self {
        Self {
            schema: Schema,
            input_content_id: object.content_id(),
            bucket: object.location.bucket().to_owned(),
            key: object.location.key().to_owned(),
            etag: object.etag.as_str().to_owned(),
            version_id: object.version_id.clone(),
            bytes: object.bytes,
        }
    }

    /// Returns the object.
    #[must_use]
    pub fn into_object(self) -> UploadedObject {
        UploadedObject {
            location: Location::new(self.bucket, self.key),
            etag: ETag::new(&self.etag),
            version_id: self.version_id,
            bytes: self.bytes,
        }
    }
}

impl Message for IngestMessage {
    fn subject(&self) -> &str {
        self.input_content_id.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_to_ingest_has_the_documented_shape() {
        let object = UploadedObject {
            location: Location::new("uploads", "a b.mp4"),
            etag: ETag::new("0123"),
            version_id: Some("v".to_owned()),
            bytes: 5,
        };
        let message = IngestMessage::new(&object);
        let expected = serde_json::json!({
            "schema": 1, "input_content_id": object.content_id(), "bucket": "uploads", "key": "a b.mp4", "etag": "0123",
            "version_id": "v", "bytes": 5
        });
        assert_eq!(serde_json::to_value(&message).unwrap(), expected);
        assert_eq!(serde_json::from_value::<IngestMessage>(expected).unwrap().into_object(), object);
    }
}
