//! Telling one receiver by HTTP, signed, until it has answered that it knows.
//!
//! The form is that of [Standard Webhooks](https://www.standardwebhooks.com): a POST of JSON with the members `type`, `timestamp`
//! and `data`, and three headers. `webhook-id` is the event's own id, the same however often it is sent; `webhook-timestamp` is
//! the moment of this attempt; `webhook-signature` has, for each secret, `v1,` and in base64 the HMAC-SHA256 of
//! `id.timestamp.body`. There are two secrets while a receiver changes over from one to the next.
//!
//! Any answer but 2xx, none in time, and no connection are all the same: the event comes again, after [`pause`]. The last try is
//! two days after the first. Then it is a dead letter.

use std::fmt;
use std::time::Duration;

use data_encoding::{BASE64, BASE64_NOPAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::timestamp::Timestamp;
use crate::error::Error;
use crate::ports::{Clock, Receiver, SecretStore};
use crate::stages::Outcome;

/// What the specification asks of a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// What written secrets begin with, or may.
const SECRET_PREFIX: &str = "whsec_";
/// The longest pause, which is the longest that a queue can hide a message for.
const LONGEST_PAUSE: Duration = Duration::from_hours(12);
/// Pauses after the first attempts, as the specification proposes them.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
];

/// How long an event waits after its `attempt`th attempt, from 1.
#[must_use]
pub fn pause(attempt: u32) -> Duration {
    let position = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    PAUSES.get(position).copied().unwrap_or(LONGEST_PAUSE)
}

/// An event as it comes to be sent. What it says is passed on as it is, so that a newer kind needs no newer sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    id: String,
    kind: String,
    at: String,
    event: Value,
}

impl Notice {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its type.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

impl<'de> Deserialize<'de> for Notice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer)?;
        let text = |name: &'static str| {
            let found = event.get(name).and_then(Value::as_str).map(str::to_owned);
            found.ok_or_else(|| <D::Error as serde::de::Error>::missing_field(name))
        };
        Ok(Self { id: text("id")?, kind: text("type")?, at: text("at")?, event })
    }
}

/// The secrets that a receiver knows. They are zeroised when they are let go, and do not show themselves.
#[derive(Clone, Default)]
pub struct SigningSecrets(Vec<Zeroizing<Vec<u8>>>);

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

/// The text is no secret of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's secret is 24 to 64 bytes in base64, with or without whsec_ before them")]
pub struct InvalidSecret;

impl SigningSecrets {
    /// Adds one, from its text.
    ///
    /// # Errors
    /// [`InvalidSecret`].
    pub fn and(mut self, text: &str) -> Result<Self, InvalidSecret> {
        let text = text.strip_prefix(SECRET_PREFIX).unwrap_or(text).trim_end_matches('=');
        let bytes = Zeroizing::new(BASE64_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidSecret)?);
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        self.0.push(bytes);
        Ok(self)
    }

    /// What `webhook-signature` says.
    fn sign(&self, id: &str, seconds: u64, body: &str) -> String {
        let signed = self.0.iter().filter_map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            mac.update(format!("{id}.{seconds}.{body}").as_bytes());
            Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
        });
        signed.collect::<Vec<_>>().join(" ")
    }
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`: seconds since 1970.
    pub seconds: u64,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

impl SignedRequest {
    /// Signs a notice.
    #[must_use]
    pub fn new(notice: &Notice, secrets: &SigningSecrets, now: Timestamp) -> Self {
        let Notice { id, kind, at, event } = notice;
        let body = json!({"type": kind, "timestamp": at, "data": event}).to_string();
        let seconds = now.unix_seconds();
        Self { id: id.clone(), seconds, signature: secrets.sign(id, seconds, &body), body }
    }
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Webhook<R, S, K> {
    /// Who is told.
    pub receiver: R,
    /// Keeps the secrets.
    pub secrets: S,
    /// The time.
    pub clock: K,
}

impl<R: Receiver, S: SecretStore, K: Clock> Webhook<R, S, K> {
    /// Sends one event, once.
    ///
    /// # Errors
    /// Transient ones: it is to be sent again.
    pub async fn handle(&self, notice: &Notice) -> Result<Outcome, Error> {
        let secrets = self.secrets.secrets().await.map_err(Error::unavailable("reading the webhook's secret"))?;
        let request = SignedRequest::new(notice, &secrets, self.clock.now());
        let status = self.receiver.post(&request).await.map_err(Error::unavailable("sending the webhook"))?;
        match status {
            200..=299 => Ok(Outcome::Done),
            _ => Err(Error::Transient {
                operation: "sending the webhook",
                source: format!("the receiver answered {status}").into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification's own libraries are tested with.
    #[test]
    fn a_signature_is_that_of_the_specifications_example() -> Result<(), InvalidSecret> {
        let secrets = SigningSecrets::default().and("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
        let signature = secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        Ok(())
    }

    #[test]
    fn with_two_secrets_there_are_two_signatures_and_neither_secret_is_shown() -> Result<(), InvalidSecret> {
        let secrets = SigningSecrets::default().and(&"A".repeat(48))?.and(&format!("whsec_{}AA==", "B".repeat(44)))?;
        let signature = secrets.sign("id", 1, "{}");
        assert_eq!(signature.split(' ').filter(|own| own.starts_with("v1,")).count(), 2);
        assert_eq!(format!("{secrets:?}"), "2 secrets");
        for wrong in ["", "short", "not base64 at all, but long enough to be"] {
            assert_eq!(SigningSecrets::default().and(wrong).err(), Some(InvalidSecret), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn pauses_grow_to_what_a_queue_can_keep_and_go_on_for_two_days() {
        let pauses: Vec<Duration> = (1..10).map(pause).collect();
        assert!(pauses.is_sorted() && pauses.iter().all(|pause| *pause <= LONGEST_PAUSE));
        assert!(pauses.iter().sum::<Duration>() > Duration::from_hours(48));
        assert_eq!((pause(0), pause(1)), (PAUSES[0], PAUSES[0]));
    }
}
