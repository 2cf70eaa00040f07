//! The bearer tokens of the API, in Secrets Manager: one rotated secret per role.

use aws_sdk_secretsmanager::Client;
use vpp_pipeline::api::access::{Role, Tokens};
use vpp_pipeline::ports::{TokenStore, Unavailable};

use crate::secrets::read_rotated;

/// The secrets that hold the tokens of operators and of readers.
#[derive(Debug, Clone)]
pub struct ApiTokenSecrets {
    client: Client,
    operator: String,
    reader: String,
}

impl ApiTokenSecrets {
    /// The secrets of operators and of readers, by ARN or name.
    #[must_use]
    pub fn new(client: Client, operator: String, reader: String) -> Self {
        Self { client, operator, reader }
    }

    async fn add(&self, tokens: Tokens, role: Role, secret: &str) -> Result<Tokens, Unavailable> {
        let values = read_rotated(&self.client, secret).await?;
        Ok(values.iter().fold(tokens, |tokens, token| tokens.and(role, token)))
    }
}

impl TokenStore for ApiTokenSecrets {
    async fn tokens(&self) -> Result<Tokens, Unavailable> {
        let tokens = self.add(Tokens::default(), Role::Operator, &self.operator).await?;
        self.add(tokens, Role::Reader, &self.reader).await
    }
}
