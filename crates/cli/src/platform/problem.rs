//! Error responses of the platform (RFC 9457 problem details) and the actions that their codes suggest.

use std::fmt;

use serde_json::Value;
use vpp_media::plain_text::escaped;

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) detail: String,
    pub(crate) field: Option<String>,
    /// The missing parts of an incomplete upload.
    pub(crate) missing: Vec<u16>,
}

impl Problem {
    /// Parses an error response. A server other than the platform may have sent it, such as a proxy.
    pub(crate) fn from_response(status: u16, body: &Value) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let missing = body.get("missing").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Self {
            status,
            code: text("code").unwrap_or_else(|| format!("status_{status}")),
            detail: text("detail").or_else(|| text("message")).unwrap_or_else(|| format!("HTTP status {status}")),
            field: text("field"),
            missing: missing.iter().filter_map(|part| part.as_u64()?.try_into().ok()).collect(),
        }
    }

    /// Returns whether the same request may succeed later.
    pub(crate) fn is_retryable(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    /// Returns whether the token is not accepted, or its role is insufficient.
    pub(crate) fn is_credential_error(&self) -> bool {
        matches!(self.status, 401 | 403)
    }

    /// Returns the action that resolves the problem, where the detail does not state it.
    pub(crate) fn action(&self) -> Option<&'static str> {
        let action = match self.code.as_str() {
            "credential_missing" => "set VPP_TOKEN to a token of this platform, or specify its file with --token-file",
            "role_insufficient" => "use an operator's token",
            "status_401" | "status_403" => "check that the token is of this platform and has not expired",
            "package_not_found" | "content_not_found" => "list the IDs with vpp list packages or vpp list contents",
            "package_not_ready" => "wait for it with vpp status ID --follow",
            "package_failed" => "show the reason with vpp status ID; after the cause is fixed, run vpp retry ID",
            "package_deleting" => "wait for the deletion with vpp delete ID --follow",
            "content_refused" => "show the reason with vpp status ID",
            "upload_expired" | "upload_not_found" => "run the command again to start a new upload",
            "route_not_found" => "check that --api is the address of the platform's API",
            _ if self.is_retryable() => "run the command again later",
            _ => return None,
        };
        Some(action)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.code)?;
        match &self.field {
            Some(field) if !self.detail.contains(field.as_str()) => write!(f, "{field}: {}", escaped(&self.detail))?,
            _ => write!(f, "{}", escaped(&self.detail))?,
        }
        self.action().map_or(Ok(()), |action| write!(f, "\n  {action}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_displays_its_code_its_field_and_the_action() {
        let body = json!({"code": "invalid_field", "field": "layout", "detail": "expected this"});
        let problem = Problem::from_response(400, &body);
        assert_eq!(problem.to_string(), "invalid_field: layout: expected this");
        let body = json!({"code": "package_not_found", "detail": "there is no such package"});
        let problem = Problem::from_response(404, &body);
        assert!(problem.to_string().contains("vpp list packages"), "{problem}");
    }

    #[test]
    fn the_response_of_another_server_is_a_problem_too() {
        let problem = Problem::from_response(502, &Value::Null);
        assert_eq!((problem.code.as_str(), problem.is_retryable()), ("status_502", true));
        // API Gateway's own error responses have only `message`.
        assert_eq!(Problem::from_response(401, &json!({"message": "Unauthorized"})).detail, "Unauthorized");
    }
}
