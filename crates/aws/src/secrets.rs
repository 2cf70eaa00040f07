//! Secrets of Secrets Manager.
//!
//! A secret that can be rotated is a JSON object, `{"current": "…"}`, and during a rotation
//! `{"current": "…", "previous": "…"}`. Both values are valid until the previous one is removed.
//!
//! The path signing secret is `{"current": "…"}` too, and during a rotation `{"current": "…", "other": "…"}`: the API signs
//! with the current value, and the CDN accepts both.

use aws_sdk_secretsmanager::Client;
use serde::Deserialize;
use vpp_pipeline::api::signed_path::PathSigningSecret;
use vpp_pipeline::error::Unavailable;
use zeroize::Zeroizing;

use crate::error::unavailable;

pub(crate) const CALL: &str = "GetSecretValue";

/// The JSON of a rotated secret. Not `Debug`: it is secret.
#[derive(Deserialize)]
struct RotatedSecret {
    current: String,
    #[serde(default)]
    previous: Option<String>,
}

/// Reads the text of the secret `id`, an ARN or a name.
pub(crate) async fn read_text(client: &Client, id: &str) -> Result<Zeroizing<String>, Unavailable> {
    let response = client.get_secret_value().secret_id(id).send().await.map_err(unavailable(CALL))?;
    Ok(Zeroizing::new(response.secret_string.unwrap_or_default()))
}

/// Reads the valid values of the rotated secret `id`: the current value, and the previous one if there is one.
pub(crate) async fn read_rotated(client: &Client, id: &str) -> Result<Vec<Zeroizing<String>>, Unavailable> {
    let text = read_text(client, id).await?;
    // The error of serde is dropped: it could repeat the secret.
    let malformed = |_| Unavailable::new(CALL, "the secret is not of the form {\"current\": \"…\"}".into());
    let RotatedSecret { current, previous } = serde_json::from_str(&text).map_err(malformed)?;
    let previous = previous.filter(|text| !text.is_empty());
    Ok(std::iter::once(current).chain(previous).map(Zeroizing::new).collect())
}

/// Reads the path signing secret `id`.
pub(crate) async fn read_path_signing_secret(client: &Client, id: &str) -> Result<PathSigningSecret, Unavailable> {
    let values = read_rotated(client, id).await?;
    let current = values.first().map_or("", |text| text.as_str());
    PathSigningSecret::new(current).map_err(|error| Unavailable::new(CALL, Box::new(error)))
}
