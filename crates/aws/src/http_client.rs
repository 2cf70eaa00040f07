//! An HTTPS client for services that no SDK crate of this build covers: DRM key providers, and the one CloudFront call that is
//! needed, whose SDK crate is larger than that of S3.
//!
//! Connector, TLS and request signer (Signature Version 4) are those of the SDK, so they are in the build in any case. This
//! module adds limits on the time of a call and on the size of its response.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_sdk_s3::config::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::http::HttpError as SmithyHttpError;
use lambda_http::http::Request;
use zeroize::Zeroizing;

use vpp_pipeline::error::Cause;

/// Returns the TLS provider of all clients: rustls with ring, which is a megabyte smaller at a cold start than the SDK's
/// default.
pub(crate) fn tls() -> Provider {
    Provider::Rustls(CryptoMode::Ring)
}

/// An HTTPS client whose calls are limited in time and size.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    connector: SharedHttpConnector,
    credentials: Option<SharedCredentialsProvider>,
    limits: Limits,
}

/// The limits of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From the start of the call to the end of the response.
    pub(crate) time: Duration,
    /// Bytes of the response body.
    pub(crate) response_bytes: usize,
}

/// The service and region that a request is signed for: the credential scope of Signature Version 4.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SigningScope<'s> {
    pub(crate) service: &'s str,
    pub(crate) region: &'s str,
}

/// A response. It may be secret: its body is wiped from memory, and it has no `Debug`.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// A call failed, or exceeded a limit.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("there was no response within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("the response has more than {0} bytes")]
    TooLarge(usize),
    #[error("the request could not be signed")]
    NotSigned(#[source] Cause),
    #[error("the request could not be sent, or its response could not be read")]
    NotSent(#[source] Cause),
}

impl HttpClient {
    /// Signs with the credentials of `config`.
    pub(crate) fn new(config: &SdkConfig, limits: Limits) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(limits.time).build();
        let connector = Connector::builder().connector_settings(settings).tls_provider(tls()).build();
        Self { connector: SharedHttpConnector::new(connector), credentials: config.credentials_provider(), limits }
    }

    /// Sends one request, signed if there is a scope.
    pub(crate) async fn call(
        &self,
        mut request: Request<Vec<u8>>,
        scope: Option<SigningScope<'_>>,
    ) -> Result<Response, HttpError> {
        let call = async {
            if let Some(scope) = scope {
                self.sign(&mut request, scope).await.map_err(HttpError::NotSigned)?;
            }
            self.send(request).await
        };
        tokio::time::timeout(self.limits.time, call).await.unwrap_or(Err(HttpError::TimedOut(self.limits.time)))
    }

    async fn sign(&self, request: &mut Request<Vec<u8>>, scope: SigningScope<'_>) -> Result<(), Cause> {
        let provider = self.credentials.as_ref().ok_or("there are no credentials")?;
        let identity = provider.provide_credentials().await?.into();
        let parameters = v4::SigningParams::builder().identity(&identity).region(scope.region).name(scope.service);
        let parameters = parameters.time(SystemTime::now()).settings(SigningSettings::default()).build()?.into();
        let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let (method, uri) = (request.method().as_str(), request.uri().to_string());
        let signable = SignableRequest::new(method, uri, headers, SignableBody::Bytes(request.body()))?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response, HttpError> {
        let not_sent = |source| HttpError::NotSent(source);
        let request = request.map(SdkBody::from).try_into().map_err(|error: SmithyHttpError| not_sent(error.into()))?;
        let response = self.connector.call(request).await.map_err(|error| not_sent(error.into()))?;
        let status = response.status().as_u16();
        let mut stream = ByteStream::new(response.into_body());
        let mut body = Zeroizing::new(Vec::new());
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(|error| not_sent(error.into()))?;
            if body.len() + bytes.len() > self.limits.response_bytes {
                return Err(HttpError::TooLarge(self.limits.response_bytes));
            }
            body.extend_from_slice(&bytes);
        }
        Ok(Response { status, body })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use aws_config::BehaviorVersion;

    use super::*;

    const LIMITS: Limits = Limits { time: Duration::from_mins(1), response_bytes: 1000 };

    /// Calls a server that sends this response, and then nothing more for as long as the call lasts.
    fn call(response: &str, limits: Limits) -> Result<Response, HttpError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let response = response.to_owned();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // A response that starts before the request is complete would be a different error.
            let mut byte = [0; 1];
            while byte != *b"?" {
                stream.read_exact(&mut byte).unwrap();
            }
            stream.write_all(response.as_bytes()).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let client = HttpClient::new(&SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build(), limits);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = Request::post(address).body(b"request?".to_vec()).unwrap();
        let result = runtime.block_on(client.call(request, None));
        drop((client, runtime));
        server.join().unwrap();
        result
    }

    #[test]
    fn a_response_is_read_in_full() {
        let response = call("HTTP/1.1 418 No\r\nContent-Length: 5\r\n\r\nhello", LIMITS).ok().unwrap();
        assert_eq!((response.status, response.body.as_slice()), (418, b"hello".as_slice()));
    }

    #[test]
    fn a_response_that_is_too_large_or_too_late_fails_the_call() {
        let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n{}", "x".repeat(1001));
        assert!(matches!(call(&large, LIMITS), Err(HttpError::TooLarge(1000))));
        let soon = Limits { time: Duration::from_millis(300), ..LIMITS };
        for silent in ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"] {
            assert!(matches!(call(silent, soon), Err(HttpError::TimedOut(_))), "{silent}");
        }
        assert!(matches!(call("no HTTP at all\r\n\r\n", LIMITS), Err(HttpError::NotSent(_))));
    }
}
