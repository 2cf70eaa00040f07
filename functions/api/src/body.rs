//! Bodies and headers that several routes read alike. Every problem names its field.

use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use vpp_http::Problem;

/// Characters of the longest idempotency key.
const LONGEST_KEY: usize = 255;

/// The JSON object of a body. serde's own words are not passed on: they repeat values.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8], known: &[&str]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let decoded = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        // Of the fields of a list's entries, every entry has the same.
        let field: String = error.path().to_string().split(['[', ']']).step_by(2).collect();
        if !error.inner().is_data() {
            return not_json();
        }
        let name = field.split('[').next().unwrap_or_default();
        match known.contains(&name) {
            true => Problem::field("invalid_field", &field, format!("`{field}` is not of its type")),
            false if field == "." => not_json(),
            false => Problem::field("unknown_field", &field, format!("known fields are {}", known.join(", "))),
        }
    })?;
    json.end().map_err(|_| not_json())?;
    Ok(decoded)
}

fn not_json() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_json", "the body is not a JSON object")
}

/// The `Idempotency-Key` of a request, if it has one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const NAME: &str = "idempotency-key";
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    let wrong = || {
        Problem::field("invalid_field", "Idempotency-Key", format!("expected 1 to {LONGEST_KEY} characters of ASCII"))
    };
    key.map(|key| Some(key.to_owned())).ok_or_else(wrong)
}
