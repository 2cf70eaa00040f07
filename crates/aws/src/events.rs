//! What the runtime delivers, decoded into what the use cases take.
//!
//! Only the fields that are used are described. An S3 key in an event is URL-encoded, with `+` for a space: it is decoded
//! here and nowhere else.

use std::str::FromStr;

use data_encoding::HEXUPPER_PERMISSIVE;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::message::{DashMessage, FragmentMessage, WorkUnitMessage};
use vpp_pipeline::domain::state::Stage;
use vpp_pipeline::ports::{ETag, Location};
use vpp_pipeline::stages::dead_letter::DeadLetter;
use vpp_pipeline::stages::ingest::Upload;

/// A delivery that is not what its source sends.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    /// The body is not the JSON it should be.
    #[error("the body cannot be read")]
    Body(#[source] serde_json::Error),
    /// The key is not URL-encoded UTF-8.
    #[error("the object's key cannot be decoded")]
    Key,
    /// The queue is none of the dead-letter queues.
    #[error("the queue {0} is no dead-letter queue of a stage")]
    Queue(String),
}

/// A notification of S3. Its test notification has no records.
#[derive(Debug, Deserialize)]
pub struct S3Event {
    #[serde(rename = "Records", default)]
    records: Vec<S3Record>,
}

#[derive(Debug, Deserialize)]
struct S3Record {
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
    /// Left out for an empty object by some senders.
    #[serde(default)]
    size: u64,
    e_tag: String,
    #[serde(default)]
    version_id: Option<String>,
}

impl S3Event {
    /// The uploads it tells of.
    ///
    /// # Errors
    /// [`Undecodable::Key`].
    pub fn uploads(self) -> Result<Vec<Upload>, Undecodable> {
        let upload = |record: S3Record| {
            let S3Entity { bucket, object } = record.s3;
            Ok(Upload {
                location: Location::new(bucket.name, decode_key(&object.key).ok_or(Undecodable::Key)?),
                etag: ETag::new(&object.e_tag),
                version_id: object.version_id.filter(|id| !id.is_empty() && id != "null"),
                bytes: object.size,
            })
        };
        self.records.into_iter().map(upload).collect()
    }
}

/// Undoes the URL encoding of a key in an event.
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

/// A batch of messages of one queue.
#[derive(Debug, Deserialize)]
pub struct SqsBatch {
    /// The messages.
    #[serde(rename = "Records")]
    pub messages: Vec<SqsMessage>,
}

/// A message as SQS delivers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsMessage {
    /// Names the message in the answer.
    pub message_id: String,
    body: String,
    #[serde(default)]
    receipt_handle: String,
    #[serde(default)]
    attributes: Attributes,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: String,
}

/// What SQS says of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    #[serde(default)]
    approximate_receive_count: Option<String>,
    #[serde(default, rename = "AWSTraceHeader")]
    trace_header: Option<String>,
}

impl SqsMessage {
    /// The body, decoded.
    ///
    /// # Errors
    /// [`Undecodable::Body`].
    pub fn decode<M: DeserializeOwned>(&self) -> Result<M, Undecodable> {
        serde_json::from_str(&self.body).map_err(Undecodable::Body)
    }

    /// Names this delivery of it to the queue.
    #[must_use]
    pub fn receipt_handle(&self) -> &str {
        &self.receipt_handle
    }

    /// The trace that it was sent under.
    pub(crate) fn trace(&self) -> Option<&str> {
        self.attributes.trace_header.as_deref()
    }

