//! The payload of an S3 event notification.
//!
//! An object key in a notification is URL-encoded, with `+` for a space. It is decoded here and nowhere else.

use data_encoding::HEXUPPER_PERMISSIVE;
use serde::Deserialize;
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::domain::uploaded_object::UploadedObject;

use super::delivery::Undecodable;

/// An S3 event notification. Only the fields that are used are declared.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum S3Event {
    /// Objects were created.
    Created {
        #[serde(rename = "Records")]
        records: Vec<S3Record>,
    },
    /// S3 tests the destination when the notifications of a bucket are configured.
    Test {
        #[serde(rename = "Event")]
        _event: TestEvent,
    },
}

#[derive(Debug, Deserialize)]
pub(super) enum TestEvent {
    #[serde(rename = "s3:TestEvent")]
    TestEvent,
}

#[derive(Debug, Deserialize)]
pub(super) struct S3Record {
    s3: S3Entity,
}

#[derive(Debug, Deserialize)]
struct S3Entity {
    bucket: S3Bucket,
    object: S3Object,
}

#[derive(Debug, Deserialize)]
struct S3Bucket {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3Object {
    key: String,
    /// Some senders omit it for an empty object.
    #[serde(default)]
    size: u64,
    e_tag: String,
    #[serde(default)]
    version_id: Option<String>,
}

impl S3Event {
    /// Returns the objects that were created.
    pub(super) fn uploads(self) -> Result<Vec<UploadedObject>, Undecodable> {
        let upload = |record: S3Record| {
            let S3Entity { bucket, object } = record.s3;
            Ok(UploadedObject {
                location: Location::new(bucket.name, decode_key(&object.key).ok_or(Undecodable::Key)?),
                etag: ETag::new(&object.e_tag),
                version_id: object.version_id.filter(|id| !id.is_empty() && id != "null"),
                bytes: object.size,
            })
        };
        match self {
            Self::Created { records } => records.into_iter().map(upload).collect(),
            Self::Test { .. } => Ok(Vec::new()),
        }
    }
}

/// Decodes the URL encoding of an object key.
fn decode_key(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            b'%' => {
                let (digits, after) = after.split_at_checked(2)?;
                bytes.extend(HEXUPPER_PERMISSIVE.decode(digits).ok()?);
                after
            }
            b'+' => {
                bytes.push(b' ');
                after
            }
            byte => {
                bytes.push(*byte);
                after
            }
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(key: &str) -> Value {
        json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {
            "bucket": {"name": "uploads", "arn": "arn:aws:s3:::uploads"},
            "object": {"key": key, "size": 5, "eTag": "0123", "versionId": "v", "sequencer": "1"}
        }}]})
    }

    fn upload(key: &str) -> Result<UploadedObject, Undecodable> {
        let event: S3Event = serde_json::from_value(event(key)).unwrap();
        event.uploads().map(|uploads| uploads.into_iter().next().unwrap())
    }

    #[test]
    fn every_possible_key_is_decoded() {
        for (encoded, key) in [
            ("plain.mp4", "plain.mp4"),
            ("my+holiday+film.MP4", "my holiday film.MP4"),
            ("a%2Bb.mp4", "a+b.mp4"),
            ("100%25.mp4", "100%.mp4"),
            ("f%C3%BCr+%E6%97%A5%E6%9C%AC/no%20extension", "für 日本/no extension"),
        ] {
            assert_eq!(upload(encoded).unwrap().location.key(), key);
        }
        for broken in ["%", "%2", "%zz", "%ff"] {
            assert!(matches!(upload(broken), Err(Undecodable::Key)), "{broken}");
        }
    }

    #[test]
    fn the_test_notification_of_s3_has_no_uploads() {
        let event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"});
        let event: S3Event = serde_json::from_value(event).unwrap();
        assert_eq!(event.uploads().unwrap(), []);
        assert!(serde_json::from_value::<S3Event>(json!({"schema": 2})).is_err(), "another message is no notification");
    }
}
