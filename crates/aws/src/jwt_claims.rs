//! The role of a caller, from the JWT claims that API Gateway's JWT authorizer passes on.
//!
//! The authorizer has verified signature, issuer, audience and lifetime of the JWT. A role is a word of the claim `scope`,
//! `roles` or `cognito:groups`: the configured prefix and `operator` or `reader`, such as `vpp/operator`. The authorizer passes
//! a claim that is a list as `[one two]`.

use std::collections::HashMap;

use lambda_http::http::Extensions;
use lambda_http::request::RequestContext;
use vpp_pipeline::domain::access_token::Role;

/// Claims that may name a role.
const ROLE_CLAIMS: [&str; 3] = ["scope", "roles", "cognito:groups"];

/// A caller, as API Gateway describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The route has no JWT authorizer.
    Unauthenticated,
    /// The JWT is valid; the role that its claims name, if any.
    Authenticated(Option<Role>),
}

/// Returns the caller of the request that has these extensions. Names of roles begin with `role_prefix`.
#[must_use]
pub fn caller(request: &Extensions, role_prefix: &str) -> Caller {
    let Some(claims) = claims(request) else { return Caller::Unauthenticated };
    let claims = ROLE_CLAIMS.iter().filter_map(|name| claims.get(*name));
    Caller::Authenticated(Role::highest(role_prefix, claims.flat_map(|claim| words(claim))))
}

/// Returns the subject (`sub`) of the verified JWT of the request that has these extensions.
#[must_use]
pub fn subject(request: &Extensions) -> Option<&str> {
    claims(request)?.get("sub").map(String::as_str)
}

/// Returns the claims of the verified JWT.
fn claims(request: &Extensions) -> Option<&HashMap<String, String>> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.get::<RequestContext>() else { return None };
    Some(&context.authorizer.as_ref()?.jwt.as_ref()?.claims)
}

fn words(claim: &str) -> impl Iterator<Item = &str> {
    claim.split(|c: char| c.is_whitespace() || "[],\"".contains(c)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
    use serde_json::{Value, json};

    use super::*;

    fn caller_with(authorizer: &Value) -> Caller {
        let context = json!({"http": {"method": "GET", "path": "/"}, "timeEpoch": 0, "authorizer": authorizer});
        let context: ApiGatewayV2httpRequestContext = serde_json::from_value(context).unwrap();
        let mut extensions = Extensions::new();
        extensions.insert(RequestContext::ApiGatewayV2(context));
        caller(&extensions, "vpp/")
    }

    #[test]
    fn a_role_is_a_word_of_the_verified_claims() {
        let role = |claims: &Value| caller_with(&json!({"jwt": {"claims": claims}}));
        let authenticated = |role| Caller::Authenticated(Some(role));
        assert_eq!(role(&json!({"scope": "openid vpp/operator"})), authenticated(Role::Operator));
        assert_eq!(role(&json!({"cognito:groups": "[viewers vpp/reader]"})), authenticated(Role::Reader));
        assert_eq!(role(&json!({"roles": "[\"vpp/reader\",\"vpp/operator\"]"})), authenticated(Role::Operator));
        assert_eq!(
            role(&json!({"sub": "vpp/operator", "scope": "crm/operator operator"})),
            Caller::Authenticated(None)
        );
    }

    #[test]
    fn the_subject_is_that_of_the_verified_jwt() {
        let context = json!({"http": {"method": "GET", "path": "/"}, "timeEpoch": 0,
                             "authorizer": {"jwt": {"claims": {"sub": "alice"}}}});
        let mut extensions = Extensions::new();
        assert_eq!(subject(&extensions), None);
        let context: ApiGatewayV2httpRequestContext = serde_json::from_value(context).unwrap();
        extensions.insert(RequestContext::ApiGatewayV2(context));
        assert_eq!(subject(&extensions), Some("alice"));
    }

    #[test]
    fn without_verified_claims_no_caller_is_authenticated() {
        assert_eq!(caller(&Extensions::new(), "vpp/"), Caller::Unauthenticated);
        assert_eq!(caller_with(&Value::Null), Caller::Unauthenticated);
    }
}
