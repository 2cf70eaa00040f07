//! Leave to fetch a stream, where the CDN asks for it (`PrivatePlayback` in the template).
//!
//! The leave is the first part of the path: `https://cdn/v1.EXPIRY.MAC/PACKAGE/stream.mpd`. What manifests name is relative to
//! them, so whatever a player fetches next carries the leave too, and one covers a whole stream, without cookies and in every
//! player. A function at the edge checks it and takes it away before the cache is asked: what is kept there is the same for all
//! viewers.
//!
//! Functions at the edge know no KMS. So the code is HMAC-SHA-256 with a secret that the API and the edge share; it opens what
//! anyone could fetch otherwise, and no keys: those take a playback token ([`crate::api::playback_token`]), which is signed by KMS.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::id::PackageId;
use crate::domain::timestamp::Timestamp;

/// Characters of the shortest secret: what is shorter was not made, but chosen, and could be guessed. The edge says the same.
pub const SHORTEST_SECRET: usize = 24;

/// What the API and the edge share, keyed and ready to sign.
#[derive(Clone)]
pub struct PathSigningSecret(Hmac<Sha256>);

/// The text is too short for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path signing secret has less than {SHORTEST_SECRET} characters")]
pub struct ShortSecret;

impl PathSigningSecret {
    /// The secret of this text.
    ///
    /// # Errors
    /// When it is too short.
    pub fn new(text: &str) -> Result<Self, ShortSecret> {
        let keyed = Hmac::new_from_slice(text.as_bytes()).ok().filter(|_| text.len() >= SHORTEST_SECRET);
        keyed.map(Self).ok_or(ShortSecret)
    }

    /// Leave to fetch `package` until a moment: the first part of a path.
    #[must_use]
    pub fn leave(&self, package: &PackageId, until: Timestamp) -> String {
        let expires = until.unix_seconds();
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
    fn a_leave_is_the_code_of_package_and_end() {
        let secret = PathSigningSecret::new("twenty-four characters of it").unwrap();
        let package: PackageId = "abcdefghijklmnopqrstuvwxyz".parse().unwrap();
        let leave = secret.leave(&package, Timestamp::from_unix_seconds(1_900_000_000));
        // What Python's `hmac` says.
        assert_eq!(leave, "v1.1900000000.C7pmOrvEg5eTXf3CnjD0UGoM-j8_8AJdgXJjVx_yj_c");
        assert_eq!(format!("{secret:?}"), "PathSigningSecret");
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        assert_eq!(PathSigningSecret::new("").unwrap_err(), ShortSecret);
        assert_eq!(PathSigningSecret::new(&"x".repeat(23)).unwrap_err(), ShortSecret);
        assert!(PathSigningSecret::new(&"x".repeat(24)).is_ok());
    }
}
