//! Packages one work unit: reads its samples, encrypts them, writes its segments.

use vpp_aws::{FunctionError, SystemClock, run_function, serve_queue};
use vpp_pipeline::stages::encrypt::{Encrypt, Settings};

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let stage = Encrypt {
            store: aws.object_store(),
            catalog: aws.catalog(environment.table()?),
            queue: aws.queue(environment.dash_queue()?),
            vault: aws.key_vault(environment.content_keys_key()?),
            clock: SystemClock,
            meter: aws.meter(),
            settings: Settings { work_bucket: environment.work_bucket()?, output_bucket: environment.output_bucket()? },
        };
        serve_queue(async |message| stage.handle(message).await).await
    })
}
