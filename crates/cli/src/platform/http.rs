//! The platform's API over HTTP.
//!
//! Every request of the API may be repeated: what announces a file carries an idempotency key, the others are the same twice. So
//! what fails in passing (a connection, 429, 5xx) is asked again after ever longer pauses, as often as `--tries` says, or after as
//! long as the answer says. What is refused is not.

use std::fmt;
use std::io::Read;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Method, Request, Response, Uri};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, TcpConnector};
use ureq::{Agent, Body, SendBody};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::platform::problem::Problem;
use crate::platform::tls::{Names, Tls};

/// Longest pause before something is tried again; no more is waited when an answer asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The first pause; each next is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(15);
/// How long nothing may move on a connection.
const SILENCE: Duration = Duration::from_mins(1);
/// How long an answer may be thought about: the gateway gives up after half a minute, the bucket puts large parts away first.
const ANSWER: Duration = Duration::from_mins(2);
/// Bytes of the longest answer: a page of a list has some hundred thousand.
const LONGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// A bearer token.
pub(crate) struct Token(Zeroizing<String>);

impl Token {
    /// The token of a text: the text itself, or of the platform's secret, which is JSON, the one that is good now.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let secret = || serde_json::from_str::<Value>(text).ok()?.get("current")?.as_str().map(str::to_owned);
        let token = Zeroizing::new(if text.starts_with('{') { secret()? } else { text.to_owned() });
        let sendable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        sendable.then_some(Self(token))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// A deployed platform.
#[derive(Debug)]
pub(crate) struct Platform {
    agent: Agent,
    api: String,
    token: Token,
    tries: u32,
}

/// A request of the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    method: &'static str,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    body: Option<&'a Value>,
    idempotency_key: Option<&'a str>,
}

/// A `GET` of this path.
pub(crate) fn get(path: &str) -> Asked<'_> {
    Asked { method: "GET", path, query: &[], body: None, idempotency_key: None }
}

/// A `POST` to this path, without a body.
pub(crate) fn post(path: &str) -> Asked<'_> {
    Asked { method: "POST", ..get(path) }
}

/// A `DELETE` of this path.
pub(crate) fn delete(path: &str) -> Asked<'_> {
    Asked { method: "DELETE", ..get(path) }
}

impl<'a> Asked<'a> {
    pub(crate) fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn body(self, body: &'a Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(crate) fn idempotency_key(self, key: &'a str) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }
}

impl Platform {
    /// The platform whose API is at `api`, without a slash at its end.
    pub(crate) fn new(api: String, token: Token, tries: u32) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections_per_host(16)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(ANSWER))
            .timeout_per_write(Some(SILENCE))
            .timeout_recv_response(Some(ANSWER))
            .user_agent(concat!("vpp/", env!("CARGO_PKG_VERSION")))
            .build();
        let connector = ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default()).chain(Tls::default());
        Self { agent: Agent::with_parts(config, connector, Names::default()), api, token, tries }
    }

    /// Its address.
    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    /// Asks the API, as often as it takes.
    pub(crate) fn ask(&self, asked: Asked<'_>) -> Result<Value, Failure> {
        self.try_again(|| self.ask_once(asked))
    }

    /// Tries what may fail in passing, with pauses.
    pub(crate) fn try_again<T>(&self, work: impl Fn() -> Result<T, Missed>) -> Result<T, Failure> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..self.tries {
            match work() {
                Err(Missed { passing: true, after, .. }) => thread::sleep(after.unwrap_or(pause).min(LONGEST_PAUSE)),
                other => return other.map_err(|missed| missed.failure),
            }
            pause *= 2;
        }
        work().map_err(|missed| missed.failure)
    }

    fn ask_once(&self, asked: Asked<'_>) -> Result<Value, Missed> {
        let address = format!("{}{}", self.api, asked.path);
        let mut request = Request::builder()
            .method(asked.method)
            .uri(format!("{address}{}", query(asked.query)))
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {}", self.token.0.as_str()));
        if let Some(key) = asked.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let body = asked.body.map(Value::to_string).unwrap_or_default();
        let sent = if asked.method == Method::POST {
            let request = request.header("content-type", "application/json").body(body);
            request.map_err(ureq::Error::from).and_then(|request| self.agent.run(request))
        } else {
            request.body(()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request))
        };
        let (status, after, answer) = answer(sent).map_err(|error| Missed::unreachable(&address, &error))?;
        let answer = serde_json::from_slice(&answer).unwrap_or(Value::Null);
        if (200..300).contains(&status) && !answer.is_null() {
            return Ok(answer);
        }
        let problem = Problem::of(status, &answer);
        Err(Missed { passing: problem.is_passing(), after, failure: Failure::Platform(Box::new(problem)) })
    }

    /// Sends `bytes` bytes of `body` to an address that is signed for them. What the bucket does not take may be sent again, to a
    /// new address.
    pub(crate) fn put(&self, address: &str, bytes: u64, body: impl Read + 'static) -> Result<(), Missed> {
        // What follows the path is the signature, which is a secret for an hour.
        let shown = address.split('?').next().unwrap_or_default();
        let request = Request::put(address).header("content-length", bytes).body(SendBody::from_owned_reader(body));
        let sent = request.map_err(ureq::Error::from).and_then(|request| self.agent.run(request));
        let (status, after, answer) = answer(sent).map_err(|error| Missed::unreachable(shown, &error))?;
        if (200..300).contains(&status) {
            return Ok(());
        }
        let answer = String::from_utf8_lossy(&answer);
        let element = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>"))?;
            rest.split_once('<').map(|(text, _)| text.to_owned())
        };
        let code = element("Code").unwrap_or_else(|| status.to_string());
        let reason = format!("the bucket answered {code}: {}", element("Message").unwrap_or_default());
        Err(Missed { passing: true, after, failure: Failure::Unreachable { address: shown.to_owned(), reason } })
    }
}

