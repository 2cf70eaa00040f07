//! The HTTP client of the platform's API and of presigned S3 URLs.
//!
//! Every request to the API is safe to repeat: a request that creates an upload carries an idempotency key, and the others have
//! the same effect when repeated. A transient failure (a connection error, 429 or 5xx) is therefore retried as often as
//! `--retries` allows, with exponential backoff or after the `Retry-After` of the response. A refusal is not retried.

use std::io::Read;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Method, Request, Response};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, TcpConnector};
use ureq::{Agent, Body, SendBody};

use crate::failure::Failure;
use crate::platform::api_request::ApiRequest;
use crate::platform::endpoint::Token;
use crate::platform::localhost::LocalhostResolver;
use crate::platform::problem::Problem;
use crate::platform::tls::TlsConnector;

/// The first pause before a retry; each next pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause before a retry, even when `Retry-After` is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Timeout of name resolution, and of opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Timeout of a single write to a connection.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);
/// Timeout of a response: API Gateway aborts after half a minute; S3 stores a large part before it answers.
const RESPONSE_TIMEOUT: Duration = Duration::from_mins(2);
/// Maximum bytes of a response body: a page of a list has several hundred thousand.
const MAX_RESPONSE_BYTES: u64 = 16 * 1024 * 1024;

/// Returns an HTTP agent that trusts the certificates of the system, follows no redirects and limits the time of every call.
pub(crate) fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections_per_host(16)
        .timeout_resolve(Some(CONNECT_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_read(Some(RESPONSE_TIMEOUT))
        .timeout_per_write(Some(WRITE_TIMEOUT))
        .timeout_recv_response(Some(RESPONSE_TIMEOUT))
        .user_agent(concat!("vpp/", env!("CARGO_PKG_VERSION")))
        .build();
    let connector =
        ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default()).chain(TlsConnector::default());
    Agent::with_parts(config, connector, LocalhostResolver::default())
}

/// A client of a deployed platform.
#[derive(Debug)]
pub(crate) struct PlatformClient {
    agent: Agent,
    api: String,
    token: Token,
    retries: u32,
}

impl PlatformClient {
    /// Returns a client of the API at `api`, an address without a slash at its end.
    pub(crate) fn new(api: String, token: Token, retries: u32) -> Self {
        Self { agent: agent(), api, token, retries }
    }

    /// Returns the address of the API.
    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    /// Sends a request to the API, with retries, and returns the JSON of the response.
    pub(crate) fn send(&self, request: ApiRequest<'_>) -> Result<Value, Failure> {
        self.with_retries(|| self.send_once(request))
    }

    /// Calls a function until it succeeds, fails permanently, or the retries are exhausted.
    pub(crate) fn with_retries<T>(&self, call: impl Fn() -> Result<T, CallError>) -> Result<T, Failure> {
        let mut pause = FIRST_PAUSE;
        for _ in 0..self.retries {
            match call() {
                Err(CallError { retryable: true, retry_after, .. }) => {
                    thread::sleep(retry_after.unwrap_or(pause).min(LONGEST_PAUSE));
                }
                other => return other.map_err(|error| error.failure),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        call().map_err(|error| error.failure)
    }

    fn send_once(&self, request: ApiRequest<'_>) -> Result<Value, CallError> {
        let address = format!("{}{}", self.api, request.path);
        let mut builder = Request::builder()
            .method(request.method)
            .uri(format!("{address}{}", request.query_string()))
            .header("accept", "application/json")
            .header("authorization", self.token.authorization());
        if let Some(key) = request.idempotency_key {
            builder = builder.header("idempotency-key", key);
        }
        let body = request.body.map(Value::to_string).unwrap_or_default();
        let result = if [Method::POST, Method::PATCH].iter().any(|method| request.method == *method) {
            let post = builder.header("content-type", "application/json").body(body);
            post.map_err(ureq::Error::from).and_then(|post| self.agent.run(post))
        } else {
            builder.body(()).map_err(ureq::Error::from).and_then(|bodiless| self.agent.run(bodiless))
        };
        let response = ReceivedResponse::read(result).map_err(|error| CallError::unreachable(&address, &error))?;
        let json = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        if response.is_success() && !json.is_null() {
            return Ok(json);
        }
        let problem = Problem::from_response(response.status, &json);
        let retryable = problem.is_retryable();
        let failure = Failure::Platform(Box::new(problem));
        Err(CallError { retryable, retry_after: response.retry_after, failure })
    }

    /// Uploads `length` bytes of `body` to a presigned URL. Every error that S3 answers is retryable with a new URL.
    pub(crate) fn put(&self, url: &str, length: u64, body: impl Read + 'static) -> Result<(), CallError> {
        // The query of the URL is its signature, which must not be printed.
        let address = url.split('?').next().unwrap_or_default();
        let request = Request::put(url).header("content-length", length).body(SendBody::from_owned_reader(body));
        let result = request.map_err(ureq::Error::from).and_then(|request| self.agent.run(request));
        let response = ReceivedResponse::read(result).map_err(|error| CallError::unreachable(address, &error))?;
        if response.is_success() {
            return Ok(());
        }
        let xml = String::from_utf8_lossy(&response.body);
        let element = |name: &str| {
            let (_, rest) = xml.split_once(&format!("<{name}>"))?;
            rest.split_once('<').map(|(text, _)| text.to_owned())
        };
        let code = element("Code").unwrap_or_else(|| response.status.to_string());
        let reason = format!("S3 answered {code}: {}", element("Message").unwrap_or_default());
        let failure = Failure::Unreachable { address: address.to_owned(), reason };
        Err(CallError { retryable: true, retry_after: response.retry_after, failure })
    }
}

/// The error of a single call.
#[derive(Debug)]
pub(crate) struct CallError {
    /// Whether a retry may succeed.
    retryable: bool,
    /// The `Retry-After` of the response.
    retry_after: Option<Duration>,
    failure: Failure,
}

impl CallError {
    fn unreachable(address: &str, error: &ureq::Error) -> Self {
        let failure = Failure::Unreachable { address: address.to_owned(), reason: error.to_string() };
        let retryable = !matches!(error, ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::TlsRequired);
        Self { retryable, retry_after: None, failure }
    }
}

impl From<Failure> for CallError {
    /// Converts a failure whose retries are already exhausted, or which no retry can resolve.
    fn from(failure: Failure) -> Self {
        Self { retryable: false, retry_after: None, failure }
    }
}

/// A response whose body is read.
struct ReceivedResponse {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl ReceivedResponse {
    fn read(result: Result<Response<Body>, ureq::Error>) -> Result<Self, ureq::Error> {
        let mut response = result?;
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.body_mut().with_config().limit(MAX_RESPONSE_BYTES).read_to_vec()?;
        Ok(Self { status: response.status().as_u16(), retry_after: retry_after.map(Duration::from_secs), body })
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
