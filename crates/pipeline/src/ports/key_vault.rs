//! The key vault: generates content keys, and wraps them with KMS for storage.

use std::future::Future;

use vpp_media::cenc::ContentKey;

use crate::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use crate::domain::id::PackageId;
use crate::error::{Cause, Unavailable};

/// The reason that no key was generated.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A service of the platform is unavailable.
    #[error("no content key was generated")]
    Unavailable(#[from] Unavailable),
    /// The key provider did not respond, refused, or responded with something that cannot be used.
    #[error("{message}")]
    Provider {
        /// A stable machine-readable code.
        code: &'static str,
        /// A human-readable sentence.
        message: String,
        /// The cause, if known.
        #[source]
        source: Option<Cause>,
    },
}

impl KeyError {
    /// Returns a stable machine-readable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Provider { code, .. } => code,
        }
    }
}

/// Generates, wraps and unwraps content keys. A wrapped key is bound to its package's id: a key that was wrapped for one
/// package does not unwrap for another.
pub trait KeyVault: Send + Sync {
    /// Generates a key: a random one, or one from the key provider.
    fn generate(&self, request: &KeyRequest<'_>) -> impl Future<Output = Result<GeneratedKey, KeyError>> + Send;

    /// Wraps `key` for `package`.
    fn wrap(
        &self,
        key: &ContentKey,
        package: &PackageId,
    ) -> impl Future<Output = Result<WrappedKey, Unavailable>> + Send;

    /// Unwraps a key that was wrapped for `package`.
    fn unwrap(
        &self,
        wrapped: &WrappedKey,
        package: &PackageId,
    ) -> impl Future<Output = Result<ContentKey, Unavailable>> + Send;
}
