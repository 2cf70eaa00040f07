//! Plans a package, writes its init segments, and queues its work units.

use vpp_aws::{FunctionError, SystemClock, run_function, serve_queue};
use vpp_pipeline::domain::multipart::MIN_PART_BYTES;
use vpp_pipeline::domain::part_plan::MAX_WORK_UNIT_BYTES;
use vpp_pipeline::stages::fragment::{Fragment, Settings};

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let stage = Fragment {
            store: aws.object_store(),
            catalog: aws.catalog(environment.table()?),
            queue: aws.queue(environment.encrypt_queue()?),
            clock: SystemClock,
            meter: aws.meter(),
            settings: Settings {
                work_bucket: environment.work_bucket()?,
                output_bucket: environment.output_bucket()?,
                delivery_url: environment.delivery_url()?,
                work_unit_bytes: environment.work_unit_bytes()?,
                max_work_unit_bytes: MAX_WORK_UNIT_BYTES,
                part_bytes: MIN_PART_BYTES,
            },
        };
        serve_queue(async |message| stage.handle(message).await).await
    })
}
