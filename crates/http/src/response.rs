//! JSON responses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Returns a JSON response that no cache may store.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let body = serde_json::to_vec(value).unwrap_or_default();
    (status, headers, body).into_response()
}
