//! Errors as callers see them: problem details (RFC 9457) with a stable `code`.
//!
//! A problem never repeats a value of the request: the value may be a key.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use vpp_pipeline::api::licences::PlaybackError;
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::unreadable::UNREADABLE_RECORD;
use vpp_pipeline::error::chain;

/// Problem details, sent as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The numbers of the missing parts, if an upload is incomplete.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Box<[u16]>>,
}

impl Problem {
    /// Creates a problem with this status and code. `detail` is the human-readable explanation.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            code,
            detail: detail.into(),
            field: None,
            missing: None,
        }
    }

    /// Creates a problem with one field of the request.
    #[must_use]
    pub fn field(code: &'static str, field: &str, detail: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(StatusCode::BAD_REQUEST, code, detail) }
    }

    /// Returns the problem of a path that has no route.
    #[must_use]
    pub fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "route_not_found", "no resource exists at this path")
    }

    /// Returns the problem of a method that the path does not support.
    #[must_use]
    pub fn no_such_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not support the method")
    }

    /// Returns the problem of a service that does not respond to the platform.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail = "the platform is temporarily unavailable: try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }
}

impl From<RequestError> for Problem {
    /// Reports to the caller only what the caller can act on, and logs the causes.
    fn from(error: RequestError) -> Self {
        let (status, code) = match &error {
            RequestError::UnknownContent => (StatusCode::NOT_FOUND, "content_not_found"),
            RequestError::UnknownPackage => (StatusCode::NOT_FOUND, "package_not_found"),
            RequestError::UnknownRevision => (StatusCode::NOT_FOUND, "revision_not_found"),
            RequestError::NotEditable => (StatusCode::CONFLICT, "not_editable"),
            RequestError::RevisionChanged { .. } => (StatusCode::PRECONDITION_FAILED, "revision_changed"),
            RequestError::Edit(_) => (StatusCode::BAD_REQUEST, "invalid_edit"),
            RequestError::TooManySubtitles => (StatusCode::BAD_REQUEST, "too_many_subtitles"),
            RequestError::TooManyRevisions => (StatusCode::CONFLICT, "too_many_revisions"),
            RequestError::NotSubtitles => (StatusCode::CONFLICT, "not_subtitles"),
            RequestError::ContentRefused { .. } => (StatusCode::CONFLICT, "content_refused"),
            RequestError::UnknownUpload => (StatusCode::NOT_FOUND, "upload_not_found"),
            RequestError::UploadIncomplete { .. } => (StatusCode::CONFLICT, "upload_incomplete"),
            RequestError::UploadExpired => (StatusCode::CONFLICT, "upload_expired"),
            RequestError::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            RequestError::Deleting => (StatusCode::CONFLICT, "package_deleting"),
            RequestError::NothingToRetry => (StatusCode::CONFLICT, "package_ready"),
            RequestError::NoKey(error) => {
                tracing::error!("the key provider returned no key: {}", chain(error));
                (StatusCode::BAD_GATEWAY, error.code())
            }
            RequestError::Unreadable(_) => (StatusCode::CONFLICT, UNREADABLE_RECORD),
            RequestError::Unavailable(_) => {
                tracing::error!("the request failed: {}", chain(&error));
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
        };
        let missing = match &error {
            RequestError::UploadIncomplete { missing } => Some(missing.clone().into()),
            _ => None,
        };
        Self { missing, ..Self::new(status, code, error.to_string()) }
    }
}

impl From<PlaybackError> for Problem {
    fn from(error: PlaybackError) -> Self {
        let (status, code) = match &error {
            PlaybackError::Token => (StatusCode::FORBIDDEN, "playback_token_invalid"),
            PlaybackError::UnknownPackage => (StatusCode::NOT_FOUND, "package_not_found"),
            PlaybackError::NotReady(_) => (StatusCode::CONFLICT, "package_not_ready"),
            PlaybackError::Failed { .. } => (StatusCode::CONFLICT, "package_failed"),
            PlaybackError::Clear => (StatusCode::CONFLICT, "package_not_encrypted"),
            PlaybackError::UnknownKey => (StatusCode::NOT_FOUND, "key_not_found"),
            PlaybackError::Unreadable => (StatusCode::CONFLICT, UNREADABLE_RECORD),
            PlaybackError::Unavailable(_) => {
                tracing::error!("the request failed: {}", chain(&error));
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (status, headers, body).into_response()
    }
}
