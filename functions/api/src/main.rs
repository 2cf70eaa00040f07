//! The HTTP API: upload files; create, list, retry and delete packages; issue playback tokens.

mod audit;
mod authorization;
mod edit_request;
mod edits;
mod idempotency_key_header;
mod list_query;
mod openapi;
mod package_request;
mod path_encoding;
mod playback_tokens;
mod request_body;
mod responses;
mod routes;
mod uploads;
mod web_console;
mod wiring;

use std::sync::Arc;

use vpp_aws::{FunctionError, run_function, serve_http};

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let api = Arc::new(wiring::api(&aws, &environment)?);
        let tokens = Arc::new(wiring::tokens(&aws, &environment).await?);
        let editing = Arc::new(wiring::editing(&aws, &environment)?);
        let uploads = Arc::new(wiring::uploads(&aws, &environment)?);
        let authentication = Arc::new(wiring::authentication(&aws, &environment)?);
        let console = wiring::web_console(&environment)?;
        serve_http(routes::router(api, editing, tokens, uploads, authentication).merge(web_console::router(console)))
            .await
    })
}