    /// Which delivery of it this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attributes.approximate_receive_count.as_deref().and_then(|count| count.parse().ok()).unwrap_or(1)
    }

    /// What was given up on, when the queue is a dead-letter queue. The queue's name says which stage gave up.
    ///
    /// # Errors
    /// [`Undecodable`].
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>, Undecodable> {
        match self.dead_stage()? {
            Stage::Ingest => {
                let invocation: FailedInvocation = self.decode()?;
                Ok(invocation.request_payload.uploads()?.into_iter().map(DeadLetter::Upload).collect())
            }
            stage @ Stage::Fragment => {
                let message: FragmentMessage = self.decode()?;
                Ok(dead_package(message.package(), stage, message.attempt()))
            }
            stage @ Stage::Encrypt => {
                let message: WorkUnitMessage = self.decode()?;
                Ok(dead_package(message.package(), stage, message.attempt()))
            }
            stage @ Stage::Dash => {
                let message: DashMessage = self.decode()?;
                Ok(dead_package(message.package(), stage, message.attempt()))
            }
        }
    }

    fn dead_stage(&self) -> Result<Stage, Undecodable> {
        let arn = &self.event_source_arn;
        let name = arn.strip_suffix("-dead").and_then(|name| name.rsplit(['-', ':']).next());
        name.and_then(|name| Stage::from_str(name).ok()).ok_or_else(|| Undecodable::Queue(arn.clone()))
    }
}

fn dead_package(id: &PackageId, stage: Stage, attempt: Option<u64>) -> Vec<DeadLetter> {
    vec![DeadLetter::Package { id: id.clone(), stage, attempt }]
}

/// What Lambda sends when an asynchronous invocation has failed for good.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedInvocation {
    request_payload: S3Event,
}

/// The answer to a batch: the messages that are to come again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl BatchAnswer {
    /// Lets `message` come again.
    pub fn fail(&mut self, message: &SqsMessage) {
        self.batch_item_failures.push(BatchItemFailure { item_identifier: message.message_id.clone() });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "abcdefghijklmnopqrstuvwxyz";

    fn event(key: &str) -> serde_json::Value {
        json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {
            "bucket": {"name": "uploads", "arn": "arn:aws:s3:::uploads"},
            "object": {"key": key, "size": 5, "eTag": "0123", "versionId": "v", "sequencer": "1"}
        }}]})
    }

    fn upload(key: &str) -> Result<Upload, Undecodable> {
        let event: S3Event = serde_json::from_value(event(key)).unwrap();
        event.uploads().map(|uploads| uploads.into_iter().next().unwrap())
    }

    #[test]
    fn every_key_a_person_can_choose_is_decoded() {
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
    }

    fn message(queue: &str, body: &serde_json::Value) -> SqsMessage {
        let message = json!({
            "messageId": "m", "body": body.to_string(), "eventSourceARN": format!("arn:aws:sqs:eu-west-1:1:{queue}")
        });
        serde_json::from_value(message).unwrap()
    }

    #[test]
    fn the_queues_name_says_which_stage_gave_up() {
        let body = json!({"schema": 1, "packaged_content_id": ID, "attempt": 5});
        for (queue, stage) in [("vpp-fragment-dead", Stage::Fragment), ("my-stack-2-dash-dead", Stage::Dash)] {
            let expected = DeadLetter::Package { id: ID.parse().unwrap(), stage, attempt: Some(5) };
            assert_eq!(message(queue, &body).dead_letters().unwrap(), [expected]);
        }
        assert!(matches!(message("vpp-fragment", &body).dead_letters(), Err(Undecodable::Queue(_))));
        assert!(matches!(message("vpp-dash-dead", &json!({})).dead_letters(), Err(Undecodable::Body(_))));
    }

    #[test]
    fn a_failed_invocation_of_ingest_names_its_uploads() {
        let body =
            json!({"version": "1.0", "requestContext": {}, "requestPayload": event("a+b"), "responsePayload": {}});
        let letters = message("vpp-ingest-dead", &body).dead_letters().unwrap();
        assert!(matches!(&letters[..], [DeadLetter::Upload(upload)] if upload.location.key() == "a b"));
    }

    #[test]
    fn a_batch_answers_which_messages_come_again() {
        let mut answer = BatchAnswer::default();
        answer.fail(&message("q", &json!(null)));
        assert_eq!(serde_json::to_value(answer).unwrap(), json!({"batchItemFailures": [{"itemIdentifier": "m"}]}));
    }
}
