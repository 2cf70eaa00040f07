//! Authorizes API callers by bearer tokens of two roles.
//!
//! Each role has a secret, which holds its current token and, during a rotation, the previous one.
//!
//! Tokens are cached for [`CACHE_TTL`], so a token that was removed from its secret is accepted until the cache expires. A new
//! token is accepted immediately: an unknown token triggers another read of the secrets. Unknown tokens trigger no more than
//! one read per [`MIN_REFRESH_INTERVAL`].

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::access_token::{AccessTokens, Role};
use crate::domain::timestamp::Timestamp;
use crate::error::Unavailable;
use crate::ports::{Clock, TokenStore};

/// How long tokens are cached.
pub const CACHE_TTL: Duration = Duration::from_mins(5);
/// The minimum interval between two reads of the secrets that unknown tokens trigger.
pub const MIN_REFRESH_INTERVAL: Duration = Duration::from_secs(10);

/// Authorizes callers by their tokens.
#[derive(Debug)]
pub struct Authorizer<T, K> {
    store: T,
    clock: K,
    cache: Mutex<Option<(Timestamp, AccessTokens)>>,
}

impl<T: TokenStore, K: Clock> Authorizer<T, K> {
    /// Creates an authorizer that reads tokens from `store`.
    #[must_use]
    pub fn new(store: T, clock: K) -> Self {
        Self { store, clock, cache: Mutex::new(None) }
    }

    /// Returns the role that `token` grants.
    ///
    /// # Errors
    /// When the tokens cannot be read.
    pub async fn role_of(&self, token: &str) -> Result<Option<Role>, Unavailable> {
        let role = self.tokens(CACHE_TTL).await?.role_of(token);
        if role.is_some() {
            return Ok(role);
        }
        Ok(self.tokens(MIN_REFRESH_INTERVAL).await?.role_of(token))
    }

    /// Returns the tokens, and reads them again if the cached tokens are older than `max_age`.
    async fn tokens(&self, max_age: Duration) -> Result<AccessTokens, Unavailable> {
        let now = self.clock.now();
        let cached = self.cache.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, tokens)) = cached
            && now.since(at) < max_age
        {
            return Ok(tokens);
        }
        let tokens = self.store.tokens().await?;
        *self.cache.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, tokens.clone()));
        Ok(tokens)
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::testing::{MemoryTokenStore, TickingClock};

    const OLD: &str = "an operator's token, old one";
    const NEW: &str = "an operator's token, new one";
    const READER: &str = "a reader's token, as it is";

    #[test]
    fn a_new_token_is_valid_soon_and_a_removed_one_expires_with_the_cache() {
        block_on(async {
            let (store, clock) = (MemoryTokenStore::default(), TickingClock::default());
            store.set(AccessTokens::default().and(Role::Operator, OLD));
            let authorizer = Authorizer::new(store.clone(), clock.clone());
            assert_eq!(authorizer.role_of(OLD).await.unwrap(), Some(Role::Operator));
            store.set(AccessTokens::default().and(Role::Operator, NEW));
            assert_eq!(authorizer.role_of(OLD).await.unwrap(), Some(Role::Operator), "still cached");
            clock.pass(MIN_REFRESH_INTERVAL);
            assert_eq!(authorizer.role_of(NEW).await.unwrap(), Some(Role::Operator), "the secrets are read again");
            assert_eq!(authorizer.role_of(OLD).await.unwrap(), None);

            store.set(AccessTokens::default().and(Role::Reader, READER));
            clock.pass(CACHE_TTL);
            assert_eq!(authorizer.role_of(NEW).await.unwrap(), None, "removed, and the cache has expired");
        });
    }

    #[test]
    fn guessing_does_not_read_the_secrets_each_time() {
        block_on(async {
            let store = MemoryTokenStore::default();
            store.set(AccessTokens::default().and(Role::Operator, OLD));
            let authorizer = Authorizer::new(store.clone(), TickingClock::default());
            for guess in 0..100 {
                assert_eq!(authorizer.role_of(&format!("guess number {guess} of a token")).await.unwrap(), None);
            }
            assert_eq!(store.reads(), 1);
        });
    }
}
