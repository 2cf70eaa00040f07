//! A webhook's secret, read again every minute.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use vpp_pipeline::notifications::webhook::SigningSecrets;
use vpp_pipeline::ports::{SecretStore, Unavailable};

use crate::secrets::held;

const CALL: &str = "GetSecretValue";
/// How long what was read is used.
const FRESH: Duration = Duration::from_mins(1);

/// A secret that webhooks are signed with.
#[derive(Debug)]
pub struct WebhookSecret {
    client: Client,
    id: String,
    read: Mutex<Option<(Instant, SigningSecrets)>>,
}

impl WebhookSecret {
    /// The secret of this ARN or name.
    #[must_use]
    pub fn new(client: Client, id: String) -> Self {
        Self { client, id, read: Mutex::default() }
    }

    async fn read(&self) -> Result<SigningSecrets, Unavailable> {
        let held = held(&self.client, &self.id).await?;
        let secrets = held.iter().try_fold(SigningSecrets::default(), |secrets, text| secrets.and(text));
        secrets.map_err(|invalid| Unavailable::new(CALL, invalid.into()))
    }
}

impl SecretStore for WebhookSecret {
    async fn secrets(&self) -> Result<SigningSecrets, Unavailable> {
        let kept = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, secrets)) = kept
            && at.elapsed() < FRESH
        {
            return Ok(secrets);
        }
        let secrets = self.read().await?;
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), secrets.clone()));
        Ok(secrets)
    }
}
