//! Starts a function: environment, logs, metrics, SDK clients, and the asynchronous runtime.

use std::future::Future;

use tracing::error;
use vpp_pipeline::error::{Unavailable, chain};

use crate::clients::Aws;
use crate::environment::{Environment, InvalidVariable};
use crate::{emf, logs};

/// A function failed to start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// An environment variable is missing or invalid.
    #[error(transparent)]
    Environment(#[from] InvalidVariable),
    /// A secret cannot be read, or does not have the expected form.
    #[error("a secret that the function needs cannot be read")]
    Secret(#[from] Unavailable),
    /// The asynchronous runtime failed to start.
    #[error("the asynchronous runtime failed to start")]
    Tokio(#[source] std::io::Error),
    /// The Lambda runtime stopped.
    #[error("the Lambda runtime stopped")]
    Lambda(#[source] lambda_runtime::Error),
}

/// Runs a function: starts logs, metrics and clients, then runs `serve` until the Lambda runtime ends it.
///
/// # Errors
/// When the function fails to start, or stops.
pub fn run_function<F: Future<Output = Result<(), FunctionError>>>(
    serve: impl FnOnce(Aws, Environment) -> F,
) -> Result<(), FunctionError> {
    let environment = Environment::of_process();
    logs::start(environment.log_level());
    emf::start(environment.metrics_namespace(), environment.function());
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(FunctionError::Tokio)?;
    let result = tokio.block_on(async { serve(Aws::load().await, environment).await });
    if let Err(error) = &result {
        error!("the function stopped: {}", chain(error));
    }
    result
}
