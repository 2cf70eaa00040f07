//! Request bodies that cannot be read.

use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;

use crate::problem::Problem;

/// Returns the problem of a body that could not be read, or that has more than `limit` bytes.
#[must_use]
pub fn unreadable_body(rejection: &BytesRejection, limit: usize) -> Problem {
    match rejection.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(status, "body_too_large", format!("the body has more than {limit} bytes"))
        }
        status => Problem::new(status, "unreadable_body", "the body could not be read"),
    }
}
