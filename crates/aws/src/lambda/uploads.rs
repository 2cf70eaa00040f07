//! The function of the ingest queue: uploads in, a verdict on each.
//!
//! S3 invoked this function in earlier versions. Lambda keeps such events for six hours, so they can arrive during an upgrade.

use std::time::SystemTime;

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use tracing::{Instrument, info_span};
use vpp_pipeline::Error;
use vpp_pipeline::domain::ingest_message::IngestMessage;
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::stages::ingest::Ingested;

use super::delivery::{DeliveryError, Undecodable, log_outcome};
use super::function::FunctionError;
use super::queue::handle_batch;
use super::s3_event::S3Event;
use super::sqs_event::{SqsBatchResponse, SqsEvent, SqsMessage};
use crate::retries::retry_transient;
use crate::{emf, trace};

/// The payload of an invocation.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Invocation {
    /// The ingest queue has messages.
    Queue(SqsEvent),
    /// S3 invokes the function asynchronously.
    Notification(S3Event),
}

/// The body of a message in the ingest queue.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Body {
    /// The API has completed an upload.
    Completed(IngestMessage),
    /// The uploads bucket has a new object.
    Notification(S3Event),
}

/// Serves the ingest queue.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_uploads(
    handle: impl AsyncFn(&UploadedObject) -> Result<Ingested, Error>,
) -> Result<(), FunctionError> {
    let handle = &handle;
    let served = lambda_runtime::run(service_fn(|event: LambdaEvent<Invocation>| {
        let handled = async move {
            match event.payload {
                Invocation::Queue(batch) => {
                    let ingest =
                        async |message: &SqsMessage, deadline| ingest(uploads(message)?, deadline, handle).await;
                    Ok(handle_batch(&batch, &event.context, &ingest).await)
                }
                Invocation::Notification(notification) => {
                    let ingested = ingest(notification.uploads()?, event.context.deadline(), handle);
                    let ingested = trace::within(event.context.xray_trace_id.clone(), ingested).await;
                    ingested.inspect_err(|_| emf::count_not_handled())?;
                    Ok::<_, DeliveryError>(SqsBatchResponse::default())
                }
            }
        };
        handled.boxed_local()
    }));
    served.await.map_err(FunctionError::Lambda)
}

/// Ingests the uploads of a message.
async fn ingest(
    uploads: Vec<UploadedObject>,
    deadline: SystemTime,
    handle: &impl AsyncFn(&UploadedObject) -> Result<Ingested, Error>,
) -> Result<(), DeliveryError> {
    let header = trace::header();
    let trace_id = trace::id(header.as_deref());
    for upload in uploads {
        let span = info_span!("upload", input_content_id = %upload.content_id(), origin = %upload.location, trace_id);
        let handled = async {
            let ingested = retry_transient(deadline, async || handle(&upload).await).await;
            log_outcome(ingested.map(|ingested| outcome(&ingested)))
        };
        handled.instrument(span).await.map_err(DeliveryError::Stage)?;
    }
    Ok(())
}

/// Decodes a message of the ingest queue, or of its dead-letter queue.
pub(super) fn uploads(message: &SqsMessage) -> Result<Vec<UploadedObject>, Undecodable> {
    match message.decode()? {
        Body::Completed(message) => Ok(vec![message.into_object()]),
        Body::Notification(event) => event.uploads(),
    }
}

/// Returns the outcome of an upload, for the log.
fn outcome(ingested: &Ingested) -> &'static str {
    match ingested {
        Ingested::Ignored => "ignored",
        Ingested::Content(content) => content.status(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn decode(body: &Value) -> Result<Vec<UploadedObject>, Undecodable> {
        let message =
            json!({"messageId": "m", "body": body.to_string(), "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q"});
        uploads(&serde_json::from_value(message).unwrap())
    }

    #[test]
    fn a_completed_upload_and_its_notification_name_the_same_object() {
        let object = json!({"key": "uploads/a+b", "size": 5, "eTag": "0123", "versionId": "v"});
        let notification = json!({"Records": [{"s3": {"bucket": {"name": "uploads"}, "object": object}}]});
        let [notified] = &decode(&notification).unwrap()[..] else { panic!("one object") };
        let completed = serde_json::to_value(IngestMessage::new(notified)).unwrap();
        assert_eq!(decode(&completed).unwrap(), std::slice::from_ref(notified));
        assert_eq!(decode(&json!({"Event": "s3:TestEvent"})).unwrap(), []);
        assert!(matches!(decode(&json!([1])), Err(Undecodable::Body(_))));
    }

    #[test]
    fn an_event_of_an_earlier_version_is_told_from_a_batch_of_messages() {
        let object = json!({"key": "a", "size": 5, "eTag": "0123"});
        let event = json!({"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}, "object": object}}]});
        assert!(matches!(serde_json::from_value(event).unwrap(), Invocation::Notification(S3Event::Created { .. })));
        let message = json!({"messageId": "m", "body": "{}", "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q"});
        assert!(matches!(serde_json::from_value(json!({"Records": [message]})).unwrap(), Invocation::Queue(_)));
    }
}
