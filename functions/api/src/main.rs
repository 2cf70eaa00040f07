//! The HTTP API: upload files; create, list, retry and delete packages; issue playback tokens.

mod asked;
mod auth;
mod body;
mod console;
mod openapi;
mod paths;
mod request;
mod routes;
mod tokens;
mod uploads;
mod view;
mod wiring;

use std::sync::Arc;

use vpp_aws::{FunctionError, run_function, serve_http};
use vpp_http::problem;

fn main() -> Result<(), FunctionError> {
    run_function(async |aws, environment| {
        let api = Arc::new(wiring::api(&aws, &environment)?);
        let tokens = Arc::new(wiring::tokens(&aws, &environment).await?);
        let uploads = Arc::new(wiring::uploads(&aws, &environment)?);
        let callers = Arc::new(wiring::callers(&aws, &environment)?);
        let page = wiring::page(&environment)?;
        serve_http(routes::router(api, tokens, uploads, callers).merge(console::router(page))).await
    })
}
