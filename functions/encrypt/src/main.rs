//! Make one work unit: read it, encrypt it, write its segments.

use vpp_aws::{Stopped, SystemClock, function, serve_queue};
use vpp_pipeline::stages::encrypt::{Encrypt, Settings};

fn main() -> Result<(), Stopped> {
    function(async |aws, environment| {
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
