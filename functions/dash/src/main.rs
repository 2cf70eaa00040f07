//! Writes the manifests of a package and makes it Ready.

use vpp_aws::{FunctionError, SystemClock, run_function, serve_queue};
use vpp_pipeline::stages::dash::{Dash, Settings};

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let stage = Dash {
            store: aws.object_store(),
            catalog: aws.catalog(environment.table()?),
            clock: SystemClock,
            meter: aws.meter(),
            settings: Settings {
                work_bucket: environment.work_bucket()?,
                output_bucket: environment.output_bucket()?,
                delivery_url: environment.delivery_url()?,
            },
        };
        serve_queue(async |message| stage.handle(message).await).await
    })
}
