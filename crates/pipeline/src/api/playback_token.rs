//! Playback tokens: permission to fetch the keys of one package until a given time.
//!
//! `v1.EXPIRY.MAC`: the expiry in seconds since 1970, and the base64url HMAC-SHA-256 of the version, the package and the
//! expiry. The package is not in the token: the request names the package, and the MAC verifies only for that package. The API
//! issues tokens and the licence server verifies them ([`crate::api::licences`]); KMS computes the MAC. Tokens are not stored,
//! so they cannot be revoked; that is why they are short-lived.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;

use crate::domain::id::PackageId;
use crate::domain::timestamp::Timestamp;
use crate::ports::Mac;

/// The allowed lifetimes of a token, in seconds: up to a day.
pub const TOKEN_SECONDS: std::ops::RangeInclusive<u64> = 1..=24 * 60 * 60;

const VERSION: &str = "v1";

/// The claim of a token: the package and the expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'p> {
    package: &'p PackageId,
    expires: u64,
}

impl<'p> Claim<'p> {
    /// Creates a claim for `package` that is valid from `now` for `lifetime`, or for the longest allowed lifetime if that is
    /// shorter.
    #[must_use]
    pub fn new(package: &'p PackageId, now: Timestamp, lifetime: Duration) -> Self {
        let seconds = lifetime.as_secs().min(*TOKEN_SECONDS.end());
        Self { package, expires: now.unix_seconds() + seconds }
    }

    /// Returns the message to sign. Each field has exactly one spelling, and none contains a line break.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        format!("playback token {VERSION}\n{}\n{}", self.package, self.expires).into_bytes()
    }

    /// Returns when the token expires.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.expires)
    }

    /// Returns whether the token has expired.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.unix_seconds() >= self.expires
    }

    /// Returns the token with this signature.
    #[must_use]
    pub fn signed(&self, mac: Mac) -> PlaybackToken {
        PlaybackToken { expires: self.expires, mac }
    }
}

/// A parsed token. It is not verified: see [`PlaybackToken::claim`].
#[derive(Clone, PartialEq, Eq)]
pub struct PlaybackToken {
    expires: u64,
    mac: Mac,
}

/// The text is not a playback token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a playback token")]
pub struct InvalidToken;

impl PlaybackToken {
    /// Returns the claim of a token for `package`, and the signature that must verify it.
    #[must_use]
    pub fn claim<'p>(&self, package: &'p PackageId) -> (Claim<'p>, &Mac) {
        (Claim { package, expires: self.expires }, &self.mac)
    }
}

impl FromStr for PlaybackToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let mut parts = text.split('.');
        let (version, expires, mac) = (parts.next(), parts.next(), parts.next());
        // Each token has one spelling: no sign, and no leading zeros.
        let expires =
            expires.and_then(|digits| digits.parse().ok().filter(|number: &u64| number.to_string() == digits));
        let mac = mac.and_then(|mac| BASE64URL_NOPAD.decode(mac.as_bytes()).ok()?.try_into().ok());
        match (version, expires, mac, parts.next()) {
            (Some(VERSION), Some(expires), Some(mac), None) => Ok(Self { expires, mac }),
            _ => Err(InvalidToken),
        }
    }
}

impl fmt::Display for PlaybackToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}.{}.{}", self.expires, BASE64URL_NOPAD.encode(&self.mac))
    }
}

impl fmt::Debug for PlaybackToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlaybackToken(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "abcdefghijklmnopqrstuvwxyz";

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[test]
    fn a_token_reads_back_and_expires_in_time() {
        let package = PACKAGE.parse().unwrap();
        let claim = Claim::new(&package, at(1_000), Duration::from_mins(1));
        let token: PlaybackToken = claim.signed([7; 32]).to_string().parse().unwrap();
        assert_eq!(token.claim(&package), (claim.clone(), &[7; 32]));
        assert_eq!(claim.expires_at(), at(1_060));
        assert_eq!([1_000, 1_059, 1_060, 9_999].map(|second| claim.is_expired(at(second))), [false, false, true, true]);
    }

    #[test]
    fn package_version_and_expiry_are_all_signed() {
        let (package, other) = (PACKAGE.parse().unwrap(), "zyxwvutsrqponmlkjihgfedcba".parse().unwrap());
        let message = |package, seconds| Claim::new(package, at(0), Duration::from_secs(seconds)).message();
        assert_eq!(message(&package, 5), format!("playback token v1\n{PACKAGE}\n5").into_bytes());
        assert_ne!(message(&package, 5), message(&other, 5));
        assert_ne!(message(&package, 5), message(&package, 6));
    }

    #[test]
    fn a_text_that_is_not_a_token_is_refused() {
        let package = PACKAGE.parse().unwrap();
        let good = Claim::new(&package, at(1_000), Duration::from_mins(1)).signed([7; 32]).to_string();
        for length in 0..good.len() {
            assert_eq!(good[..length].parse::<PlaybackToken>(), Err(InvalidToken), "the first {length} bytes");
        }
        for wrong in [
            good.replace("v1", "v2"),
            good.replace("1060", "+1060"),
            good.replace("1060", "01060"),
            format!("{good}.x"),
            format!("{good}A"),
        ] {
            assert_eq!(wrong.parse::<PlaybackToken>(), Err(InvalidToken), "{wrong}");
        }
        assert!(!format!("{:?}", good.parse::<PlaybackToken>()).contains("Bwc"), "Debug does not show it");
    }
}
