//! The tokens of the API in memory.

use std::sync::{Arc, Mutex};

use super::lock;
use crate::domain::access_token::AccessTokens;
use crate::error::Unavailable;
use crate::ports::TokenStore;

/// Tokens in memory. Clones are the same ones.
#[derive(Debug, Clone, Default)]
pub struct MemoryTokenStore(Arc<Mutex<(AccessTokens, usize)>>);

impl MemoryTokenStore {
    /// Puts these in place of what is there.
    pub fn set(&self, tokens: AccessTokens) {
        lock(&self.0).0 = tokens;
    }

    /// How often they were read.
    #[must_use]
    pub fn reads(&self) -> usize {
        lock(&self.0).1
    }
}

impl TokenStore for MemoryTokenStore {
    async fn tokens(&self) -> Result<AccessTokens, Unavailable> {
        let mut own = lock(&self.0);
        own.1 += 1;
        Ok(own.0.clone())
    }
}
