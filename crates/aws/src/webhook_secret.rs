//! The signing secret of webhooks, in Secrets Manager, cached for a minute.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use vpp_pipeline::domain::webhook_signature::SigningSecrets;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::WebhookSecretStore;

use crate::secrets::{CALL, read_rotated};

/// How long a value is cached.
const CACHE_LIFETIME: Duration = Duration::from_mins(1);

/// A secret that webhooks are signed with.
#[derive(Debug)]
pub struct WebhookSecret {
    client: Client,
    id: String,
    cached: Mutex<Option<(Instant, SigningSecrets)>>,
}

impl WebhookSecret {
    /// Uses the secret with this ARN or name.
    #[must_use]
    pub fn new(client: Client, id: String) -> Self {
        Self { client, id, cached: Mutex::default() }
    }

    async fn read(&self) -> Result<SigningSecrets, Unavailable> {
        let values = read_rotated(&self.client, &self.id).await?;
        let secrets = values.iter().try_fold(SigningSecrets::default(), |secrets, text| secrets.with_secret(text));
        secrets.map_err(|invalid| Unavailable::new(CALL, invalid.into()))
    }
}

impl WebhookSecretStore for WebhookSecret {
    async fn secrets(&self) -> Result<SigningSecrets, Unavailable> {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((read_at, secrets)) = cached
            && read_at.elapsed() < CACHE_LIFETIME
        {
            return Ok(secrets);
        }
        let secrets = self.read().await?;
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), secrets.clone()));
        Ok(secrets)
    }
}
