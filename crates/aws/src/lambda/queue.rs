//! Functions with an SQS trigger: a batch of messages in, a partial batch response out.

use std::time::SystemTime;

use futures_util::FutureExt;
use lambda_runtime::{Context, LambdaEvent, service_fn};
use tracing::{Instrument, info_span};
use vpp_pipeline::domain::message::Message;
use vpp_pipeline::domain::unreadable::{RecordKind, UnreadableRecord};
use vpp_pipeline::error::chain;
use vpp_pipeline::{Error, Outcome};

use super::delivery::{DeliveryError, log_outcome};
use super::function::FunctionError;
use super::sqs_event::{SqsBatchResponse, SqsEvent, SqsMessage};
use crate::retries::retry_transient;
use crate::{emf, trace};

/// Serves the queue of a stage.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_queue<M: Message>(handle: impl AsyncFn(&M) -> Result<Outcome, Error>) -> Result<(), FunctionError> {
    serve_batches(async |delivered: &SqsMessage, deadline| {
        let message: M = delivered.decode()?;
        let span = info_span!(
            "message",
            subject = message.subject(),
            work_unit = message.work_unit(),
            trace_id = trace::id(trace::header().as_deref())
        );
        let handled = async { log_outcome(retry_transient(deadline, async || handle(&message).await).await) };
        handled.instrument(span).await.map_err(DeliveryError::Stage)
    })
    .await
}

/// Serves an SQS trigger: calls `handle` for each message of a batch, with the deadline of the invocation, and reports the
/// messages that failed.
pub(super) async fn serve_batches(
    handle: impl AsyncFn(&SqsMessage, SystemTime) -> Result<(), DeliveryError>,
) -> Result<(), FunctionError> {
    let handle = &handle;
    let served = lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| {
        let handled = async move { Ok::<_, DeliveryError>(handle_batch(&event.payload, &event.context, handle).await) };
        handled.boxed_local()
    }));
    served.await.map_err(FunctionError::Lambda)
}

/// Calls `handle` for each message of a batch, and returns the response.
pub(super) async fn handle_batch(
    batch: &SqsEvent,
    context: &Context,
    handle: &impl AsyncFn(&SqsMessage, SystemTime) -> Result<(), DeliveryError>,
) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in &batch.messages {
        let header = message.trace_header().map(str::to_owned).or_else(|| context.xray_trace_id.clone());
        let handled = trace::within(header, handle(message, context.deadline()));
        if let Err(error) = handled.await {
            if let DeliveryError::Undecodable(undecodable) = &error {
                emf::count_unreadable(&UnreadableRecord {
                    kind: RecordKind::Message,
                    id: message.message_id.clone(),
                    created_at: None,
                    problem: chain(undecodable),
                });
            }
            emf::count_not_handled();
            response.fail(message);
        }
    }
    response
}
