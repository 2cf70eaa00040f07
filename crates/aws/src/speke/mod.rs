//! Keys from the user's own DRM provider, by SPEKE v2.0: a CPIX document that is sent over HTTPS, and comes back filled in.
//!
//! The provider makes the key of a package and says what its DRM systems are to be told; the package's id is the content id, and
//! the key id is the one that the platform would have used. Asked again for the same, as happens when a request is repeated, a
//! provider gives the same key. From there on it is a key like any other: wrapped by KMS, never stored in the clear, never logged.
//!
//! A call is bounded in time and size. Who is asked is shown what it wants to see: headers from a secret, a signature for
//! API Gateway (version 4), both or neither.

mod answer;
mod request;
mod xml;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client as Secrets;
use lambda_http::http::{HeaderName, HeaderValue, Request};
use vpp_media::cenc::{ContentKey, Scheme};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::error::Cause;
use vpp_pipeline::ports::{KeyError, KeyUse, KeyVault, MadeKey, Unavailable, WrappedKey};
use zeroize::Zeroizing;

use crate::KmsVault;
use crate::https::{Bounds, Https, Scope};
use crate::secrets;

/// The API that calls for a key answers within 29 s. An answer has some kilobytes.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(15), bytes: 256 * 1024 };
/// Why a refusal is repeated to the caller no further than this, in characters.
const REASON: usize = 200;

/// A DRM system that the provider is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Google's.
    Widevine,
    /// Microsoft's.
    PlayReady,
    /// Apple's, which knows `cbcs` only.
    FairPlay,
}

impl System {
    /// The system of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Widevine, Self::PlayReady, Self::FairPlay]
            .into_iter()
            .find(|system| system.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Widevine => "Widevine",
            Self::PlayReady => "PlayReady",
            Self::FairPlay => "FairPlay",
        }
    }

    /// Its `SystemID`, as DASH-IF lists it.
    fn id(self) -> &'static str {
        match self {
            Self::Widevine => "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",
            Self::PlayReady => "9a04f079-9840-4286-ab92-e65be0885f95",
            Self::FairPlay => "94ce86fb-07ff-4f43-adb8-93d2fa968ca2",
        }
    }

    /// Whether it can decrypt this scheme.
    fn knows(self, scheme: Scheme) -> bool {
        self != Self::FairPlay || scheme == Scheme::Cbcs
    }
}

/// Where a provider is, and what it wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its address.
    pub url: String,
    /// The DRM systems it is asked about.
    pub systems: Vec<System>,
    /// The secret with headers to send, by ARN or name: a JSON object of names and values.
    pub headers: Option<String>,
    /// The region of the API Gateway in front of it, if requests are to be signed.
    pub signed_for: Option<String>,
}

/// A vault whose keys a provider makes, if there is one.
#[derive(Debug, Clone)]
pub struct ProvidedKeys {
    vault: KmsVault,
    provider: Option<Speke>,
}

#[derive(Debug, Clone)]
struct Speke {
    https: Https,
    secrets: Secrets,
    provider: Provider,
}

impl ProvidedKeys {
    /// Keys of this provider, or of the vault itself.
    #[must_use]
    pub fn new(vault: KmsVault, config: &SdkConfig, provider: Option<Provider>) -> Self {
        let speke = |provider| Speke { https: Https::new(config, BOUNDS), secrets: Secrets::new(config), provider };
        Self { vault, provider: provider.map(speke) }
    }
}

impl KeyVault for ProvidedKeys {
    async fn make(&self, asked: &KeyUse<'_>) -> Result<MadeKey, KeyError> {
        let Some(speke) = &self.provider else { return self.vault.make(asked).await };
        let answer::Provided { key, iv, drm } = speke.ask(asked).await?;
        let wrapped = self.vault.wrap(&key, asked.package).await?;
        Ok(MadeKey { key, wrapped, iv, drm })
    }

    async fn wrap(&self, key: &ContentKey, package: &PackageId) -> Result<WrappedKey, Unavailable> {
        self.vault.wrap(key, package).await
    }

    async fn unwrap(&self, wrapped: &WrappedKey, package: &PackageId) -> Result<ContentKey, Unavailable> {
        self.vault.unwrap(wrapped, package).await
    }
}

impl Speke {
    async fn ask(&self, asked: &KeyUse<'_>) -> Result<answer::Provided, KeyError> {
        let request = self.request(asked).await?;
        let scope = self.provider.signed_for.as_deref().map(|region| Scope { service: "execute-api", region });
        let answer = self.https.call(request, scope).await.map_err(unreachable)?;
        match answer.status {
            200 => {
                answer::read(&answer.body, asked.package.kid(), asked.scheme, &self.provider.systems).map_err(|wrong| {
                    KeyError::Provider {
                        code: "key_provider_answer",
                        message: format!("the key provider's answer cannot be used: {wrong}"),
                        source: None,
                    }
                })
            }
            status @ (408 | 429 | 500..) => Err(unreachable(format!("it answered {status}"))),
            status => Err(KeyError::Provider {
                code: "key_provider_refused",
                message: format!("the key provider refused with {status}: {}", reason(&answer.body)),
                source: None,
            }),
        }
    }

    async fn request(&self, asked: &KeyUse<'_>) -> Result<Request<Vec<u8>>, KeyError> {
        let document = request::document(asked, &self.provider.systems).map_err(unreachable)?;
        let mut request = Request::post(&self.provider.url)
            .header("content-type", "application/xml")
            .header("x-speke-version", "2.0")
            .body(document)
            .map_err(unreachable)?;
        if let Some(secret) = &self.provider.headers {
            let text = secrets::text(&self.secrets, secret).await?;
            for (name, value) in
                headers(&text).ok_or("the secret with its headers is not {\"NAME\": \"VALUE\"}").map_err(unreachable)?
            {
                request.headers_mut().insert(name, value);
            }
        }
        Ok(request)
    }
}

/// What a secret says to send.
fn headers(text: &str) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let held: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    let held = held.into_iter().map(|(name, value)| (name, Zeroizing::new(value)));
    held.map(|(name, value)| {
        let mut value = HeaderValue::try_from(value.as_str()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name).ok()?, value))
    })
    .collect()
}

fn unreachable(source: impl Into<Cause>) -> KeyError {
    KeyError::Provider {
        code: "key_provider_unreachable",
        message: "the key provider did not answer: try again".to_owned(),
        source: Some(source.into()),
    }
}

/// The beginning of what a provider says of its refusal, in printable characters.
fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(REASON).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;
