//! Plans a package, writes its init segments, and queues its work units.

use vpp_aws::{FunctionError, SystemClock, run_function, serve_queue};
use vpp_pipeline::domain::part_plan::{LARGEST_WORK_UNIT, SMALLEST_PART};
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
                work_unit_bytes: environment.work_unit_bytes()?,
                largest_work_unit_bytes: LARGEST_WORK_UNIT,
                part_bytes: SMALLEST_PART,
            },
        };
        serve_queue(async |message| stage.handle(message).await).await
    })
}
