//! The outcome of one delivery: its error as Lambda reports it, and its log line.

use std::fmt::Display;

use lambda_runtime::Diagnostic;
use tracing::{error, info};
use vpp_pipeline::Error;
use vpp_pipeline::error::chain;

/// A delivery whose payload does not have the form that its source sends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undecodable {
    /// The body is not the expected JSON.
    #[error("the body cannot be decoded")]
    Body(#[source] serde_json::Error),
    /// The object key is not URL-encoded UTF-8.
    #[error("the object key cannot be decoded")]
    Key,
    /// The queue is not a dead-letter queue of a stage.
    #[error("the queue {0} is not a dead-letter queue of a stage")]
    Queue(String),
}

/// The error of a delivery that was not handled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    #[error(transparent)]
    Stage(Error),
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
}

impl From<DeliveryError> for Diagnostic {
    /// Uses a stable name for each kind of error, and the error chain as the message.
    fn from(error: DeliveryError) -> Self {
        let error_type = match &error {
            DeliveryError::Stage(error) => error.code(),
            DeliveryError::Undecodable(_) => "undecodable",
        };
        Self { error_type: error_type.to_owned(), error_message: chain(&error) }
    }
}

/// Logs the outcome of a handler.
pub(super) fn log_outcome<T: Display>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Ok(outcome) => {
            info!(outcome = %outcome, "handled");
            Ok(())
        }
        Err(error) => {
            error!(code = error.code(), "not handled: {}", chain(&error));
            Err(error)
        }
    }
}
