//! The bearer tokens of the API, in Secrets Manager: one rotated secret per role.

use aws_sdk_secretsmanager::Client;
use vpp_pipeline::domain::access_token::{AccessTokens, Role};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::TokenStore;

use crate::secrets::read_rotated;

/// The secrets that hold the tokens of operators and of readers.
#[derive(Debug, Clone)]
pub struct ApiTokenSecrets {
    client: Client,
    operator: String,
    reader: String,
}

impl ApiTokenSecrets {
    /// Uses the secrets of operators and of readers, by ARN or name.
    #[must_use]
    pub fn new(client: Client, operator: String, reader: String) -> Self {
        Self { client, operator, reader }
    }

    async fn add(&self, tokens: AccessTokens, role: Role, secret: &str) -> Result<AccessTokens, Unavailable> {
        let values = read_rotated(&self.client, secret).await?;
        Ok(values.iter().fold(tokens, |tokens, token| tokens.and(role, token)))
    }
}

impl TokenStore for ApiTokenSecrets {
    async fn tokens(&self) -> Result<AccessTokens, Unavailable> {
        let tokens = self.add(AccessTokens::default(), Role::Operator, &self.operator).await?;
        self.add(tokens, Role::Reader, &self.reader).await
    }
}
