//! The `Idempotency-Key` header.

use axum::http::HeaderMap;
use vpp_http::Problem;

/// Maximum length of an idempotency key in characters.
const LONGEST_KEY: usize = 255;

/// Returns the `Idempotency-Key` of a request, if it has one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const NAME: &str = "Idempotency-Key";
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    let invalid = || Problem::field("invalid_field", NAME, format!("expected 1 to {LONGEST_KEY} ASCII characters"));
    key.map(|key| Some(key.to_owned())).ok_or_else(invalid)
}
