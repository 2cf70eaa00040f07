//! Webhooks: the queue of events that are to be sent, and the HTTP client that sends them.
//!
//! The client is the one that the SDK stands on, so that there is one TLS stack. It follows no redirect and reads no body.
//!
//! A queue hides every message that failed for the same time. What failed here is hidden for longer each time: the function
//! says so of the message itself before it gives it back.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::primitives::SdkBody;
use aws_sdk_sqs::Client;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use lambda_http::http::Uri;
use tracing::{Instrument, error, info, info_span, warn};
use vpp_pipeline::domain::metric::Measurement;
use vpp_pipeline::error::chain;
use vpp_pipeline::notifications::webhook::{Notice, SignedRequest, pause};
use vpp_pipeline::ports::{Receiver, Unavailable};
use vpp_pipeline::{Error, Outcome};

use crate::emf;
use crate::events::SqsMessage;
use crate::https::tls;
use crate::runtime::{Fault, Stopped, serve_batches};

const CALL: &str = "POST";
/// How long an answer is waited for, connecting included.
const PATIENCE: Duration = Duration::from_secs(15);
/// Who calls, as the receiver sees it.
const USER_AGENT: &str = concat!("video-packaging-platform/", env!("CARGO_PKG_VERSION"));

/// The address of a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// The address in `text`, if it is one over TLS, without user or password. `loopback` also lets plain HTTP to this very
    /// machine be one, for emulators.
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
pub struct HttpReceiver {
    connector: Connector,
    url: WebhookUrl,
}

impl HttpReceiver {
    /// The one at `url`.
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
            ("webhook-timestamp", signed.seconds.to_string()),
            ("webhook-signature", signed.signature.clone()),
        ] {
            request.headers_mut().try_insert(name, value).map_err(|error| malformed(error.into()))?;
        }
        Ok(request)
    }
}

impl Receiver for HttpReceiver {
    async fn post(&self, signed: &SignedRequest) -> Result<u16, Unavailable> {
        let answer = tokio::time::timeout(PATIENCE, self.connector.call(self.request(signed)?)).await;
        let answer = answer.map_err(|_| Unavailable::new(CALL, "the receiver did not answer in time".into()))?;
        answer.map(|answer| answer.status().as_u16()).map_err(|error| Unavailable::new(CALL, error.into()))
    }
}

/// Serves the queue at `url` of events to be sent.
///
/// # Errors
/// When the Lambda runtime stops.
pub(crate) async fn serve_notices(
    client: Client,
    url: String,
    handle: impl AsyncFn(&Notice) -> Result<Outcome, Error>,
) -> Result<(), Stopped> {
    serve_batches(async |delivered: &SqsMessage, _| {
        let notice: Notice = delivered.decode().map_err(Fault::Undecodable)?;
        let attempt = delivered.attempt();
        let span = info_span!("webhook", event_id = notice.id(), kind = notice.kind(), attempt);
        let sent = async {
            let Err(error) = handle(&notice).await else {
                info!("sent");
                emf::measure(&Measurement::once("Webhooks", "Outcome", "taken", notice.id()));
                return Ok(());
            };
            emf::measure(&Measurement::once("Webhooks", "Outcome", "not_taken", notice.id()));
            let wait = pause(attempt);
            warn!("not sent, and again in {} s: {}", wait.as_secs(), chain(&error));
            let seconds = i32::try_from(wait.as_secs()).unwrap_or(i32::MAX);
            let hide = client.change_message_visibility().queue_url(&url).receipt_handle(delivered.receipt_handle());
            if let Err(refused) = hide.visibility_timeout(seconds).send().await {
                // It then comes again when the queue's own time is over.
                error!("the queue does not hide the event: {}", chain(&refused));
            }
            Err(error)
        };
        sent.instrument(span).await.map_err(Fault::Stage)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_goes_over_tls_or_to_this_machine_where_that_is_allowed() {
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
