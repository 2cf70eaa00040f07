//! Authorization: which role a request requires, and whether its caller has that role.
//!
//! One middleware in front of all routes decides by method and path alone. Only the paths in [`required_role`] need no
//! credential, so a route that is added later, or that does not exist, requires one. A request is refused before any route
//! reads it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::{info, warn};
use vpp_aws::jwt_claims::{Caller, caller, subject};
use vpp_http::{Problem, bearer};
use vpp_pipeline::api::authorizer::Authorizer;
use vpp_pipeline::domain::access_token::Role;
use vpp_pipeline::error::chain;
use vpp_pipeline::ports::{Clock, TokenStore};

use crate::audit::AuditEntry;

/// How callers authenticate.
#[derive(Debug)]
pub(crate) enum Authentication<T, K> {
    /// With bearer tokens.
    Tokens(Authorizer<T, K>),
    /// With JWTs, which API Gateway verifies. Names of roles in their claims begin with this prefix.
    Jwt(String),
}

/// Returns the role that a request of this method and path requires, or `None` if it requires no credential. Readers may read
/// resources and issue playback tokens; all other requests require an operator.
fn required_role(method: &Method, path: &str) -> Option<Role> {
    let is_read = [Method::GET, Method::HEAD].contains(method);
    let is_public = ["/", "/docs", "/openapi.json", "/health"].contains(&path) || path.starts_with("/assets/");
    match (is_read, is_public) {
        (true, true) => None,
        // The response contains presigned URLs for the upload of parts.
        (true, false) if path.starts_with("/uploads") => Some(Role::Operator),
        (true, false) => Some(Role::Reader),
        (false, _) if *method == Method::POST && path.ends_with("/playback_tokens") => Some(Role::Reader),
        (false, _) => Some(Role::Operator),
    }
}

/// Passes a request on if its caller has the required role.
pub(crate) async fn authorize<T, K>(
    authentication: State<Arc<Authentication<T, K>>>,
    request: Request,
    next: Next,
) -> Response
where
    T: TokenStore,
    K: Clock,
{
    let Some(required) = required_role(request.method(), request.uri().path()) else { return next.run(request).await };
    let entry = AuditEntry::of(request.method(), request.uri().path(), subject(request.extensions()));
    let role = match &**authentication {
        Authentication::Jwt(prefix) => role_of_claims(request.extensions(), prefix).map_err(|problem| *problem),
        Authentication::Tokens(authorizer) => match bearer::token(request.headers()) {
            None => Err(unauthorized(None)),
            Some(token) => match authorizer.role_of(token).await {
                Ok(role) => role.ok_or_else(|| unauthorized(Some("invalid_token"))),
                Err(error) => {
                    warn!("the API tokens cannot be read: {}", chain(&error));
                    Err(Problem::unavailable().into_response())
                }
            },
        },
    };
    let authenticated = role.as_ref().ok().copied();
    let response = match role {
        Ok(role) if role >= required => next.run(request).await,
        Ok(_) => forbidden("this requires the role operator, and the credential has the role reader"),
        Err(refused) => {
            info!(status = refused.status().as_u16(), "not authorized");
            refused
        }
    };
    if let Some(entry) = entry {
        entry.record(authenticated, &response);
    }
    response
}

fn role_of_claims(extensions: &Extensions, prefix: &str) -> Result<Role, Box<Response>> {
    match caller(extensions, prefix) {
        Caller::Authenticated(Some(role)) => Ok(role),
        Caller::Authenticated(None) => {
            let (operator, reader) = (format!("{prefix}operator"), format!("{prefix}reader"));
            let detail =
                format!("the token grants no role: its scope, roles or groups must contain {operator} or {reader}");
            Err(Box::new(forbidden(&detail)))
        }
        Caller::Unauthenticated => Err(Box::new(unauthorized(None))),
    }
}

fn unauthorized(error: Option<&str>) -> Response {
    let detail = "a valid token is required: `Authorization: Bearer TOKEN`";
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "credential_missing", detail);
    challenge(problem, error)
}

fn forbidden(detail: &str) -> Response {
    challenge(Problem::new(StatusCode::FORBIDDEN, "role_insufficient", detail), Some("insufficient_scope"))
}

/// Returns the problem, with the `WWW-Authenticate` header (RFC 6750 3).
fn challenge(problem: Problem, error: Option<&str>) -> Response {
    let error = error.map_or_else(String::new, |error| format!(", error=\"{error}\""));
    let mut response = problem.into_response();
    if let Ok(value) = HeaderValue::try_from(format!("Bearer realm=\"vpp\"{error}")) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_is_not_listed_requires_a_credential() {
        let of = |method: Method, path| required_role(&method, path);
        for path in ["/", "/docs", "/openapi.json", "/health", "/assets/page.js"] {
            assert_eq!(of(Method::GET, path), None, "{path}");
            assert_eq!(of(Method::POST, path), Some(Role::Operator), "{path}");
        }
        for path in ["/input_content", "/packaged_content/x", "//", "/docs/", "/assets", "/nowhere", "/Health"] {
            assert_eq!(of(Method::GET, path), Some(Role::Reader), "{path}");
        }
        assert_eq!(of(Method::POST, "/packaged_content/x/playback_tokens"), Some(Role::Reader));
        assert_eq!(of(Method::GET, "/uploads/x"), Some(Role::Operator));
        assert_eq!(of(Method::DELETE, "/packaged_content/x/playback_tokens"), Some(Role::Operator));
        assert_eq!(of(Method::POST, "/packaged_content"), Some(Role::Operator));
        assert_eq!(of(Method::PATCH, "/input_content"), Some(Role::Operator));
    }
}
