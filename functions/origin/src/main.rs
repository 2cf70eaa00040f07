//! The just-in-time origin: makes a segment that a viewer requests before the pipeline has written it.

mod routes;

use std::sync::Arc;

use vpp_aws::{FunctionError, SystemClock, run_function, serve_http};
use vpp_pipeline::origin::{Origin, Settings};

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let (store, catalog) = (aws.object_store(), aws.catalog(environment.table()?));
        let vault = aws.key_vault(environment.content_keys_key()?);
        let settings =
            Settings { work_bucket: environment.work_bucket()?, output_bucket: environment.output_bucket()? };
        let origin = Arc::new(Origin::new(store, catalog, vault, SystemClock, settings));
        serve_http(routes::router(origin, environment.max_response_bytes()?)).await
    })
}
