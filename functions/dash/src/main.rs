//! Writes the manifests of a package and makes it Ready, and publishes its revisions.

use vpp_aws::{FunctionError, SystemClock, run_function, serve_queue};
use vpp_pipeline::domain::message::DashMessage;
use vpp_pipeline::stages::dash::{Dash, Settings};
use vpp_pipeline::stages::publish::Publish;

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
        let publication = Publish {
            store: stage.store.clone(),
            catalog: stage.catalog.clone(),
            edge_cache: aws.edge_cache(environment.distribution()?),
            settings: stage.settings.clone(),
        };
        serve_queue(
            async |message: &DashMessage| {
                if message.is_edit() { publication.handle(message).await } else { stage.handle(message).await }
            },
        )
        .await
    })
}
