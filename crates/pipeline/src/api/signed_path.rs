//! Signed paths: permission to fetch a stream, where the CDN requires it (`PrivatePlayback` in the template).
//!
//! The signature is the first segment of the path: `https://cdn/v1.EXPIRY.MAC/PACKAGE/stream.mpd`. URLs in manifests are
//! relative, so every further request of the player carries the signature too: one signature covers a whole stream, without
//! cookies and in every player. The CloudFront function `SignedPathFunction` (`template.yaml`) verifies and removes it before
//! the cache lookup, so that all viewers share the cached objects.
//!
//! Functions at the edge cannot call KMS, so the MAC is HMAC-SHA-256 with a secret that the API and the edge share. It grants
//! access to objects that would otherwise be public, but not to keys: keys require a playback token
//! ([`crate::api::playback_token`]), which KMS signs.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::id::PackageId;
use crate::domain::timestamp::Timestamp;

/// Minimum length of a secret in bytes. A shorter secret is probably not random, and could be guessed. The function at the edge
/// has the same limit.
pub const MIN_SECRET_LENGTH: usize = 24;

/// The secret that the API and the edge share, ready to sign.
#[derive(Clone)]
pub struct PathSigningSecret(Hmac<Sha256>);

/// The secret is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path signing secret is shorter than {MIN_SECRET_LENGTH} bytes")]
pub struct ShortSecret;

impl PathSigningSecret {
    /// Returns the secret with this text.
    ///
    /// # Errors
    /// When it is too short.
    pub fn new(text: &str) -> Result<Self, ShortSecret> {
        let keyed = Hmac::new_from_slice(text.as_bytes()).ok().filter(|_| text.len() >= MIN_SECRET_LENGTH);
        keyed.map(Self).ok_or(ShortSecret)
    }

    /// Signs the paths of `package` until `expires_at`. Returns the first segment of the signed path.
    #[must_use]
    pub fn sign(&self, package: &PackageId, expires_at: Timestamp) -> String {
        let expires = expires_at.unix_seconds();
        let message = format!("delivery v1\n{package}\n{expires}");
        let mac = self.0.clone().chain_update(message).finalize().into_bytes();
        format!("v1.{expires}.{}", BASE64URL_NOPAD.encode(&mac))
    }
}

impl fmt::Debug for PathSigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PathSigningSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_path_carries_the_mac_of_package_and_expiry() {
        let secret = PathSigningSecret::new("twenty-four characters of it").unwrap();
        let package: PackageId = "abcdefghijklmnopqrstuvwxyz".parse().unwrap();
        let signature = secret.sign(&package, Timestamp::from_unix_seconds(1_900_000_000));
        // The result of Python's `hmac`.
        assert_eq!(signature, "v1.1900000000.C7pmOrvEg5eTXf3CnjD0UGoM-j8_8AJdgXJjVx_yj_c");
        assert_eq!(format!("{secret:?}"), "PathSigningSecret");
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        assert_eq!(PathSigningSecret::new("").unwrap_err(), ShortSecret);
        assert_eq!(PathSigningSecret::new(&"x".repeat(23)).unwrap_err(), ShortSecret);
        assert!(PathSigningSecret::new(&"x".repeat(24)).is_ok());
    }
}
