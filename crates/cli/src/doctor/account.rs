//! Signed requests to the AWS account that has the stack.
//!
//! Three protocols cover every service: query parameters with an XML response, JSON with a target header, and REST.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use ureq::Agent;
use ureq::http::{Request, Response};

use crate::doctor::credentials::{Credentials, variable};
use crate::doctor::sigv4::{Scope, Signable, query_string, sign};
use crate::doctor::xml::Element;
use crate::failure::Failure;
use crate::platform::percent_encode;

/// Maximum bytes of a response. The list of a stack's resources has some ten thousand.
const MAX_RESPONSE_BYTES: u64 = 4 * 1024 * 1024;
/// The largest difference of clocks. AWS refuses requests whose time differs by more than five minutes, S3 by more than fifteen.
pub(super) const MAX_SKEW_SECONDS: u64 = 300;
/// How often a request is sent again that AWS throttles or fails.
const RETRIES: u32 = 3;
/// The pause before the first retry; each next pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(300);

/// An account and a region, with the credentials of the caller.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) agent: Agent,
    pub(super) region: String,
    /// The endpoint of every service, if an emulator serves them.
    pub(super) endpoint: Option<String>,
    pub(super) credentials: Credentials,
    /// Seconds that the clock of AWS is ahead of this machine's, once a response has shown it.
    pub(super) skew: Cell<Option<i64>>,
}

/// A request that AWS did not fulfil.
#[derive(Debug)]
pub(super) enum CallError {
    /// AWS answered with an error.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error code, such as `AccessDenied`.
        code: String,
        /// The error message.
        message: String,
    },
    /// AWS did not answer.
    Unreachable {
        /// The address of the service.
        address: String,
        /// The reason.
        reason: String,
    },
}

/// A request before it is signed.
struct Call<'c> {
    /// The first part of its host name, which is also the name that requests are signed for.
    service: &'static str,
    method: &'static str,
    path: &'c str,
    query: &'c [(&'c str, String)],
    headers: &'c [(&'static str, String)],
    body: &'c [u8],
}

impl Account {
    /// Returns the endpoint of the environment, if there is one.
    pub(super) fn endpoint_of_environment() -> Option<String> {
        variable("AWS_ENDPOINT_URL").map(|url| url.trim_end_matches('/').to_owned())
    }

    /// Calls an action of a service with the query protocol.
    pub(super) fn query(
        &self,
        service: &'static str,
        version: &str,
        action: &str,
        parameters: &[(&str, String)],
    ) -> Result<Element, CallError> {
        let mut form = vec![("Action", action.to_owned()), ("Version", version.to_owned())];
        form.extend(parameters.iter().cloned());
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
        let body = query_string(&form);
        let call = Call { service, method: "POST", path: "/", query: &[], headers: &headers, body: body.as_bytes() };
        self.send(&call).map(|body| Element::parse(&body))
    }

