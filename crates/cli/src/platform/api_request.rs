//! Requests to the platform's API.

use serde_json::Value;

/// A request to the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiRequest<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a Value>,
    pub(super) idempotency_key: Option<&'a str>,
}

/// Returns a `GET` request for a path.
pub(crate) fn get(path: &str) -> ApiRequest<'_> {
    ApiRequest { method: "GET", path, query: &[], body: None, idempotency_key: None }
}

/// Returns a `POST` request to a path, without a body.
pub(crate) fn post(path: &str) -> ApiRequest<'_> {
    ApiRequest { method: "POST", ..get(path) }
}

/// Returns a `PATCH` request for a path.
pub(crate) fn patch(path: &str) -> ApiRequest<'_> {
    ApiRequest { method: "PATCH", ..get(path) }
}

/// Returns a `DELETE` request for a path.
pub(crate) fn delete(path: &str) -> ApiRequest<'_> {
    ApiRequest { method: "DELETE", ..get(path) }
}

impl<'a> ApiRequest<'a> {
    pub(crate) fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn body(self, body: &'a Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(crate) fn idempotency_key(self, key: &'a str) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    /// Returns the encoded query string, with its question mark; empty without parameters.
    pub(super) fn query_string(&self) -> String {
        let pairs = self.query.iter().map(|(name, value)| format!("{name}={}", percent_encode(value)));
        let pairs = pairs.collect::<Vec<_>>().join("&");
        if pairs.is_empty() { pairs } else { format!("?{pairs}") }
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub(crate) fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_encoded() {
        let query = [("origin", "s3://b/a b"), ("limit", "5")];
        assert_eq!(get("/x").query(&query).query_string(), "?origin=s3%3A%2F%2Fb%2Fa%20b&limit=5");
        assert_eq!(get("/x").query_string(), "");
    }
}
