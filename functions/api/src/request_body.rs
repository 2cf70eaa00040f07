//! JSON request bodies. Every problem names its field.

use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use vpp_http::{Object, Problem};

/// Maximum size of a request body in bytes: most bodies have 300, and the initialisation data of DRM systems may have some
/// thousand.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// Decodes a JSON object with the fields `known`. The error messages of serde are not forwarded: they repeat values, and a
/// value may be a key.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8], known: &[&str]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let Object(decoded) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        // All entries of a list have the same fields, so the name of a field is without the position of its entry.
        let field: String = error.path().to_string().split(['[', ']']).step_by(2).collect();
        if !error.inner().is_data() || field == "." {
            return not_json();
        }
        if known.contains(&field.as_str()) {
            Problem::field("invalid_field", &field, format!("`{field}` has the wrong type"))
        } else {
            Problem::field("unknown_field", &field, format!("unknown field; known fields: {}", known.join(", ")))
        }
    })?;
    json.end().map_err(|_| not_json())?;
    Ok(decoded)
}

/// Returns the problem of a required field that is missing.
pub(crate) fn missing_field(field: &'static str) -> Problem {
    Problem::field("missing_field", field, format!("`{field}` is required"))
}

fn not_json() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_json", "the body is not a JSON object")
}
