//! The HTTP API: ask for a package, follow it, list what was ingested.

mod asked;
mod auth;
mod request;
mod routes;
mod tokens;
mod view;

use std::sync::Arc;

use auth::Callers;
use vpp_aws::environment::Authorization;
use vpp_aws::{Stopped, SystemClock, function, serve_http};
use vpp_http::{cors, problem};
use vpp_pipeline::access::Gate;
use vpp_pipeline::api::{Api, Settings};
use vpp_pipeline::licence::{self, PlaybackTokens};
use vpp_pipeline::ports::Queues;

fn main() -> Result<(), Stopped> {
    function(async |aws, environment| {
        let api = Api {
            catalog: aws.catalog(environment.table()?),
            queue: Queues {
                fragment: aws.queue(environment.fragment_queue()?),
                dash: aws.queue(environment.dash_queue()?),
                deletion: aws.queue(environment.deletion_queue()?),
            },
            vault: aws.key_vault(environment.content_keys_key()?),
            clock: SystemClock,
            settings: Settings {
                delivery_url: environment.delivery_url()?,
                segment_duration: environment.segment_duration()?,
            },
        };
        let tokens = PlaybackTokens {
            catalog: aws.catalog(environment.table()?),
            signer: aws.token_signer(environment.playback_tokens_key()?),
            clock: SystemClock,
            settings: licence::Settings {
                lifetime: environment.playback_token_lifetime()?,
                api_url: environment.api_url()?,
            },
        };
        let callers = match environment.authorization()? {
            Authorization::Jwt => Callers::Jwt,
            Authorization::Tokens { operator, reader } => {
                Callers::Tokens(Gate::new(aws.token_store(operator, reader), SystemClock))
            }
        };
        serve_http(routes::router(Arc::new(api), Arc::new(tokens), Arc::new(callers))).await
    })
}
