//! Webhook signatures, by [Standard Webhooks](https://www.standardwebhooks.com).
//!
//! A webhook carries three headers: `webhook-id` is the id of the event, the same for every delivery; `webhook-timestamp` is
//! the time of this delivery; `webhook-signature` holds, for each secret, `v1,` and the base64 HMAC-SHA256 of
//! `id.timestamp.body`. During secret rotation, two secrets are valid.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::timestamp::Timestamp;

/// Length of a secret, as the specification requires.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Optional prefix of a secret's text.
const SECRET_PREFIX: &str = "whsec_";

/// The secrets that webhooks are signed with. They are zeroised on drop, and `Debug` does not show them.
#[derive(Clone, Default)]
pub struct SigningSecrets(Vec<Zeroizing<Vec<u8>>>);

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

/// The text is not a webhook secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is 24 to 64 bytes in base64, with or without the prefix whsec_")]
pub struct InvalidSecret;

impl SigningSecrets {
    /// Adds a secret from its text.
    ///
    /// # Errors
    /// [`InvalidSecret`].
    pub fn with_secret(mut self, text: &str) -> Result<Self, InvalidSecret> {
        let text = text.strip_prefix(SECRET_PREFIX).unwrap_or(text).trim_end_matches('=');
        let bytes = Zeroizing::new(BASE64_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidSecret)?);
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        self.0.push(bytes);
        Ok(self)
    }

    /// Returns the value of `webhook-signature`.
    fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        let signatures = self.0.iter().filter_map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
            Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// A webhook, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, in seconds since 1970.
    pub timestamp: u64,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

impl SignedRequest {
    /// Signs `body`, the payload of the event `id`, at `now`.
    #[must_use]
    pub fn new(id: String, body: String, secrets: &SigningSecrets, now: Timestamp) -> Self {
        let timestamp = now.unix_seconds();
        let signature = secrets.sign(&id, timestamp, &body);
        Self { id, timestamp, signature, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification's libraries are tested with.
    #[test]
    fn a_signature_is_that_of_the_specifications_example() -> Result<(), InvalidSecret> {
        let secrets = SigningSecrets::default().with_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
        let signature = secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        Ok(())
    }

    #[test]
    fn with_two_secrets_there_are_two_signatures_and_neither_secret_is_shown() -> Result<(), InvalidSecret> {
        let secrets = SigningSecrets::default()
            .with_secret(&"A".repeat(48))?
            .with_secret(&format!("whsec_{}AA==", "B".repeat(44)))?;
        let signature = secrets.sign("id", 1, "{}");
        assert_eq!(signature.split(' ').filter(|signature| signature.starts_with("v1,")).count(), 2);
        assert_eq!(format!("{secrets:?}"), "2 secrets");
        for wrong in ["", "short", "not base64 at all, but long enough to be"] {
            assert_eq!(SigningSecrets::default().with_secret(wrong).err(), Some(InvalidSecret), "{wrong}");
        }
        Ok(())
    }
}
