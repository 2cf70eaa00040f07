//! Content keys: where those come from that no caller gave, and how all are kept: wrapped, each bound to its package.

use std::fmt;
use std::future::Future;

use data_encoding::BASE64;
use vpp_media::cenc::{ConstantIv, ContentKey, Drm, Scheme};
use vpp_media::cmaf::ProtectedTracks;

use crate::domain::id::PackageId;
use crate::error::Cause;
use crate::ports::Unavailable;

/// A content key that only the vault can unwrap. Safe to store and to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(Vec<u8>);

impl WrappedKey {
    /// What the vault made of the key.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The wrapped bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads what `Display` writes.
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

/// What a key is made for: a package, whose id has the key's id in it, and how it is used there.
#[derive(Debug, Clone, Copy)]
pub struct KeyUse<'p> {
    /// The package.
    pub package: &'p PackageId,
    /// Its scheme.
    pub scheme: Scheme,
    /// Which of its tracks are encrypted.
    pub tracks: ProtectedTracks,
    /// Whether it is of sound alone.
    pub audio_only: bool,
}

/// A key that was made.
#[derive(Debug, Clone)]
pub struct MadeKey {
    /// The key.
    pub key: ContentKey,
    /// The same, wrapped.
    pub wrapped: WrappedKey,
    /// The constant vector that goes with it under `cbcs`, if whoever made it wants one.
    pub iv: Option<ConstantIv>,
    /// The DRM systems that can give it to players.
    pub drm: Drm,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A service of the platform's own did not answer.
    #[error("no key was made")]
    Unavailable(#[from] Unavailable),
    /// The provider of keys did not answer, did not want to, or answered what cannot be used.
    #[error("{message}")]
    Provider {
        /// Stable, for programs and tables.
        code: &'static str,
        /// A sentence a person understands.
        message: String,
        /// What it came from, if that is known.
        #[source]
        source: Option<Cause>,
    },
}

impl KeyError {
    /// Stable, for programs and tables.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Provider { code, .. } => code,
        }
    }
}

/// Makes, wraps and unwraps content keys. The package's id is bound into the wrapped key: what was wrapped for one package
/// does not unwrap for another.
pub trait KeyVault: Send + Sync {
    /// Makes a key: a random one, or that of whoever provides keys.
    fn make(&self, asked: &KeyUse<'_>) -> impl Future<Output = Result<MadeKey, KeyError>> + Send;

    /// Wraps the caller's `key` for `package`.
    fn wrap(
        &self,
        key: &ContentKey,
        package: &PackageId,
    ) -> impl Future<Output = Result<WrappedKey, Unavailable>> + Send;

    /// The key that was wrapped for `package`.
    fn unwrap(
        &self,
        wrapped: &WrappedKey,
        package: &PackageId,
    ) -> impl Future<Output = Result<ContentKey, Unavailable>> + Send;
}