    /// Calls an action of a service with the JSON protocol. `target` is the value of `X-Amz-Target`.
    pub(super) fn json(&self, service: &'static str, target: &str, request: &Value) -> Result<Value, CallError> {
        let version = if service == "sqs" || service == "dynamodb" { "1.0" } else { "1.1" };
        let headers =
            [("content-type", format!("application/x-amz-json-{version}")), ("x-amz-target", target.to_owned())];
        let body = request.to_string();
        let call = Call { service, method: "POST", path: "/", query: &[], headers: &headers, body: body.as_bytes() };
        self.send(&call).map(|body| serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Gets a resource of a service with the REST protocol, as JSON.
    pub(super) fn get_json(&self, service: &'static str, path: &str) -> Result<Value, CallError> {
        self.get(service, path, &[]).map(|body| serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Gets a resource of a service with the REST protocol.
    pub(super) fn get(
        &self,
        service: &'static str,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<u8>, CallError> {
        self.send(&Call { service, method: "GET", path, query, headers: &[], body: b"" })
    }

    fn send(&self, call: &Call<'_>) -> Result<Vec<u8>, CallError> {
        let mut pause = FIRST_PAUSE;
        for _ in 0..RETRIES {
            let known = self.skew.get().is_some();
            match self.send_once(call) {
                // The response to a request with a wrong time has the right time, which the next request is signed with.
                Err(CallError::Refused { .. }) if !known && self.is_skewed() => {}
                Err(error) if error.is_transient() => std::thread::sleep(pause),
                result => return result,
            }
            pause *= 2;
        }
        self.send_once(call)
    }

    fn send_once(&self, call: &Call<'_>) -> Result<Vec<u8>, CallError> {
        let (base, region) = self.base(call.service);
        let host = base.split_once("://").map_or(base.as_str(), |(_, host)| host);
        let signable = Signable {
            method: call.method,
            host,
            path: call.path,
            query: call.query,
            headers: call.headers,
            body: call.body,
        };
        let scope = Scope { region: &region, service: call.service };
        let signature = sign(&signable, scope, &self.credentials, self.now());
        let query = query_string(call.query);
        let mark = if query.is_empty() { "" } else { "?" };
        let mut builder = Request::builder().method(call.method).uri(format!("{base}{}{mark}{query}", call.path));
        for (name, value) in call.headers.iter().chain(&signature) {
            builder = builder.header(*name, value);
        }
        let result = if call.method == "GET" {
            builder.body(()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request))
        } else {
            builder.body(call.body).map_err(ureq::Error::from).and_then(|request| self.agent.run(request))
        };
        let unreachable =
            |error: ureq::Error| CallError::Unreachable { address: base.clone(), reason: error.to_string() };
        let mut response = result.map_err(unreachable)?;
        self.note_time(&response);
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MAX_RESPONSE_BYTES).read_to_vec().map_err(unreachable)?;
        if response.status().is_success() { Ok(body) } else { Err(CallError::refused(status, &body)) }
    }

    /// Returns the address of a service and the region that its requests are signed for.
    fn base(&self, service: &str) -> (String, String) {
        let china = self.region.starts_with("cn-");
        // CloudFront has one endpoint in each partition (AWS General Reference, "Amazon CloudFront endpoints and quotas").
        let global = service == "cloudfront";
        let region = match (global, china) {
            (false, _) => self.region.clone(),
            (true, false) => "us-east-1".to_owned(),
            (true, true) => "cn-northwest-1".to_owned(),
        };
        if let Some(endpoint) = &self.endpoint {
            return (endpoint.clone(), region);
        }
        let base = match (global, china) {
            (true, false) => "https://cloudfront.amazonaws.com".to_owned(),
            (true, true) => "https://cloudfront.cn-northwest-1.amazonaws.com.cn".to_owned(),
            (false, true) => format!("https://{service}.{region}.amazonaws.com.cn"),
            (false, false) => format!("https://{service}.{region}.amazonaws.com"),
        };
        (base, region)
    }

    /// Returns the time of AWS.
    pub(super) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + time::Duration::seconds(self.skew.get().unwrap_or_default())
    }

    /// Compares the clocks at the first response.
    fn note_time(&self, response: &Response<ureq::Body>) {
        if self.skew.get().is_some() {
            return;
        }
        let date = response.headers().get("date").and_then(|value| value.to_str().ok());
        let Some(there) = date.and_then(|text| OffsetDateTime::parse(text, &Rfc2822).ok()) else { return };
        let here = OffsetDateTime::from(SystemTime::now());
        self.skew.set(Some((there - here).whole_seconds()));
    }

    fn is_skewed(&self) -> bool {
        self.skew.get().is_some_and(|seconds| seconds.unsigned_abs() > MAX_SKEW_SECONDS)
    }
}

impl CallError {
    fn refused(status: u16, body: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let member = |names: [&str; 2]| names.iter().find_map(|name| json.get(name)?.as_str()).map(str::to_owned);
        let xml = Element::parse(body);
        let code = member(["__type", "Code"]).unwrap_or_else(|| xml.text_of("Code").to_owned());
        let code = code.rsplit('#').next().unwrap_or_default().to_owned();
        let message = member(["message", "Message"]).unwrap_or_else(|| xml.text_of("Message").to_owned());
        Self::Refused { status, code, message }
    }

    /// Whether the resource does not exist.
    pub(super) fn is_missing(&self) -> bool {
        let Self::Refused { status, code, .. } = self else { return false };
        *status == 404 || code.contains("NotFound") || code.contains("DoesNotExist") || code.starts_with("NoSuch")
    }

    /// Whether the caller lacks the permission.
    pub(super) fn is_denied(&self) -> bool {
        let Self::Refused { status, code, .. } = self else { return false };
        code.contains("AccessDenied")
            || code.contains("NotAuthorized")
            || code.contains("Unauthorized")
            || *status == 403 && code.is_empty()
    }

    /// Returns the failure of a command that needs the response.
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Refused { code, message, .. } => Failure::refused(code, message),
            Self::Unreachable { address, reason } => Failure::Unreachable { address, reason },
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status, code, .. } => *status >= 500 || *status == 429 || code.contains("Throttl"),
            Self::Unreachable { .. } => true,
        }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused { status, code, message } => write!(f, "{status} {code}: {message}"),
            Self::Unreachable { address, reason } => write!(f, "{address}: {reason}"),
        }
    }
}

/// Returns a path below a prefix, with the name encoded.
pub(super) fn path(prefix: &str, name: &str, suffix: &str) -> String {
    format!("{prefix}{}{suffix}", percent_encode(name))
}
