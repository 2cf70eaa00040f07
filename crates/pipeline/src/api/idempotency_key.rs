//! Idempotency keys: a key is bound to the resource that its first request created.

use std::time::Duration;

use crate::api::request_error::{RequestError, unavailable};
use crate::api::service::{Api, ApiCatalog};
use crate::domain::id::ClientUploadId;
use crate::ports::{Clock, CreateOutcome};

/// How long an idempotency key is stored.
const IDEMPOTENCY_KEY_TTL: Duration = Duration::from_hours(48);

impl<C: ApiCatalog, Q, V, K: Clock> Api<C, Q, V, K> {
    /// Binds an idempotency key to `resource_id`, the id of the resource that the request creates. Ids are functions of
    /// requests, so a repeated request has the same id. A different request with the same key is refused.
    ///
    /// # Errors
    /// When the key is bound to another resource, or the platform is unavailable.
    pub async fn claim_idempotency_key(&self, key: &str, resource_id: &str) -> Result<(), RequestError> {
        let key = ClientUploadId::of(&[b"idempotency", key.as_bytes()]);
        let now = self.clock.now();
        let expires_at = now.after(IDEMPOTENCY_KEY_TTL);
        let claimed = self.catalog.claim_idempotency_key(key.as_str(), resource_id, now, expires_at).await;
        match claimed.map_err(unavailable("storing the idempotency key"))? {
            CreateOutcome::Existing(other) if other != resource_id => Err(RequestError::KeyReused),
            CreateOutcome::Created | CreateOutcome::Existing(_) => Ok(()),
        }
    }
}
