//! Content keys.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::key_encoding::{ParseKeyError, parse_128};
use super::key_id::KeyId;

/// A content encryption key. It is zeroised when dropped, and neither `Debug` nor `Display` shows its bytes.
#[derive(Clone)]
pub struct ContentKey(Zeroizing<[u8; 16]>);

impl ContentKey {
    /// Creates a key.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns the key itself, for a cipher or for key wrapping. Never store or show it.
    #[must_use]
    pub fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// Returns the HMAC-SHA-256 of `message` under this key: a value that identifies the key and does not reveal it.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it cannot: HMAC takes a key of any length")]
    pub fn keyed_hash(&self, message: &[&[u8]]) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).expect("a key of any length");
        message.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

impl FromStr for ContentKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        parse_128(text).map(Self)
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(secret)")
    }
}

/// The content keys of a package, by key id: one for all tracks, or one for each kind of track.
#[derive(Debug, Clone, Default)]
pub struct ContentKeys(Vec<(KeyId, ContentKey)>);

impl ContentKeys {
    /// Returns the key with this id.
    #[must_use]
    pub fn of(&self, kid: &KeyId) -> Option<&ContentKey> {
        self.0.iter().find(|(id, _)| id == kid).map(|(_, key)| key)
    }
}

impl FromIterator<(KeyId, ContentKey)> for ContentKeys {
    fn from_iter<I: IntoIterator<Item = (KeyId, ContentKey)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_debug_form_of_a_key_does_not_show_it() {
        let key: ContentKey = "hyN9IKGfWKdAwFaE5pm0qg".parse().unwrap();
        assert_eq!(format!("{key:?}"), "ContentKey(secret)");
    }
}
