//! Sends events to one receiver by HTTP, signed, until the receiver accepts them.
//!
//! The format is that of [Standard Webhooks](https://www.standardwebhooks.com): a POST of JSON with the members `type`,
//! `timestamp` and `data`, signed as [`crate::domain::webhook_signature`] describes.
//!
//! A response other than 2xx, a timeout and a failed connection are all the same: the event is sent again after
//! [`retry_delay`]. The last retry is two days after the first delivery. After that the event is dead-lettered.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::outcome::Outcome;
use crate::domain::webhook_signature::SignedRequest;
use crate::error::Error;
use crate::ports::{Clock, WebhookReceiver, WebhookSecretStore};

/// The longest delay. A queue hides a message for at most twelve hours, counted from its receipt, so the delay leaves the function
/// more than three minutes of them.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(43_000);
/// Delays after the first deliveries, as the specification proposes them.
const RETRY_DELAYS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
];

/// Returns how long an event waits after its failed `delivery`, counted from 1.
#[must_use]
pub fn retry_delay(delivery: u32) -> Duration {
    let position = usize::try_from(delivery.max(1) - 1).ok();
    position.and_then(|position| RETRY_DELAYS.get(position)).copied().unwrap_or(MAX_RETRY_DELAY)
}

/// An event to send. Its content is sent unchanged, so a new event type requires no change to the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEvent {
    id: String,
    kind: String,
    at: String,
    event: Value,
}

impl WebhookEvent {
    /// Returns the id of the event.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the type of the event.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the body of the webhook.
    #[must_use]
    pub fn body(&self) -> String {
        json!({"type": self.kind, "timestamp": self.at, "data": self.event}).to_string()
    }
}

impl<'de> Deserialize<'de> for WebhookEvent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer)?;
        let text = |name: &'static str| {
            let found = event.get(name).and_then(Value::as_str).map(str::to_owned);
            found.ok_or_else(|| <D::Error as serde::de::Error>::missing_field(name))
        };
        Ok(Self { id: text("id")?, kind: text("type")?, at: text("at")?, event })
    }
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Webhook<R, S, K> {
    /// Receives the webhooks.
    pub receiver: R,
    /// Stores the signing secrets.
    pub secrets: S,
    /// The clock.
    pub clock: K,
}

impl<R: WebhookReceiver, S: WebhookSecretStore, K: Clock> Webhook<R, S, K> {
    /// Sends one event, once.
    ///
    /// # Errors
    /// Transient errors only: the event must be sent again.
    pub async fn handle(&self, event: &WebhookEvent) -> Result<Outcome, Error> {
        let secrets = self.secrets.secrets().await.map_err(Error::unavailable("reading the webhook's secret"))?;
        let request = SignedRequest::new(event.id.clone(), event.body(), &secrets, self.clock.now());
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

    #[test]
    fn delays_grow_to_almost_the_longest_visibility_timeout_and_cover_two_days() {
        let delays: Vec<Duration> = (1..10).map(retry_delay).collect();
        // Twelve hours from the receipt, less the function's timeout and the time that SQS delivers in.
        let longest = Duration::from_hours(12) - Duration::from_mins(3);
        assert!(delays.is_sorted() && delays.iter().all(|delay| *delay <= longest));
        assert!(delays.iter().sum::<Duration>() > Duration::from_hours(48));
        assert_eq!((retry_delay(0), retry_delay(1)), (RETRY_DELAYS[0], RETRY_DELAYS[0]));
    }
}
