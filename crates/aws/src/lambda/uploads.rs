//! The function of the uploads bucket: S3 event notifications in, a verdict on each uploaded object.

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use tracing::{Instrument, info_span};
use vpp_pipeline::Error;
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::stages::ingest::Ingested;

use super::delivery::{DeliveryError, log_outcome};
use super::function::FunctionError;
use super::s3_event::S3Event;
use crate::retries::retry_transient;
use crate::{emf, trace};

/// Serves the notifications of the uploads bucket.
///
/// # Errors
/// When the Lambda runtime stops.
pub async fn serve_uploads(
    handle: impl AsyncFn(&UploadedObject) -> Result<Ingested, Error>,
) -> Result<(), FunctionError> {
    let handle = &handle;
    let served = lambda_runtime::run(service_fn(|event: LambdaEvent<S3Event>| {
        let handled = async move {
            let deadline = event.context.deadline();
            for upload in event.payload.uploads()? {
                let trace_id = trace::id(event.context.xray_trace_id.as_deref());
                let span =
                    info_span!("upload", input_content_id = %upload.content_id(), origin = %upload.location, trace_id);
                let handled = async {
                    let ingested = retry_transient(deadline, async || handle(&upload).await).await;
                    log_outcome(ingested.map(|ingested| outcome(&ingested)))
                };
                let handled = trace::within(event.context.xray_trace_id.clone(), handled.instrument(span)).await;
                handled.inspect_err(|_| emf::count_not_handled()).map_err(DeliveryError::Stage)?;
            }
            Ok::<(), DeliveryError>(())
        };
        handled.boxed_local()
    }));
    served.await.map_err(FunctionError::Lambda)
}

/// Returns the outcome of an upload, for the log.
fn outcome(ingested: &Ingested) -> &'static str {
    match ingested {
        Ingested::Ignored => "ignored",
        Ingested::Content(content) => content.status(),
    }
}
