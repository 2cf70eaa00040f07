//! The audit log: which caller requested which change, when, and with which result.
//!
//! Every request other than a read is logged with its result, accepted or refused, as one line with the target `audit`. Bearer
//! tokens identify a caller by role; JWTs also by the claim `sub`. A line contains no token, header, query or body, hence no key
//! and no signed path. The log group of the API keeps the lines for `AuditRetentionDays`.

use axum::http::Method;
use axum::response::Response;
use tracing::info;
use vpp_pipeline::domain::access_token::Role;

/// The longest path or subject that a line repeats, in characters.
const MAX_TEXT: usize = 200;

/// The id of what a request created, as an extension of its response.
#[derive(Clone, Debug)]
pub(crate) struct Created(String);

impl Created {
    /// Returns the response with this extension.
    pub(crate) fn mark(id: &impl ToString, mut response: Response) -> Response {
        response.extensions_mut().insert(Self(id.to_string()));
        response
    }
}

/// A request, before it is answered.
#[derive(Debug)]
pub(crate) struct AuditEntry {
    method: Method,
    path: String,
    subject: String,
}

impl AuditEntry {
    /// Returns the entry of a request of this method and path, or `None` for a read. `subject` is the claim `sub`, if there is a JWT.
    pub(crate) fn of(method: &Method, path: &str, subject: Option<&str>) -> Option<Self> {
        let is_read = [Method::GET, Method::HEAD].contains(method);
        let entry =
            || Self { method: method.clone(), path: bounded(path), subject: bounded(subject.unwrap_or_default()) };
        (!is_read).then(entry)
    }

    /// Logs the entry with its response. `role` is `None` if the caller is not authenticated.
    pub(crate) fn record(self, role: Option<Role>, response: &Response) {
        let created = response.extensions().get::<Created>().map(|Created(id)| id.as_str()).unwrap_or_default();
        let status = response.status().as_u16();
        let role = role.map_or("none", Role::name);
        let Self { method, path, subject } = self;
        info!(target: "audit", role, subject, method = method.as_str(), path, created, status, "request");
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
