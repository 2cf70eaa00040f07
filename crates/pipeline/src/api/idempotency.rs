//! Idempotency keys: a key stands for the answer to its first request.

use std::time::Duration;

use crate::api::request_error::{RequestError, unavailable};
use crate::api::service::{Api, ApiCatalog};
use crate::domain::id::ClientUploadId;
use crate::ports::{Clock, CreateOutcome};

/// How long an idempotency key is stored.
const IDEMPOTENCY_KEY_TTL: Duration = Duration::from_hours(48);

impl<C: ApiCatalog, Q, V, K: Clock> Api<C, Q, V, K> {
    /// Stores `answer`, the id of the resource that a request creates, for an idempotency key. Ids are functions of requests, so
    /// the same request has the same answer. A different request with the same key is refused.
    ///
    /// # Errors
    /// When the key stands for another answer, or the platform is unavailable.
    pub async fn claim_idempotency_key(&self, key: &str, answer: &str) -> Result<(), RequestError> {
        let key = ClientUploadId::of(&[b"idempotency", key.as_bytes()]);
        let expires_at = self.clock.now().after(IDEMPOTENCY_KEY_TTL);
        let claimed = self.catalog.claim_idempotency_key(key.as_str(), answer, expires_at).await;
        match claimed.map_err(unavailable("storing the idempotency key"))? {
            CreateOutcome::Existing(other) if other != answer => Err(RequestError::KeyReused),
            CreateOutcome::Created | CreateOutcome::Existing(_) => Ok(()),
        }
    }
}
