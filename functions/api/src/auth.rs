//! Who may call what. Nothing is answered without a credential but what [`needed`] names.
//!
//! The question is asked once, in front of all routes, by method and path alone: a route that is added later, or that does not
//! exist, is closed until it is named here. What is refused is refused before a route has seen anything of the request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::{info, warn};
use vpp_aws::jwt_claims::{Caller, caller};
use vpp_http::Problem;
use vpp_pipeline::api::authorizer::Authorizer;
use vpp_pipeline::domain::access_token::Role;
use vpp_pipeline::error::chain;
use vpp_pipeline::ports::{Clock, TokenStore};

/// How callers are known.
#[derive(Debug)]
pub(crate) enum Callers<T, K> {
    /// By bearer tokens.
    Tokens(Authorizer<T, K>),
    /// By JWTs, which the gateway has checked.
    Jwt,
}

/// What a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needed {
    Nothing,
    At(Role),
}

/// What a request of this method and path takes: to see takes a reader, and so does to let a viewer play; all else an operator.
fn needed(method: &Method, path: &str) -> Needed {
    let is_read = [Method::GET, Method::HEAD].contains(method);
    let is_public = ["/", "/docs", "/openapi.json", "/health"].contains(&path) || path.starts_with("/assets/");
    match (is_read, is_public) {
        (true, true) => Needed::Nothing,
        // It answers with URLs to send parts to.
        (true, false) if path.starts_with("/uploads") => Needed::At(Role::Operator),
        (true, false) => Needed::At(Role::Reader),
        (false, _) if *method == Method::POST && path.ends_with("/playback_tokens") => Needed::At(Role::Reader),
        (false, _) => Needed::At(Role::Operator),
    }
}

/// Lets a request through, if its caller may make it.
pub(crate) async fn authorize<T, K>(callers: State<Arc<Callers<T, K>>>, request: Request, next: Next) -> Response
where
    T: TokenStore,
    K: Clock,
{
    let Needed::At(least) = needed(request.method(), request.uri().path()) else { return next.run(request).await };
    let role = match &**callers {
        Callers::Jwt => by_claims(request.extensions()).map_err(|problem| *problem),
        Callers::Tokens(gate) => match token(request.headers()) {
            None => Err(unauthorized(None)),
            Some(token) => match gate.role_of(token).await {
                Ok(role) => role.ok_or_else(|| unauthorized(Some("invalid_token"))),
                Err(error) => {
                    warn!("tokens cannot be read: {}", chain(&error));
                    let detail = "the platform could not do this just now: try again";
                    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).into_response())
                }
            },
        },
    };
    match role {
        Ok(role) if role >= least => next.run(request).await,
        Ok(_) => forbidden("this takes an operator's credential, and the one that was shown is a reader's"),
        Err(refused) => {
            info!(status = refused.status().as_u16(), "a caller was refused");
            refused
        }
    }
}

fn by_claims(extensions: &Extensions) -> Result<Role, Box<Response>> {
    match caller(extensions) {
        Caller::Authenticated(Some(role)) => Ok(role),
        Caller::Authenticated(None) => {
            let detail = "the token gives no role here: its scope, roles or groups must name operator or reader";
            Err(Box::new(forbidden(detail)))
        }
        Caller::Unauthenticated => Err(Box::new(unauthorized(None))),
    }
}

/// The token that is shown, if one is.
fn token(headers: &HeaderMap) -> Option<&str> {
    let shown = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = shown.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthorized(error: Option<&str>) -> Response {
    let detail = "show a token of this platform as `Authorization: Bearer TOKEN`";
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "credential_missing", detail);
    challenge(problem, error)
}

fn forbidden(detail: &str) -> Response {
    challenge(Problem::new(StatusCode::FORBIDDEN, "role_insufficient", detail), Some("insufficient_scope"))
}

/// The problem, with the header that says how to do better (RFC 6750 3).
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
    fn what_is_not_named_is_closed() {
        let of = |method: Method, path| needed(&method, path);
        for path in ["/", "/docs", "/openapi.json", "/health", "/assets/page.js"] {
            assert_eq!(of(Method::GET, path), Needed::Nothing, "{path}");
            assert_eq!(of(Method::POST, path), Needed::At(Role::Operator), "{path}");
        }
        for path in ["/input_content", "/packaged_content/x", "//", "/docs/", "/assets", "/nowhere", "/Health"] {
            assert_eq!(of(Method::GET, path), Needed::At(Role::Reader), "{path}");
        }
        assert_eq!(of(Method::POST, "/packaged_content/x/playback_tokens"), Needed::At(Role::Reader));
        assert_eq!(of(Method::GET, "/uploads/x"), Needed::At(Role::Operator));
        assert_eq!(of(Method::DELETE, "/packaged_content/x/playback_tokens"), Needed::At(Role::Operator));
        assert_eq!(of(Method::POST, "/packaged_content"), Needed::At(Role::Operator));
        assert_eq!(of(Method::PATCH, "/input_content"), Needed::At(Role::Operator));
    }
}
