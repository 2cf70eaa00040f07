//! The receiver of webhooks, and the secrets that webhooks are signed with.

use std::future::Future;

use crate::domain::webhook_signature::{SignedRequest, SigningSecrets};
use crate::error::Unavailable;

/// Receives webhooks.
pub trait WebhookReceiver: Send + Sync {
    /// Sends one webhook and returns the status of the response. Does not read the rest of the response or follow redirects,
    /// and limits the time of the call.
    fn post(&self, request: &SignedRequest) -> impl Future<Output = Result<u16, Unavailable>> + Send;
}

/// Stores the secrets that webhooks are signed with.
pub trait WebhookSecretStore: Send + Sync {
    /// Returns the current secrets.
    fn secrets(&self) -> impl Future<Output = Result<SigningSecrets, Unavailable>> + Send;
}
