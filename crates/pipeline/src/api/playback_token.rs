//! Playback tokens: leave to fetch the keys of one package, until a moment.
//!
//! `v1.EXPIRY.MAC`: the second since 1970 at which it is over, and HMAC-SHA-256, in base64url, of the version, the package
//! and that second. The package is not in the token: who shows it says which package it is for, and only the right one
//! gives the same code. Nothing is kept of a token anywhere; it cannot be taken back, so it is short.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;

use crate::domain::id::PackageId;
use crate::domain::timestamp::Timestamp;
use crate::ports::Mac;

/// Shortest and longest life of a token, in seconds: to a day.
pub const TOKEN_SECONDS: std::ops::RangeInclusive<u64> = 1..=24 * 60 * 60;

const VERSION: &str = "v1";

/// What a token says: of which package, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'p> {
    package: &'p PackageId,
    expires: u64,
}

impl<'p> Claim<'p> {
    /// Leave for `package` that begins at `now` and lasts for `lifetime`.
    #[must_use]
    pub fn new(package: &'p PackageId, now: Timestamp, lifetime: Duration) -> Self {
        Self { package, expires: now.unix_seconds().saturating_add(lifetime.as_secs()) }
    }

    /// What is signed. Each part has one form, and none holds a line's end.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        format!("playback token {VERSION}\n{}\n{}", self.package, self.expires).into_bytes()
    }

    /// When it is over.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.expires)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.unix_seconds() >= self.expires
    }

    /// The token, with its signature.
    #[must_use]
    pub fn signed(&self, mac: Mac) -> PlaybackToken {
        PlaybackToken { expires: self.expires, mac }
    }
}

/// A token as it is shown. That it can be read says nothing: see [`PlaybackToken::claim`].
#[derive(Clone, PartialEq, Eq)]
pub struct PlaybackToken {
    expires: u64,
    mac: Mac,
}

/// The text is no playback token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no playback token")]
pub struct InvalidToken;

impl PlaybackToken {
    /// What it says if it is for `package`, and the signature that has to prove it.
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
        let expires = expires.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
        let mac = mac.and_then(|mac| BASE64URL_NOPAD.decode(mac.as_bytes()).ok()?.try_into().ok());
        match (version, expires.and_then(|digits| digits.parse().ok()), mac, parts.next()) {
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
    fn a_token_reads_back_and_is_over_in_time() {
        let package = PACKAGE.parse().unwrap();
        let claim = Claim::new(&package, at(1_000), Duration::from_mins(1));
        let token: PlaybackToken = claim.signed([7; 32]).to_string().parse().unwrap();
        assert_eq!(token.claim(&package), (claim.clone(), &[7; 32]));
        assert_eq!(claim.expires_at(), at(1_060));
        assert_eq!([1_000, 1_059, 1_060, 9_999].map(|second| claim.is_over(at(second))), [false, false, true, true]);
    }

    #[test]
    fn package_version_and_end_are_all_signed() {
        let (package, other) = (PACKAGE.parse().unwrap(), "zyxwvutsrqponmlkjihgfedcba".parse().unwrap());
        let message = |package, seconds| Claim::new(package, at(0), Duration::from_secs(seconds)).message();
        assert_eq!(message(&package, 5), format!("playback token v1\n{PACKAGE}\n5").into_bytes());
        assert_ne!(message(&package, 5), message(&other, 5));
        assert_ne!(message(&package, 5), message(&package, 6));
    }

    #[test]
    fn a_text_that_is_no_token_is_refused() {
        let package = PACKAGE.parse().unwrap();
        let good = Claim::new(&package, at(1_000), Duration::from_mins(1)).signed([7; 32]).to_string();
        for cut in 0..good.len() {
            assert_eq!(good[..cut].parse::<PlaybackToken>(), Err(InvalidToken), "cut at {cut}");
        }
        for wrong in [good.replace("v1", "v2"), good.replace("1060", "+1060"), format!("{good}.x"), format!("{good}A")]
        {
            assert_eq!(wrong.parse::<PlaybackToken>(), Err(InvalidToken), "{wrong}");
        }
        assert!(!format!("{:?}", good.parse::<PlaybackToken>()).contains("Bwc"), "it does not show itself");
    }
}
