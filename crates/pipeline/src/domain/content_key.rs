//! Content keys: wrapped by KMS for storage, and requested from the key vault.

use std::fmt;

use data_encoding::BASE64;
use vpp_media::cenc::{ConstantIv, ContentKey, Drm, Scheme};
use vpp_media::cmaf::ProtectedTracks;

use crate::domain::id::PackageId;

/// A content key that only the vault can unwrap. It can be stored and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(Vec<u8>);

impl WrappedKey {
    /// Wraps the vault's ciphertext.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the ciphertext.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Parses the base64 that `Display` writes.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        BASE64.decode(text.as_bytes()).ok().map(Self)
    }
}

impl fmt::Display for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

/// A request for a new content key.
#[derive(Debug, Clone, Copy)]
pub struct KeyRequest<'p> {
    /// The package. The key id follows from its id.
    pub package: &'p PackageId,
    /// The protection scheme.
    pub scheme: Scheme,
    /// Which tracks are encrypted.
    pub tracks: ProtectedTracks,
    /// Whether the package has audio only.
    pub audio_only: bool,
}

/// A new content key.
#[derive(Debug, Clone)]
pub struct GeneratedKey {
    /// The key.
    pub key: ContentKey,
    /// The key, wrapped.
    pub wrapped: WrappedKey,
    /// The constant IV for `cbcs`, if the key provider sets one.
    pub iv: Option<ConstantIv>,
    /// The DRM systems that deliver the key to players.
    pub drm: Drm,
}
