//! The licence server: returns content keys to players that present a playback token.

mod clearkey;
mod routes;

use std::sync::Arc;

use vpp_aws::{FunctionError, SystemClock, run_function, serve_http};
use vpp_pipeline::api::licences::Licences;

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let licences = Licences {
            catalog: aws.catalog(environment.table()?),
            vault: aws.key_vault(environment.content_keys_key()?),
            signer: aws.token_signer(environment.playback_tokens_key()?),
            clock: SystemClock,
        };
        serve_http(routes::router(Arc::new(licences))).await
    })
}
