//! How callers of the API authenticate.

/// How callers of the API authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// With bearer tokens, which these secrets hold.
    Tokens {
        /// The secret of operators, by ARN or name.
        operator: String,
        /// The secret of readers, by ARN or name.
        reader: String,
    },
    /// With JWTs, which API Gateway verifies.
    Jwt {
        /// The start of a role's name in the claims.
        role_prefix: String,
    },
}
