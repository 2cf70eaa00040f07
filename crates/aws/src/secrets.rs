//! What is kept in Secrets Manager: the API's tokens, what webhooks are signed with, and what the API shares with the CDN.
//!
//! Each role, and the webhook, has a secret, a JSON object: `{"current": "…"}`, and while others change over to a new one
//! `{"current": "…", "previous": "…"}`. That of the CDN is `{"current": "…"}` too, and while it is replaced
//! `{"current": "…", "other": "…"}`: leave is made with the current one, and the CDN takes both.

use aws_sdk_secretsmanager::Client;
use serde::Deserialize;
use vpp_pipeline::api::access::{Role, Tokens};
use vpp_pipeline::api::signed_path::PathSigningSecret;
use vpp_pipeline::ports::{TokenStore, Unavailable};
use zeroize::Zeroizing;

use crate::error::unavailable;

const CALL: &str = "GetSecretValue";

/// The secrets of the roles.
#[derive(Debug, Clone)]
pub struct SecretTokens {
    client: Client,
    operator: String,
    reader: String,
}

/// What a secret holds. Not `Debug`: it is secret.
#[derive(Deserialize)]
struct Held {
    current: String,
    #[serde(default)]
    previous: Option<String>,
}

impl SecretTokens {
    /// The secrets of operators and of readers, by ARN or name.
    #[must_use]
    pub fn new(client: Client, operator: String, reader: String) -> Self {
        Self { client, operator, reader }
    }

    async fn add(&self, tokens: Tokens, role: Role, secret: &str) -> Result<Tokens, Unavailable> {
        let held = held(&self.client, secret).await?;
        Ok(held.iter().fold(tokens, |tokens, token| tokens.and(role, token)))
    }
}

/// The text of the secret `id`.
pub(crate) async fn text(client: &Client, id: &str) -> Result<Zeroizing<String>, Unavailable> {
    let answer = client.get_secret_value().secret_id(id).send().await.map_err(unavailable(CALL))?;
    Ok(Zeroizing::new(answer.secret_string.unwrap_or_default()))
}

/// What the secret `id` holds: the current text, and the previous one while there is one.
pub(crate) async fn held(client: &Client, id: &str) -> Result<Vec<Zeroizing<String>>, Unavailable> {
    let text = text(client, id).await?;
    // serde's own words could repeat what it read.
    let malformed = |_| Unavailable::new(CALL, "the secret is not {\"current\": \"…\"}".into());
    let Held { current, previous } = serde_json::from_str(&text).map_err(malformed)?;
    let previous = previous.filter(|text| !text.is_empty());
    Ok(std::iter::once(current).chain(previous).map(Zeroizing::new).collect())
}

/// What leave to fetch streams is made with.
pub(crate) async fn path_signing_secret(client: &Client, id: &str) -> Result<PathSigningSecret, Unavailable> {
    let held = held(client, id).await?;
    let current = held.first().map_or("", |text| text.as_str());
    PathSigningSecret::new(current).map_err(|error| Unavailable::new(CALL, Box::new(error)))
}

impl TokenStore for SecretTokens {
    async fn tokens(&self) -> Result<Tokens, Unavailable> {
        let tokens = self.add(Tokens::default(), Role::Operator, &self.operator).await?;
        self.add(tokens, Role::Reader, &self.reader).await
    }
}
