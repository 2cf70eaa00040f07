//! The function of the dead-letter queues: the messages whose retries are exhausted.

use std::str::FromStr;

use serde::Deserialize;
use tracing::{Instrument, info_span};
use vpp_pipeline::domain::dead_letter::DeadLetter;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::message::{DashMessage, FragmentMessage, WorkUnitMessage};
use vpp_pipeline::domain::metric::Measurement;
use vpp_pipeline::domain::state::Stage;
use vpp_pipeline::{Error, Outcome};

use super::delivery::{DeliveryError, Undecodable, log_outcome};
use super::function::FunctionError;
use super::queue::serve_batches;
use super::s3_event::S3Event;
use super::sqs_event::SqsMessage;
use super::uploads::uploads;
use crate::retries::retry_transient;
use crate::{emf, trace};

/// Serves the dead-letter queues.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_dead_letters(
    handle: impl AsyncFn(&DeadLetter) -> Result<Outcome, Error>,
) -> Result<(), FunctionError> {
    serve_batches(async |delivered: &SqsMessage, deadline| {
        let header = trace::header();
        let trace_id = trace::id(header.as_deref());
        for letter in dead_letters(delivered)? {
            let span = match &letter {
                DeadLetter::Upload(upload) => {
                    info_span!("dead_letter", input_content_id = %upload.content_id(), trace_id)
                }
                DeadLetter::Package { id, .. } | DeadLetter::Edit(id) => {
                    info_span!("dead_letter", packaged_content_id = %id, trace_id)
                }
            };
            let handled = async { log_outcome(retry_transient(deadline, async || handle(&letter).await).await) };
            handled.instrument(span).await.map_err(DeliveryError::Stage)?;
            emf::write(&Measurement::of_dead_letter(&letter));
        }
        Ok(())
    })
    .await
}

/// The body that Lambda sends to the dead-letter queue of ingest when an asynchronous invocation has used up its retries. Before
/// ingest had a queue, S3 invoked it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedInvocation {
    request_payload: S3Event,
}

/// Decodes a message of a dead-letter queue. The name of the queue gives the stage that failed.
fn dead_letters(message: &SqsMessage) -> Result<Vec<DeadLetter>, Undecodable> {
    match stage_of_queue(&message.event_source_arn)? {
        Stage::Ingest => {
            let uploads = match message.decode::<FailedInvocation>() {
                Ok(invocation) => invocation.request_payload.uploads()?,
                Err(_) => uploads(message)?,
            };
            Ok(uploads.into_iter().map(DeadLetter::Upload).collect())
        }
        stage @ Stage::Fragment => {
            let message: FragmentMessage = message.decode()?;
            Ok(dead_package(message.package(), stage, message.attempt()))
        }
        stage @ Stage::Encrypt => {
            let message: WorkUnitMessage = message.decode()?;
            Ok(dead_package(message.package(), stage, message.attempt()))
        }
        stage @ Stage::Dash => {
            let message: DashMessage = message.decode()?;
            if message.is_edit() {
                return Ok(vec![DeadLetter::Edit(message.package().clone())]);
            }
            Ok(dead_package(message.package(), stage, message.attempt()))
        }
    }
}

/// Returns the stage of a queue: `encrypt` for `arn:aws:sqs:eu-west-1:123456789012:stack-encrypt-dead`.
fn stage_of_queue(arn: &str) -> Result<Stage, Undecodable> {
    let name = arn.strip_suffix("-dead").and_then(|name| name.rsplit(['-', ':']).next());
    name.and_then(|name| Stage::from_str(name).ok()).ok_or_else(|| Undecodable::Queue(arn.to_owned()))
}

fn dead_package(id: &PackageId, stage: Stage, attempt: Option<u64>) -> Vec<DeadLetter> {
    vec![DeadLetter::Package { id: id.clone(), stage, attempt }]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn message(queue: &str, body: &Value) -> SqsMessage {
        let arn = format!("arn:aws:sqs:eu-west-1:1:{queue}");
        let message = json!({"messageId": "m", "body": body.to_string(), "eventSourceARN": arn});
        serde_json::from_value(message).unwrap()
    }

    #[test]
    fn the_name_of_the_queue_gives_the_stage_that_failed() {
        const ID: &str = "abcdefghijklmnopqrstuvwxyz";
        let body = json!({"schema": 1, "packaged_content_id": ID, "attempt": 5});
        for (queue, stage) in [("vpp-fragment-dead", Stage::Fragment), ("my-stack-2-dash-dead", Stage::Dash)] {
            let expected = DeadLetter::Package { id: ID.parse().unwrap(), stage, attempt: Some(5) };
            assert_eq!(dead_letters(&message(queue, &body)).unwrap(), [expected]);
        }
        assert!(matches!(dead_letters(&message("vpp-fragment", &body)), Err(Undecodable::Queue(_))));
        assert!(matches!(dead_letters(&message("vpp-dash-dead", &json!({}))), Err(Undecodable::Body(_))));
    }

    #[test]
    fn a_dead_letter_of_ingest_names_its_uploads() {
        let object = json!({"key": "a+b", "size": 5, "eTag": "0123"});
        let event = json!({"Records": [{"s3": {"bucket": {"name": "uploads"}, "object": object}}]});
        let record = json!({"version": "1.0", "requestContext": {}, "requestPayload": event, "responsePayload": {}});
        for body in [record, event] {
            let letters = dead_letters(&message("vpp-ingest-dead", &body)).unwrap();
            assert!(matches!(&letters[..], [DeadLetter::Upload(upload)] if upload.location.key() == "a b"));
        }
    }
}
