//! Who may call the API: bearer tokens of two roles.
//!
//! A reader sees everything and may let viewers play; an operator may also change things. Each role has a secret of its own,
//! which holds its current token and, while callers change over to a new one, the previous one.
//!
//! Tokens are known by their digests only. What is shown is compared with every one of them, byte by byte to the end, so that
//! the time it takes says nothing. The digests are kept for [`FRESH`]: a token that was taken out of its secret is good for
//! that long at most. One that was just put in works at once: a token that is not known has the secrets read again, though
//! not more often than every [`AGAIN`], whoever tries whatever.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::domain::timestamp::Timestamp;
use crate::ports::{Clock, TokenStore, Unavailable};

/// How long tokens are known without being read again.
pub const FRESH: Duration = Duration::from_mins(5);
/// Pause between two readings of the secrets for the sake of tokens that are not known.
pub const AGAIN: Duration = Duration::from_secs(10);
/// Characters of the shortest token: what is shorter was not made, but chosen, and could be guessed.
pub const SHORTEST_TOKEN: usize = 24;

/// What a caller may do. An operator may do whatever a reader may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees everything, and gives viewers leave to play.
    Reader,
    /// May change everything.
    Operator,
}

impl Role {
    /// The role of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "reader" => Some(Self::Reader),
            "operator" => Some(Self::Operator),
            _ => None,
        }
    }

    /// The highest role among words such as those of a JWT's scope: `vpp/operator`, `vpp:reader`, `operator`.
    #[must_use]
    pub fn highest<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<Self> {
        let last = |word: &'w str| word.rsplit(['/', ':', '.']).next().and_then(Self::from_name);
        words.into_iter().filter_map(last).max()
    }
}

/// The tokens of all roles, by their digests.
#[derive(Clone, Default)]
pub struct Tokens(Vec<(Role, [u8; 32])>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tokens", self.0.len())
    }
}

impl Tokens {
    /// Adds a token of a role. One that is too short is left out.
    #[must_use]
    pub fn and(mut self, role: Role, token: &str) -> Self {
        if token.len() >= SHORTEST_TOKEN {
            self.0.push((role, Sha256::digest(token).into()));
        }
        self
    }

    /// The role of a token, the highest if it is one of several.
    #[must_use]
    pub fn role_of(&self, token: &str) -> Option<Role> {
        let shown: [u8; 32] = Sha256::digest(token).into();
        let right = |role| {
            let own = self.0.iter().filter(|(own, _)| *own == role);
            let any = own.fold(Choice::from(0), |any, (_, digest)| any | digest.ct_eq(&shown));
            bool::from(any)
        };
        let [operator, reader] = [right(Role::Operator), right(Role::Reader)];
        if operator { Some(Role::Operator) } else { reader.then_some(Role::Reader) }
    }
}

/// Knows callers by their tokens.
#[derive(Debug)]
pub struct Authorizer<T, K> {
    store: T,
    clock: K,
    known: Mutex<Option<(Timestamp, Tokens)>>,
}

impl<T: TokenStore, K: Clock> Authorizer<T, K> {
    /// A gate that reads tokens from `store`.
    #[must_use]
    pub fn new(store: T, clock: K) -> Self {
        Self { store, clock, known: Mutex::new(None) }
    }

    /// The role of whoever shows `token`.
    ///
    /// # Errors
    /// When the tokens cannot be read.
    pub async fn role_of(&self, token: &str) -> Result<Option<Role>, Unavailable> {
        let role = self.tokens(FRESH).await?.role_of(token);
        if role.is_some() {
            return Ok(role);
        }
        Ok(self.tokens(AGAIN).await?.role_of(token))
    }

    /// The tokens as they were at most `age` ago.
    async fn tokens(&self, age: Duration) -> Result<Tokens, Unavailable> {
        let now = self.clock.now();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, tokens)) = known
            && now.since(at) < age
        {
            return Ok(tokens);
        }
        let tokens = self.store.tokens().await?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, tokens.clone()));
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
    fn a_token_has_the_role_of_its_secret_and_no_other_text_has_any() {
        let tokens = Tokens::default().and(Role::Operator, OLD).and(Role::Operator, NEW).and(Role::Reader, READER);
        assert_eq!(tokens.role_of(OLD), Some(Role::Operator));
        assert_eq!(tokens.role_of(NEW), Some(Role::Operator));
        assert_eq!(tokens.role_of(READER), Some(Role::Reader));
        for wrong in ["", " ", &OLD[1..], &format!("{OLD} "), &OLD.to_uppercase()] {
            assert_eq!(tokens.role_of(wrong), None, "{wrong}");
        }
        assert_eq!(Tokens::default().and(Role::Operator, "").role_of(""), None, "an empty secret opens nothing");
        assert_eq!(Tokens::default().and(Role::Operator, "short").role_of("short"), None);
    }

    #[test]
    fn a_new_token_works_soon_and_an_old_one_no_longer_than_it_is_kept() {
        block_on(async {
            let (store, clock) = (MemoryTokenStore::default(), TickingClock::default());
            store.set(Tokens::default().and(Role::Operator, OLD));
            let gate = Authorizer::new(store.clone(), clock.clone());
            assert_eq!(gate.role_of(OLD).await.unwrap(), Some(Role::Operator));
            store.set(Tokens::default().and(Role::Operator, NEW));
            assert_eq!(gate.role_of(OLD).await.unwrap(), Some(Role::Operator), "still known");
            clock.pass(AGAIN);
            assert_eq!(gate.role_of(NEW).await.unwrap(), Some(Role::Operator), "read again for its sake");
            assert_eq!(gate.role_of(OLD).await.unwrap(), None);

            store.set(Tokens::default().and(Role::Reader, READER));
            clock.pass(FRESH);
            assert_eq!(gate.role_of(NEW).await.unwrap(), None, "taken out, and forgotten in time");
        });
    }

    #[test]
    fn guessing_does_not_read_the_secrets_each_time() {
        block_on(async {
            let store = MemoryTokenStore::default();
            store.set(Tokens::default().and(Role::Operator, OLD));
            let gate = Authorizer::new(store.clone(), TickingClock::default());
            for guess in 0..100 {
                assert_eq!(gate.role_of(&format!("guess number {guess} of a token")).await.unwrap(), None);
            }
            assert_eq!(store.readings(), 1);
        });
    }

    #[test]
    fn a_role_is_the_last_word_of_a_scope() {
        assert_eq!(Role::highest(["openid", "vpp/reader", "vpp/operator"]), Some(Role::Operator));
        assert_eq!(Role::highest(["https://api.example/reader"]), Some(Role::Reader));
        assert_eq!(Role::highest(["operators", "reader-of-news", ""]), None);
    }
}
