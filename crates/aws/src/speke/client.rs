//! The HTTP exchange with a key provider.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client as SecretsClient;
use lambda_http::http::{HeaderName, HeaderValue, Request};
use vpp_pipeline::domain::content_key::KeyRequest;
use vpp_pipeline::error::Cause;
use vpp_pipeline::ports::KeyError;
use zeroize::Zeroizing;

use super::cpix_request;
use super::cpix_response::{self, ProviderKey};
use super::drm_system::DrmSystem;
use crate::http_client::{HttpClient, Limits, SigningScope};
use crate::secrets;

/// The API, which requests keys, has to respond within 29 s. A CPIX response has some kilobytes.
pub(super) const LIMITS: Limits = Limits { time: Duration::from_secs(15), response_bytes: 256 * 1024 };
/// Maximum number of characters of a provider's reason that an error message repeats.
pub(super) const LONGEST_REASON: usize = 200;

/// A key provider: its URL, and how requests to it are authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProvider {
    /// The URL of the SPEKE server.
    pub url: String,
    /// The DRM systems to request signalling for.
    pub systems: Vec<DrmSystem>,
    /// The secret that holds request headers, by ARN or name: a JSON object of names and values.
    pub headers: Option<String>,
    /// The region of the API Gateway in front of the provider, if requests are to be signed.
    pub signing_region: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct SpekeClient {
    http: HttpClient,
    secrets: SecretsClient,
    provider: KeyProvider,
}

impl SpekeClient {
    pub(super) fn new(config: &SdkConfig, provider: KeyProvider) -> Self {
        Self { http: HttpClient::new(config, LIMITS), secrets: SecretsClient::new(config), provider }
    }

    /// Requests the key of a package.
    pub(super) async fn request_key(&self, key_use: &KeyRequest<'_>) -> Result<ProviderKey, KeyError> {
        let request = self.request(key_use).await?;
        let region = self.provider.signing_region.as_deref();
        let scope = region.map(|region| SigningScope { service: "execute-api", region });
        let response = self.http.call(request, scope).await.map_err(unreachable)?;
        match response.status {
            200 => {
                let (kid, scheme) = (key_use.package.kid(), key_use.scheme);
                let key = cpix_response::read(&response.body, kid, scheme, &self.provider.systems);
                key.map_err(|error| KeyError::Provider {
                    code: "key_provider_response_invalid",
                    message: format!("the response of the key provider is invalid: {error}"),
                    source: None,
                })
            }
            status @ (408 | 429 | 500..) => Err(unreachable(format!("the key provider responded with {status}"))),
            status => Err(KeyError::Provider {
                code: "key_provider_refused",
                message: format!("the key provider refused the request with {status}: {}", reason(&response.body)),
                source: None,
            }),
        }
    }

    async fn request(&self, key_use: &KeyRequest<'_>) -> Result<Request<Vec<u8>>, KeyError> {
        let document = cpix_request::document(key_use, &self.provider.systems).map_err(unreachable)?;
        let mut request = Request::post(&self.provider.url)
            .header("content-type", "application/xml")
            .header("x-speke-version", "2.0")
            .body(document)
            .map_err(unreachable)?;
        if let Some(secret) = &self.provider.headers {
            let text = secrets::read_text(&self.secrets, secret).await?;
            let headers = headers(&text).ok_or("the secret of request headers is not {\"NAME\": \"VALUE\"}");
            for (name, value) in headers.map_err(unreachable)? {
                request.headers_mut().insert(name, value);
            }
        }
        Ok(request)
    }
}

/// Parses the request headers in a secret.
pub(super) fn headers(text: &str) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let headers: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    let headers = headers.into_iter().map(|(name, value)| (name, Zeroizing::new(value)));
    headers
        .map(|(name, value)| {
            let mut value = HeaderValue::try_from(value.as_str()).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::try_from(name).ok()?, value))
        })
        .collect()
}

fn unreachable(source: impl Into<Cause>) -> KeyError {
    KeyError::Provider {
        code: "key_provider_unreachable",
        message: "the key provider did not respond: try again".to_owned(),
        source: Some(source.into()),
    }
}

/// Returns the start of the reason that a provider gives for a refusal, in printable characters.
pub(super) fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(LONGEST_REASON).collect::<String>().trim().to_owned()
}
