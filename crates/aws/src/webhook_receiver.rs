//! The HTTP client that sends webhooks to their receiver.
//!
//! It uses the connector of the SDK, so the build has one TLS stack. It follows no redirect and reads no response body.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use lambda_http::http::Uri;
use vpp_pipeline::domain::webhook_signature::SignedRequest;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::WebhookReceiver;

use crate::http_client::tls;

const CALL: &str = "POST";
/// Time limit of a request, connecting included.
const TIMEOUT: Duration = Duration::from_secs(15);
const USER_AGENT: &str = concat!("video-packaging-platform/", env!("CARGO_PKG_VERSION"));

/// The URL of a webhook receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// Parses `text`, if it is an `https://` URL without user or password. With `loopback`, plain HTTP to this machine is
    /// accepted too, for emulators.
    #[must_use]
    pub fn parse(text: &str, loopback: bool) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        let safe = match uri.scheme_str()? {
            "https" => true,
            "http" => loopback && ["127.0.0.1", "[::1]", "localhost"].contains(&authority.host()),
            _ => false,
        };
        (safe && !authority.as_str().contains('@')).then(|| Self(text.to_owned()))
    }
}

/// A receiver of webhooks.
#[derive(Debug)]
pub struct HttpWebhookReceiver {
    connector: Connector,
    url: WebhookUrl,
}

impl HttpWebhookReceiver {
    /// Sends webhooks to the receiver at `url`.
    #[must_use]
    pub fn new(url: WebhookUrl) -> Self {
        let connector = Connector::builder().tls_provider(tls()).build();
        Self { connector, url }
    }

    fn request(&self, signed: &SignedRequest) -> Result<HttpRequest, Unavailable> {
        let mut request = HttpRequest::new(SdkBody::from(signed.body.as_str()));
        let malformed = |error| Unavailable::new(CALL, error);
        request.set_method("POST").map_err(|error| malformed(error.into()))?;
        request.set_uri(self.url.0.as_str()).map_err(|error| malformed(error.into()))?;
        for (name, value) in [
            ("content-type", "application/json".to_owned()),
            ("content-length", signed.body.len().to_string()),
            ("user-agent", USER_AGENT.to_owned()),
            ("webhook-id", signed.id.clone()),
            ("webhook-timestamp", signed.timestamp.to_string()),
            ("webhook-signature", signed.signature.clone()),
        ] {
            request.headers_mut().try_insert(name, value).map_err(|error| malformed(error.into()))?;
        }
        Ok(request)
    }
}

impl WebhookReceiver for HttpWebhookReceiver {
    async fn post(&self, signed: &SignedRequest) -> Result<u16, Unavailable> {
        let response = tokio::time::timeout(TIMEOUT, self.connector.call(self.request(signed)?)).await;
        let response = response.map_err(|_| Unavailable::new(CALL, "the receiver did not respond in time".into()))?;
        response.map(|response| response.status().as_u16()).map_err(|error| Unavailable::new(CALL, error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_url_uses_tls_or_leads_to_this_machine_where_that_is_allowed() {
        for (url, on_aws, on_one_machine) in [
            ("https://example.com/hook?a=b", true, true),
            ("https://example.com:8443/hook", true, true),
            ("http://127.0.0.1:8080/hook", false, true),
            ("http://[::1]:8080/hook", false, true),
            ("http://example.com/hook", false, false),
            ("http://127.0.0.1.example.com/", false, false),
            ("http://127.0.0.1@example.com/", false, false),
            ("https://user:word@example.com/", false, false),
            ("ftp://example.com/", false, false),
            ("/hook", false, false),
        ] {
            assert_eq!(WebhookUrl::parse(url, false).is_some(), on_aws, "{url}");
            assert_eq!(WebhookUrl::parse(url, true).is_some(), on_one_machine, "{url}");
        }
    }
}
