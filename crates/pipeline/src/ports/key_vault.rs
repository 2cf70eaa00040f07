//! Content keys at rest: wrapped, each bound to its package.

use std::fmt;
use std::future::Future;

use data_encoding::BASE64;
use vpp_media::cenc::ContentKey;

use crate::id::PackageId;
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

/// Wraps and unwraps content keys. The package's id is bound into the wrapped key: what was wrapped for one package
/// does not unwrap for another.
pub trait KeyVault: Send + Sync {
    /// Makes a new random key for `package`.
    fn make(&self, package: &PackageId) -> impl Future<Output = Result<(ContentKey, WrappedKey), Unavailable>> + Send;

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
