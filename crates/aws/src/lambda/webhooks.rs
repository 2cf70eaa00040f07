//! The function of the webhook queue: events to send to the receiver.
//!
//! By default, a queue hides every failed message for the same time. Here the delay grows with each failure: the function sets
//! the visibility timeout of the message before it reports the message as failed.

use tracing::{Instrument, error, info, info_span, warn};
use vpp_pipeline::domain::metric::Measurement;
use vpp_pipeline::error::chain;
use vpp_pipeline::notifications::webhook::{WebhookEvent, retry_delay};
use vpp_pipeline::{Error, Outcome};

use super::delivery::DeliveryError;
use super::function::FunctionError;
use super::queue::serve_batches;
use super::sqs_event::SqsMessage;
use crate::emf;
use crate::sqs::SqsQueue;

/// Serves `queue`, the queue of events to be sent.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_webhooks(
    queue: SqsQueue<WebhookEvent>,
    handle: impl AsyncFn(&WebhookEvent) -> Result<Outcome, Error>,
) -> Result<(), FunctionError> {
    serve_batches(async |delivered: &SqsMessage, _| {
        let notice: WebhookEvent = delivered.decode()?;
        let delivery = delivered.receive_count();
        let span = info_span!("webhook", event_id = notice.id(), kind = notice.kind(), delivery);
        let sent = async {
            let Err(error) = handle(&notice).await else {
                info!("sent");
                emf::write(&Measurement::once("Webhooks", "Outcome", "taken", notice.id()));
                return Ok(());
            };
            emf::write(&Measurement::once("Webhooks", "Outcome", "not_taken", notice.id()));
            let delay = retry_delay(delivery);
            warn!("not sent, next attempt in {} s: {}", delay.as_secs(), chain(&error));
            if let Err(unavailable) = queue.hide(&delivered.receipt_handle, delay).await {
                // The message is delivered again after the queue's default visibility timeout.
                error!("the visibility timeout of the message cannot be set: {}", chain(&unavailable));
            }
            Err(error)
        };
        sent.instrument(span).await.map_err(DeliveryError::Stage)
    })
    .await
}
