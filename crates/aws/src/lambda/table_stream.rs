//! The function of the table's DynamoDB stream: changes of items in, events out.

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use tracing::{error, info};
use vpp_pipeline::Error;
use vpp_pipeline::domain::event::{Changed, Event};
use vpp_pipeline::domain::metric::Measurement;
use vpp_pipeline::error::chain;

use super::delivery::DeliveryError;
use super::function::FunctionError;
use crate::dynamodb::stream_records::StreamBatch;
use crate::emf;
use crate::retries::retry_transient;

/// Serves the stream of the table. A change whose event cannot be published fails the invocation: the stream then delivers it
/// again, and holds back the changes that follow it.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_changes(handle: impl AsyncFn(&[Changed]) -> Result<Vec<Event>, Error>) -> Result<(), FunctionError> {
    let handle = &handle;
    let served = lambda_runtime::run(service_fn(|event: LambdaEvent<StreamBatch>| {
        let handled = async move {
            let deadline = event.context.deadline();
            let (changes, unreadable) = event.payload.decode();
            unreadable.iter().for_each(emf::count_unreadable);
            match retry_transient(deadline, async || handle(&changes).await).await {
                Ok(events) => events.iter().for_each(|event| info!(event_id = event.id(), "event published")),
                Err(error) => {
                    error!(code = error.code(), "events not published: {}", chain(&error));
                    emf::count_not_handled();
                    return Err(DeliveryError::Stage(error));
                }
            }
            changes.iter().filter_map(Measurement::of).for_each(|measurement| emf::write(&measurement));
            Ok::<(), DeliveryError>(())
        };
        handled.boxed_local()
    }));
    served.await.map_err(FunctionError::Lambda)
}
