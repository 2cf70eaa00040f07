//! Where the API's tokens are kept.

use std::future::Future;

use crate::api::access::Tokens;
use crate::ports::Unavailable;

/// Keeps the tokens that callers of the API show.
pub trait TokenStore: Send + Sync {
    /// The tokens as they are now.
    fn tokens(&self) -> impl Future<Output = Result<Tokens, Unavailable>> + Send;
}
