//! Deletes packages with their files, and the source files of contents.

use vpp_aws::{FunctionError, SystemClock, run_function, serve_queue};
use vpp_pipeline::stages::delete::{Delete, Settings};

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let job = Delete {
            store: aws.object_store(),
            catalog: aws.catalog(environment.table()?),
            queue: aws.queue(environment.deletion_queue()?),
            edge_cache: aws.edge_cache(environment.distribution()?),
            clock: SystemClock,
            settings: Settings {
                work_bucket: environment.work_bucket()?,
                output_bucket: environment.output_bucket()?,
                max_run_time: environment.longest_run()?,
            },
        };
        serve_queue(async |message| job.handle(message).await).await
    })
}
