//! The address of the API and the bearer token.

use std::fmt;
use std::net::IpAddr;

use serde_json::Value;
use ureq::http::Uri;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::platform::localhost::is_localhost;

/// A bearer token.
pub(crate) struct Token(Zeroizing<String>);

impl Token {
    /// Parses a token: plain text, or the JSON of the platform's secret, whose current token is used.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let current = || serde_json::from_str::<Value>(text).ok()?.get("current")?.as_str().map(str::to_owned);
        let token = Zeroizing::new(if text.starts_with('{') { current()? } else { text.to_owned() });
        let is_header_value = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_header_value.then_some(Self(token))
    }

    /// Returns the value of the `Authorization` header.
    pub(super) fn authorization(&self) -> String {
        format!("Bearer {}", self.0.as_str())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Validates the address of an API and removes the slash at its end. `plain_http` allows `http` to another machine.
pub(crate) fn api_address(text: &str, plain_http: bool) -> Result<String, Failure> {
    let invalid = || Failure::usage(format!("{text:?} is not an API address, such as https://api.example.com"));
    let uri: Uri = text.parse().map_err(|_| invalid())?;
    let host = uri.host().unwrap_or_default();
    if host.is_empty() || text.contains(['?', '#', '@']) {
        return Err(invalid());
    }
    let is_loopback = || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if plain_http || is_loopback() || is_localhost(host) => {}
        Some("http") => {
            return Err(Failure::usage("http:// sends the token unencrypted: use https://, or specify --plain-http"));
        }
        _ => return Err(invalid()),
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_line_or_the_current_token_of_the_secret_and_is_never_printed() {
        let parsed = |text: &str| Token::parse(text).map(|token| token.0.to_string());
        assert_eq!(parsed("abc\n"), Some("abc".to_owned()));
        assert_eq!(parsed(r#"{"current": "new", "previous": "old"}"#), Some("new".to_owned()));
        assert_eq!([parsed(""), parsed("a b"), parsed("a\nb"), parsed("{}")], [const { None }; 4]);
        assert_eq!(format!("{:?}", Token::parse("abc").unwrap()), "Token");
    }

    #[test]
    fn a_token_is_sent_over_tls_or_stays_on_this_machine() {
        for good in ["https://a.example/", "http://127.0.0.1:4566", "http://[::1]", "http://x.execute-api.localhost:45"]
        {
            assert_eq!(api_address(good, false).unwrap(), good.trim_end_matches('/'), "{good}");
        }
        for bad in
            ["http://a.example", "a.example", "ftp://a.example", "https://", "https://t@a.example", "https://a/?b"]
        {
            assert!(api_address(bad, false).is_err(), "{bad}");
        }
        assert!(api_address("http://a.example", true).is_ok());
    }
}
