//! The handlers of the functions: the pipeline's use cases, with the ports of the model in place of the AWS adapters.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use vpp_media::cenc::Scheme;
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::Error;
use vpp_pipeline::domain::multipart::MIN_PART_BYTES;
use vpp_pipeline::domain::package_options::ProtectionOptions;
use vpp_pipeline::domain::part_plan::MAX_WORK_UNIT_BYTES;
use vpp_pipeline::domain::when::When;
use vpp_pipeline::stages::dash::{self, Dash};
use vpp_pipeline::stages::encrypt::{self, Encrypt};
use vpp_pipeline::stages::fragment::{self, Fragment};
use vpp_pipeline::stages::ingest::{self, Ingest};

use crate::account::Invocation;
use crate::execution_environment::ExecutionEnvironment;
use crate::parameters::MIB;
use crate::payload::Payload;

/// Runs an invocation until its handler ends or the function times out. Returns whether the handler succeeded.
pub(crate) fn invoke(invocation: Invocation) -> Pin<Box<dyn Future<Output = bool>>> {
    Box::pin(async move {
        let Invocation { account, payload, memory_mb, deadline } = invocation;
        let environment = ExecutionEnvironment::new(Arc::clone(&account), memory_mb);
        let handled = Box::pin(handle(&environment, &payload, deadline));
        match select(handled, account.timeline.sleep_until(deadline)).await {
            Either::Left((result, _)) => result.is_ok(),
            Either::Right(((), _)) => false,
        }
    })
}

/// Handles a payload, with retries while there is time before the deadline, as `crates/aws/src/retries.rs` does.
async fn handle(environment: &ExecutionEnvironment, payload: &Payload, deadline: Duration) -> Result<(), Error> {
    let timeline = &environment.account().timeline;
    for pause in environment.account().parameters.handler_pauses {
        let started_at = timeline.now();
        let error = match handle_once(environment, payload).await {
            Err(error) if error.is_transient() => error,
            ended => return ended,
        };
        let required = pause + timeline.since(started_at) * 2;
        // After the deadline, no time is left.
        if deadline.saturating_sub(timeline.now()) < required {
            return Err(error);
        }
        timeline.sleep(pause).await;
    }
    handle_once(environment, payload).await
}

async fn handle_once(environment: &ExecutionEnvironment, payload: &Payload) -> Result<(), Error> {
    let template = &environment.account().parameters.template;
    let (store, catalog, queue, vault) =
        (environment.clone(), environment.clone(), environment.clone(), environment.clone());
    let (clock, meter) = (environment.clone(), environment.clone());
    let (work_bucket, output_bucket) = ("work".to_owned(), "output".to_owned());
    match payload {
        Payload::Upload(upload) => {
            let protection = ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video };
            let settings = ingest::Settings {
                package_on_upload: Some(protection),
                segment_duration: Duration::from_secs(template.segment_seconds),
                when: When::Ahead,
            };
            let ingest = Ingest { store, catalog, queue, vault, probe: environment.clone(), clock, meter, settings };
            ingest.handle(upload).await.map(|_| ())
        }
        Payload::Fragment(message) => {
            let work_unit_bytes = template.work_unit_mib * MIB / environment.account().factor;
            let [max_work_unit_bytes, part_bytes] =
                [MAX_WORK_UNIT_BYTES, MIN_PART_BYTES].map(|bytes| bytes / environment.account().factor);
            let settings = fragment::Settings {
                work_bucket,
                output_bucket,
                delivery_url: "https://cdn.example".to_owned(),
                work_unit_bytes,
                max_work_unit_bytes,
                part_bytes,
            };
            Fragment { store, catalog, queue, clock, meter, settings }.handle(message).await.map(|_| ())
        }
        Payload::Encrypt(message) => {
            let settings = encrypt::Settings { work_bucket, output_bucket };
            Encrypt { store, catalog, queue, vault, clock, meter, settings }.handle(message).await.map(|_| ())
        }
        Payload::Dash(message) => {
            let delivery_url = "https://cdn.example".to_owned();
            let settings = dash::Settings { work_bucket, output_bucket, delivery_url };
            Dash { store, catalog, clock, meter, settings }.handle(message).await.map(|_| ())
        }
    }
}
