//! A token store in memory.

use std::sync::{Arc, Mutex};

use super::lock::lock;
use crate::domain::access_token::AccessTokens;
use crate::error::Unavailable;
use crate::ports::TokenStore;

/// A token store in memory. Clones share the tokens.
#[derive(Debug, Clone, Default)]
pub struct MemoryTokenStore(Arc<Mutex<(AccessTokens, usize)>>);

impl MemoryTokenStore {
    /// Replaces the tokens.
    pub fn set(&self, tokens: AccessTokens) {
        lock(&self.0).0 = tokens;
    }

    /// Returns the number of reads.
    #[must_use]
    pub fn reads(&self) -> usize {
        lock(&self.0).1
    }
}

impl TokenStore for MemoryTokenStore {
    async fn tokens(&self) -> Result<AccessTokens, Unavailable> {
        let mut state = lock(&self.0);
        state.1 += 1;
        Ok(state.0.clone())
    }
}
