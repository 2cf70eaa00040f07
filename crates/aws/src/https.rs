//! HTTPS to what the SDK has no crate for in this build: CloudFront's API, of which one call is needed, and whose crate is
//! larger than that of S3.
//!
//! Connector, TLS and signer are the SDK's own, and in the build for its sake anyway. What is added here are bounds: on the
//! time a call may take, and on the bytes of its answer.

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
use lambda_http::http::Request;
use zeroize::Zeroizing;

use vpp_pipeline::error::Cause;

/// The TLS of all clients: rustls with ring, a megabyte less to load at a cold start than the SDK's own choice.
pub(crate) fn tls() -> Provider {
    Provider::Rustls(CryptoMode::Ring)
}

/// Calls that end in time, with an answer that fits.
#[derive(Debug, Clone)]
pub(crate) struct Https {
    connector: SharedHttpConnector,
    credentials: Option<SharedCredentialsProvider>,
    bounds: Bounds,
}

/// What a call may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// From its beginning to the end of the answer.
    pub(crate) time: Duration,
    /// Bytes of the answer.
    pub(crate) bytes: usize,
}

/// The service and the region that a request is signed for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'s> {
    pub(crate) service: &'s str,
    pub(crate) region: &'s str,
}

/// What came back. It may be secret: it is wiped, and has no `Debug`.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Nothing came back, or more than may.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpsError {
    #[error("there was no answer within {} s", .0.as_secs())]
    TookTooLong(Duration),
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    #[error("the request could not be signed")]
    NotSigned(#[source] Cause),
    #[error("the request could not be sent, or its answer not be read")]
    NotSent(#[source] Cause),
}

impl Https {
    /// Calls by the account's credentials.
    pub(crate) fn new(config: &SdkConfig, bounds: Bounds) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(bounds.time).build();
        let connector = Connector::builder().connector_settings(settings).tls_provider(tls()).build();
        Self { connector: SharedHttpConnector::new(connector), credentials: config.credentials_provider(), bounds }
    }

    /// Makes one call, signed if there is a scope.
    pub(crate) async fn call(
        &self,
        mut request: Request<Vec<u8>>,
        scope: Option<Scope<'_>>,
    ) -> Result<Answer, HttpsError> {
        let whole = async {
            if let Some(scope) = scope {
                self.sign(&mut request, scope).await.map_err(HttpsError::NotSigned)?;
            }
            self.send(request).await
        };
        tokio::time::timeout(self.bounds.time, whole).await.unwrap_or(Err(HttpsError::TookTooLong(self.bounds.time)))
    }

    async fn sign(&self, request: &mut Request<Vec<u8>>, scope: Scope<'_>) -> Result<(), Cause> {
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

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Answer, HttpsError> {
        let not_sent = |source| HttpsError::NotSent(source);
        let request = request
            .map(SdkBody::from)
            .try_into()
            .map_err(|error: aws_smithy_runtime_api::http::HttpError| not_sent(error.into()))?;
        let response = self.connector.call(request).await.map_err(|error| not_sent(error.into()))?;
        let status = response.status().as_u16();
        let mut stream = ByteStream::new(response.into_body());
        let mut body = Zeroizing::new(Vec::new());
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(|error| not_sent(error.into()))?;
            if body.len() + bytes.len() > self.bounds.bytes {
                return Err(HttpsError::TooLarge(self.bounds.bytes));
            }
            body.extend_from_slice(&bytes);
        }
        Ok(Answer { status, body })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use aws_config::BehaviorVersion;

    use super::*;

    const BOUNDS: Bounds = Bounds { time: Duration::from_mins(1), bytes: 1000 };

    /// Calls a server that says this to whoever asks, and then nothing more for as long as the call lasts.
    fn called(says: &str, bounds: Bounds) -> Result<Answer, HttpsError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let says = says.to_owned();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // An answer that comes before the question is whole would be a fault of its own.
            let mut byte = [0; 1];
            while byte != *b"?" {
                stream.read_exact(&mut byte).unwrap();
            }
            stream.write_all(says.as_bytes()).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let https = Https::new(&SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build(), bounds);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(https.call(Request::post(address).body(b"asked?".to_vec()).unwrap(), None));
        drop((https, runtime));
        server.join().unwrap();
        answer
    }

    #[test]
    fn an_answer_comes_whole() {
        let answer = called("HTTP/1.1 418 No\r\nContent-Length: 5\r\n\r\nhello", BOUNDS).ok().unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (418, b"hello".as_slice()));
    }

    #[test]
    fn an_answer_that_is_too_large_or_does_not_come_ends_the_call() {
        let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n{}", "x".repeat(1001));
        assert!(matches!(called(&large, BOUNDS), Err(HttpsError::TooLarge(1000))));
        let soon = Bounds { time: Duration::from_millis(300), ..BOUNDS };
        for silent in ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"] {
            assert!(matches!(called(silent, soon), Err(HttpsError::TookTooLong(_))), "{silent}");
        }
        assert!(matches!(called("no HTTP at all\r\n\r\n", BOUNDS), Err(HttpsError::NotSent(_))));
    }
}
