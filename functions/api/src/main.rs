//! The HTTP API: ask for a package, follow it, list what was ingested.

mod cors;
mod problem;
mod request;
mod routes;
mod view;

use std::sync::Arc;

use vpp_aws::{Stopped, SystemClock, function, serve_http};
use vpp_pipeline::api::{Api, Settings};

fn main() -> Result<(), Stopped> {
    function(async |aws, environment| {
        let api = Api {
            catalog: aws.catalog(environment.table()?),
            queue: aws.queue(environment.fragment_queue()?),
            vault: aws.key_vault(environment.content_keys_key()?),
            clock: SystemClock,
            settings: Settings {
                delivery_url: environment.delivery_url()?,
                segment_duration: environment.segment_duration()?,
            },
        };
        serve_http(routes::router(Arc::new(api))).await
    })
}
