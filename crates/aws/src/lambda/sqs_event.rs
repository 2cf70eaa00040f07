//! The payload of an SQS trigger, and the partial batch response.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::delivery::Undecodable;

/// A batch of messages of one queue.
#[derive(Debug, Deserialize)]
pub(super) struct SqsEvent {
    #[serde(rename = "Records")]
    pub(super) messages: Vec<SqsMessage>,
}

/// A message as SQS delivers it. Only the fields that are used are declared.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SqsMessage {
    pub(super) message_id: String,
    body: String,
    /// Identifies this delivery of the message to the queue.
    #[serde(default)]
    pub(super) receipt_handle: String,
    #[serde(default)]
    attributes: SystemAttributes,
    #[serde(rename = "eventSourceARN")]
    pub(super) event_source_arn: String,
}

/// The system attributes of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SystemAttributes {
    #[serde(default)]
    approximate_receive_count: Option<String>,
    #[serde(default, rename = "AWSTraceHeader")]
    trace_header: Option<String>,
}

impl SqsMessage {
    /// Decodes the body from JSON.
    pub(super) fn decode<M: DeserializeOwned>(&self) -> Result<M, Undecodable> {
        serde_json::from_str(&self.body).map_err(Undecodable::Body)
    }

    /// Returns the trace header that the message was sent with.
    pub(super) fn trace_header(&self) -> Option<&str> {
        self.attributes.trace_header.as_deref()
    }

    /// Returns how many times the message has been received, including this time.
    pub(super) fn receive_count(&self) -> u32 {
        self.attributes.approximate_receive_count.as_deref().and_then(|count| count.parse().ok()).unwrap_or(1)
    }
}

/// The partial batch response: the messages that SQS must deliver again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SqsBatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl SqsBatchResponse {
    /// Reports `message` as failed.
    pub(super) fn fail(&mut self, message: &SqsMessage) {
        self.batch_item_failures.push(BatchItemFailure { item_identifier: message.message_id.clone() });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_response_to_a_batch_lists_the_failed_messages() {
        let message = json!({"messageId": "m", "body": "null", "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q"});
        let message: SqsMessage = serde_json::from_value(message).unwrap();
        let mut response = SqsBatchResponse::default();
        response.fail(&message);
        assert_eq!(serde_json::to_value(response).unwrap(), json!({"batchItemFailures": [{"itemIdentifier": "m"}]}));
    }
}
