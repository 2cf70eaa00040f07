//! What the platform answers when it does not do something: RFC 9457 problems, and what their codes ask of a person.

use std::fmt;

use serde_json::Value;

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) detail: String,
    pub(crate) field: Option<String>,
    /// Of an upload that is not whole, the parts that are missing.
    pub(crate) missing: Vec<u16>,
}

impl Problem {
    /// The problem of an answer, which another server than the platform may have given.
    pub(crate) fn of(status: u16, answer: &Value) -> Self {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let missing = answer.get("missing").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Self {
            status,
            code: text("code").unwrap_or_else(|| format!("status_{status}")),
            detail: text("detail").or_else(|| text("message")).unwrap_or_else(|| format!("the answer was {status}")),
            field: text("field"),
            missing: missing.iter().filter_map(|part| part.as_u64()?.try_into().ok()).collect(),
        }
    }

    /// Whether the same request may be answered otherwise in a while.
    pub(crate) fn is_passing(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    /// Whether who asks has to show something else.
    pub(crate) fn is_credential(&self) -> bool {
        matches!(self.status, 401 | 403)
    }

    /// What a person can do about it, where the detail does not say.
    pub(crate) fn action(&self) -> Option<&'static str> {
        let action = match self.code.as_str() {
            "credential_missing" => "put a token of this platform into VPP_TOKEN, or name its file with --token-file",
            "role_insufficient" => "use an operator's token",
            "status_401" | "status_403" => "see that the token is one of this platform, and not over",
            "package_not_found" | "content_not_found" => "see what there is: vpp list packages, vpp list contents",
            "package_not_ready" => "wait for it: vpp status ID --follow",
            "package_failed" => "see why: vpp status ID; when the cause is mended: vpp retry ID",
            "package_deleting" => "wait until it is gone: vpp delete ID --follow",
            "content_refused" => "see why: vpp status ID",
            "upload_expired" | "upload_not_found" => "run the command again: it begins anew",
            "route_not_found" => "see that --api is the address of the platform's API",
            _ if self.is_passing() => "run the command again in a while",
            _ => return None,
        };
        Some(action)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.code)?;
        match &self.field {
            Some(field) if !self.detail.contains(field.as_str()) => write!(f, "{field}: {}", self.detail)?,
            _ => write!(f, "{}", self.detail)?,
        }
        self.action().map_or(Ok(()), |action| write!(f, "\n  {action}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_says_its_code_its_field_and_what_to_do() {
        let problem = Problem::of(400, &json!({"code": "invalid_field", "field": "layout", "detail": "expected this"}));
        assert_eq!(problem.to_string(), "invalid_field: layout: expected this");
        let problem = Problem::of(404, &json!({"code": "package_not_found", "detail": "there is no such package"}));
        assert!(problem.to_string().contains("vpp list packages"), "{problem}");
    }

    #[test]
    fn what_another_server_answers_is_a_problem_too() {
        let problem = Problem::of(502, &Value::Null);
        assert_eq!((problem.code.as_str(), problem.is_passing()), ("status_502", true));
        // API Gateway's own refusals say `message` alone.
        assert_eq!(Problem::of(401, &json!({"message": "Unauthorized"})).detail, "Unauthorized");
    }
}
