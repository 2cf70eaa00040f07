//! Who is told by webhook, and the secrets that are shared with it.

use std::future::Future;

use crate::notifications::webhook::{SignedRequest, SigningSecrets};
use crate::ports::Unavailable;

/// Takes webhooks.
pub trait Receiver: Send + Sync {
    /// Sends one, and gives back the status of the answer. The answer's other parts are not read; it is waited for no longer than
    /// a bound, and where it leads to is not followed.
    fn post(&self, request: &SignedRequest) -> impl Future<Output = Result<u16, Unavailable>> + Send;
}

/// Keeps the secrets that webhooks are signed with.
pub trait SecretStore: Send + Sync {
    /// The secrets as they are now.
    fn secrets(&self) -> impl Future<Output = Result<SigningSecrets, Unavailable>> + Send;
}
