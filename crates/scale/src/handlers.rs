//! What an invocation runs: the use cases, wired to the model's ports as `functions/*` wire them to AWS.

use std::time::Duration;

use vpp_media::cenc::Scheme;
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::Error;
use vpp_pipeline::domain::multipart::MIN_PART_BYTES;
use vpp_pipeline::domain::package_options::ProtectionOptions;
use vpp_pipeline::domain::part_plan::MAX_WORK_UNIT_BYTES;
use vpp_pipeline::stages::dash::{self, Dash};
use vpp_pipeline::stages::encrypt::{self, Encrypt};
use vpp_pipeline::stages::fragment::{self, Fragment};
use vpp_pipeline::stages::ingest::{self, Ingest};

use crate::cloud::Work;
use crate::parameters::MIB;
use crate::ports::Host;

/// Handles `work`, and retries while there is time, as `crates/aws/src/retries.rs` does.
pub(crate) async fn handle(host: &Host, work: &Work, deadline: Duration) -> Result<(), Error> {
    let timeline = &host.cloud().timeline;
    for pause in host.cloud().parameters.handler_pauses {
        let begun = timeline.now();
        let error = match once(host, work).await {
            Err(error) if error.is_transient() => error,
            ended => return ended,
        };
        let needed = pause + timeline.now().saturating_sub(begun) * 2;
        if deadline.saturating_sub(timeline.now()) < needed {
            return Err(error);
        }
        timeline.sleep(pause).await;
    }
    once(host, work).await
}

async fn once(host: &Host, work: &Work) -> Result<(), Error> {
    let template = &host.cloud().parameters.template;
    let (store, catalog, queue, vault) = (host.clone(), host.clone(), host.clone(), host.clone());
    let (clock, meter) = (host.clone(), host.clone());
    let (work_bucket, output_bucket) = ("work".to_owned(), "output".to_owned());
    match work {
        Work::Upload(upload) => {
            let treatment = ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video };
            let settings = ingest::Settings {
                package_on_upload: Some(treatment),
                segment_duration: Duration::from_secs(template.segment_seconds),
            };
            let ingest = Ingest { store, catalog, queue, vault, probe: host.clone(), clock, meter, settings };
            ingest.handle(upload).await.map(|_| ())
        }
        Work::Fragment(message) => {
            let work_unit_bytes = template.work_unit_mib * MIB / host.cloud().factor;
            let [max_work_unit_bytes, part_bytes] =
                [MAX_WORK_UNIT_BYTES, MIN_PART_BYTES].map(|own| own / host.cloud().factor);
            let settings =
                fragment::Settings { work_bucket, output_bucket, work_unit_bytes, max_work_unit_bytes, part_bytes };
            Fragment { store, catalog, queue, clock, meter, settings }.handle(message).await.map(|_| ())
        }
        Work::Encrypt(message) => {
            let settings = encrypt::Settings { work_bucket, output_bucket };
            Encrypt { store, catalog, queue, vault, clock, meter, settings }.handle(message).await.map(|_| ())
        }
        Work::Dash(message) => {
            let (delivery_url, api_url) = ("https://cdn.example".to_owned(), "https://api.example".to_owned());
            let settings = dash::Settings { work_bucket, output_bucket, delivery_url, api_url };
            Dash { store, catalog, clock, meter, settings }.handle(message).await.map(|_| ())
        }
    }
}