/// Something that did not work this time.
#[derive(Debug)]
pub(crate) struct Missed {
    /// Whether it may work the next time.
    pub(crate) passing: bool,
    /// When to try again, if the answer says.
    after: Option<Duration>,
    pub(crate) failure: Failure,
}

impl Missed {
    fn unreachable(address: &str, error: &ureq::Error) -> Self {
        let failure = Failure::Unreachable { address: address.to_owned(), reason: error.to_string() };
        let passing = !matches!(error, ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::TlsRequired);
        Self { passing, after: None, failure }
    }
}

impl From<Failure> for Missed {
    /// What was tried again already is not tried again here.
    fn from(failure: Failure) -> Self {
        Self { passing: false, after: None, failure }
    }
}

type Answer = (u16, Option<Duration>, Vec<u8>);

fn answer(sent: Result<Response<Body>, ureq::Error>) -> Result<Answer, ureq::Error> {
    let mut response = sent?;
    let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec()?;
    Ok((response.status().as_u16(), after.map(Duration::from_secs), body))
}

fn query(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", percent(value)));
    let pairs = pairs.collect::<Vec<_>>().join("&");
    if pairs.is_empty() { pairs } else { format!("?{pairs}") }
}

fn percent(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// The address of an API as it is used here, if it is one; `plain` lets tokens go over unprotected connections.
pub(crate) fn address(text: &str, plain: bool) -> Result<String, Failure> {
    let uri: Option<Uri> = text.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let loopback = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|own| own.is_loopback());
    let scheme = uri.as_ref().and_then(Uri::scheme_str);
    match scheme {
        _ if host.is_empty() || text.contains(['?', '#', '@']) => {}
        Some("https") => return Ok(text.trim_end_matches('/').to_owned()),
        Some("http") if plain || loopback || crate::platform::tls::is_local(host) => {
            return Ok(text.trim_end_matches('/').to_owned());
        }
        Some("http") => {
            let message = "http:// would show the token to whoever listens: use https://, or say --plain-http";
            return Err(Failure::usage(message));
        }
        _ => {}
    }
    Err(Failure::usage(format!("{text:?} is no address of an API, such as https://api.example.com")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_line_or_what_the_secret_holds_and_is_never_shown() {
        let sent = |text: &str| Token::read(text).map(|token| token.0.to_string());
        assert_eq!(sent("abc\n"), Some("abc".to_owned()));
        assert_eq!(sent(r#"{"current": "new", "previous": "old"}"#), Some("new".to_owned()));
        assert_eq!([sent(""), sent("a b"), sent("a\nb"), sent("{}")], [const { None }; 4]);
        assert_eq!(format!("{:?}", Token::read("abc").unwrap()), "Token");
    }

    #[test]
    fn a_token_goes_over_protected_connections_or_stays_on_this_machine() {
        for good in ["https://a.example/", "http://127.0.0.1:4566", "http://[::1]", "http://x.execute-api.localhost:45"]
        {
            assert_eq!(address(good, false).unwrap(), good.trim_end_matches('/'), "{good}");
        }
        for bad in
            ["http://a.example", "a.example", "ftp://a.example", "https://", "https://t@a.example", "https://a/?b"]
        {
            assert!(address(bad, false).is_err(), "{bad}");
        }
        assert!(address("http://a.example", true).is_ok());
    }

    #[test]
    fn a_query_is_encoded() {
        assert_eq!(query(&[("origin", "s3://b/a b"), ("limit", "5")]), "?origin=s3%3A%2F%2Fb%2Fa%20b&limit=5");
        assert_eq!(query(&[]), "");
    }
}
