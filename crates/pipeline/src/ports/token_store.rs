//! The store of the API's access tokens.

use std::future::Future;

use crate::domain::access_token::AccessTokens;
use crate::error::Unavailable;

/// Stores the access tokens of API callers.
pub trait TokenStore: Send + Sync {
    /// Returns the current tokens.
    fn tokens(&self) -> impl Future<Output = Result<AccessTokens, Unavailable>> + Send;
}
