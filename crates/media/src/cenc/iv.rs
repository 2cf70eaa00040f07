//! Initialisation vectors: the constant IV of `cbcs`, and the first IV of a track for `cenc` (ISO/IEC 23001-7 9.2, 9.3).

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::key::ContentKey;
use super::key_encoding::{ParseKeyError, parse_128};
use super::key_id::KeyId;

/// The constant initialisation vector of a `cbcs` track. It is public: `tenc` contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConstantIv([u8; 16]);

impl FromStr for ConstantIv {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        parse_128(text).map(|bytes| Self(*bytes))
    }
}

impl ConstantIv {
    /// Creates a vector.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Derives the vector of a key for `cbcs`. It is the same for every track, because `FairPlay` delivers key and vector
    /// together, and the same in every attempt, so that the same input gives the same bytes.
    #[must_use]
    pub fn derive(key: &ContentKey, kid: &KeyId) -> Self {
        Self::of_hash(key.keyed_hash(&[b"vpp cbcs constant iv", kid.as_bytes()]))
    }

    /// Derives the seed of the vectors of one content for `cenc`. Counter mode must never use a key with the same vector
    /// twice, so `content`, which identifies the content, is part of it.
    #[must_use]
    pub fn derive_for_content(key: &ContentKey, kid: &KeyId, content: &[u8]) -> Self {
        Self::of_hash(key.keyed_hash(&[b"vpp cenc iv seed", kid.as_bytes(), content]))
    }

    /// Derives the vector of a track's first sample for `cenc`, with this vector as the seed: 64 bits that differ by track.
    #[must_use]
    pub fn first_sample_iv(&self, track_id: u32) -> u64 {
        let hash = Sha256::new().chain_update(self.0).chain_update(track_id.to_be_bytes()).finalize();
        hash.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }

    fn of_hash(hash: [u8; 32]) -> Self {
        let (iv, _) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
        Self(*iv)
    }

    /// Returns the bytes, as in `default_constant_IV`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_iv_depends_on_key_and_key_id_only() {
        let iv = |key: u8, kid: u8| ConstantIv::derive(&ContentKey::new([key; 16]), &KeyId::new([kid; 16]).unwrap());
        assert_eq!(iv(1, 2), iv(1, 2));
        assert_ne!(iv(1, 2), iv(1, 3));
        assert_ne!(iv(1, 2), iv(2, 2));
    }

    #[test]
    fn two_contents_or_tracks_never_have_the_same_counters() {
        let kid = KeyId::new([2; 16]).unwrap();
        let seed = |content: &[u8]| ConstantIv::derive_for_content(&ContentKey::new([1; 16]), &kid, content);
        assert_ne!(seed(b"one"), seed(b"two"));
        let distance = seed(b"one").first_sample_iv(1).abs_diff(seed(b"one").first_sample_iv(2));
        assert!(distance > u64::from(u32::MAX), "more than a track has samples");
    }
}
