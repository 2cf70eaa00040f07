//! Who calls, by what the gateway's JWT authorizer says of it.
//!
//! The gateway has checked signature, issuer, audience and time of the JWT, and passes its claims on. A role is a word of the
//! claim `scope`, `roles` or `cognito:groups`: `operator` or `reader`, perhaps behind a prefix (`vpp/operator`). A claim that
//! is a list comes as `[one two]`.

use lambda_http::http::Extensions;
use lambda_http::request::RequestContext;
use vpp_pipeline::api::access::Role;

const CLAIMS: [&str; 3] = ["scope", "roles", "cognito:groups"];

/// What the gateway says of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nothing: it was not asked to check.
    Unknown,
    /// Who it is was checked; its role, if it has one.
    Known(Option<Role>),
}

/// Who sent the request that has these extensions.
#[must_use]
pub fn caller(request: &Extensions) -> Caller {
    let Some(RequestContext::ApiGatewayV2(context)) = request.get::<RequestContext>() else { return Caller::Unknown };
    let jwt = context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref());
    let Some(jwt) = jwt else { return Caller::Unknown };
    let claims = CLAIMS.iter().filter_map(|name| jwt.claims.get(*name));
    Caller::Known(Role::highest(claims.flat_map(|claim| words(claim))))
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
        caller(&extensions)
    }

    #[test]
    fn a_role_is_a_word_of_the_claims_that_the_gateway_has_checked() {
        let role = |claims: &Value| caller_with(&json!({"jwt": {"claims": claims}}));
        let known = |role| Caller::Known(Some(role));
        assert_eq!(role(&json!({"scope": "openid vpp/operator"})), known(Role::Operator));
        assert_eq!(role(&json!({"cognito:groups": "[viewers reader]"})), known(Role::Reader));
        assert_eq!(role(&json!({"roles": "[\"reader\",\"operator\"]"})), known(Role::Operator));
        assert_eq!(role(&json!({"sub": "operator", "name": "reader"})), Caller::Known(None));
    }

    #[test]
    fn without_the_gateways_word_nobody_is_known() {
        assert_eq!(caller(&Extensions::new()), Caller::Unknown);
        assert_eq!(caller_with(&Value::Null), Caller::Unknown);
    }
}
