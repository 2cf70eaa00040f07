//! Inspects each object in the uploads bucket, records a verdict, and starts its package.

use vpp_aws::{FunctionError, ProbeProcess, SystemClock, run_function, serve_uploads};
use vpp_pipeline::stages::ingest::{Ingest, Settings};

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let stage = Ingest {
            store: aws.object_store(),
            catalog: aws.catalog(environment.table()?),
            queue: aws.queue(environment.fragment_queue()?),
            vault: aws.speke_key_vault(environment.content_keys_key()?, environment.key_provider()?),
            probe: ProbeProcess::default().allow_unconfined(environment.allow_unconfined_probe()?),
            clock: SystemClock,
            meter: aws.meter(),
            settings: Settings {
                package_on_upload: environment.package_on_upload()?,
                segment_duration: environment.segment_duration()?,
                when: environment.package_when()?,
            },
        };
        serve_uploads(async |upload| stage.handle(upload).await).await
    })
}
