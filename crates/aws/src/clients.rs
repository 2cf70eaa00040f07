//! The SDK's clients, behind the adapters.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::Builder;
use vpp_pipeline::api::signed_path::PathSigningSecret;
use vpp_pipeline::notifications::webhook::Notice;
use vpp_pipeline::ports::Unavailable;
use vpp_pipeline::{Error, Outcome};

use crate::https::tls;
use crate::meter::{ProcessMeter, Requests};
use crate::runtime::Stopped;
use crate::secrets;
use crate::speke::{ProvidedKeys, Provider};
use crate::webhooks::serve_notices;
use crate::{
    BridgeBus, CloudFrontCache, DynamoCatalog, KmsSigner, KmsVault, S3ClientUploads, S3Store, SecretTokens, SqsQueue,
    WebhookSecret,
};

/// Times a request of the table is made that is throttled; the SDK's own number is three. All work units of a package write to one
/// partition, which takes so many a second; a work unit whose receipt is not taken is made again as a whole, in 18 minutes.
const ATTEMPTS: u32 = 8;

/// The account, region and endpoint that the environment names. Each adapter it gives has a client of its own kind; a
/// function makes only those it needs.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    requests: Requests,
}

/// The environment's configuration, to be loaded; all clients of it share one pool of connections.
#[must_use]
pub fn configuration() -> ConfigLoader {
    let http = Builder::new().tls_provider(tls()).build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http)
}

impl Aws {
    /// Reads credentials, region and endpoint from the environment.
    pub async fn load() -> Self {
        Self::new(configuration().load().await)
    }

    /// With this configuration.
    #[must_use]
    pub fn new(config: SdkConfig) -> Self {
        Self { config, requests: Requests::default() }
    }

    /// Every bucket the role may reach.
    #[must_use]
    pub fn object_store(&self) -> S3Store {
        let config = aws_sdk_s3::config::Builder::from(&self.config).interceptor(self.requests.clone());
        S3Store::new(aws_sdk_s3::Client::from_conf(config.build()))
    }

    /// What the process spends, the requests of its object stores included.
    #[must_use]
    pub fn meter(&self) -> ProcessMeter {
        ProcessMeter::new(self.requests.clone())
    }

    /// Takes files in, to every bucket that the role may write.
    #[must_use]
    pub fn client_uploads(&self) -> S3ClientUploads {
        S3ClientUploads::new(&self.config)
    }

    /// The table called `table`.
    #[must_use]
    pub fn catalog(&self, table: String) -> DynamoCatalog {
        let config = aws_sdk_dynamodb::config::Builder::from(&self.config);
        let config = config.retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS)).build();
        DynamoCatalog::new(aws_sdk_dynamodb::Client::from_conf(config), table)
    }

    /// The queue at `url`.
    #[must_use]
    pub fn queue<M>(&self, url: String) -> SqsQueue<M> {
        SqsQueue::new(aws_sdk_sqs::Client::new(&self.config), url)
    }

    /// What the distribution of this id keeps.
    #[must_use]
    pub fn edge_cache(&self, distribution: String) -> CloudFrontCache {
        CloudFrontCache::new(&self.config, distribution)
    }

    /// The event bus called `name`.
    #[must_use]
    pub fn event_bus(&self, name: String) -> BridgeBus {
        BridgeBus::new(aws_sdk_eventbridge::Client::new(&self.config), name)
    }

    /// The secret that webhooks are signed with.
    #[must_use]
    pub fn webhook_secret(&self, id: String) -> WebhookSecret {
        WebhookSecret::new(aws_sdk_secretsmanager::Client::new(&self.config), id)
    }

    /// Serves the queue at `url` of events that are to be sent. What was not sent waits longer each time.
    ///
    /// # Errors
    /// When the Lambda runtime stops.
    pub async fn serve_notices(
        &self,
        url: String,
        handle: impl AsyncFn(&Notice) -> Result<Outcome, Error>,
    ) -> Result<(), Stopped> {
        serve_notices(aws_sdk_sqs::Client::new(&self.config), url, handle).await
    }

    /// The key that wraps content keys.
    #[must_use]
    pub fn key_vault(&self, key_id: String) -> KmsVault {
        KmsVault::new(aws_sdk_kms::Client::new(&self.config), key_id)
    }

    /// Content keys that this provider makes, or the vault itself, wrapped by the key `key_id`.
    #[must_use]
    pub fn provided_keys(&self, key_id: String, provider: Option<Provider>) -> ProvidedKeys {
        ProvidedKeys::new(self.key_vault(key_id), &self.config, provider)
    }

    /// The secrets that hold the tokens of operators and of readers.
    #[must_use]
    pub fn token_store(&self, operator: String, reader: String) -> SecretTokens {
        SecretTokens::new(aws_sdk_secretsmanager::Client::new(&self.config), operator, reader)
    }

    /// What the API shares with the CDN, in the secret `id`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn path_signing_secret(&self, id: &str) -> Result<PathSigningSecret, Unavailable> {
        secrets::path_signing_secret(&aws_sdk_secretsmanager::Client::new(&self.config), id).await
    }

    /// The key that signs playback tokens.
    #[must_use]
    pub fn token_signer(&self, key_id: String) -> KmsSigner {
        KmsSigner::new(aws_sdk_kms::Client::new(&self.config), key_id)
    }
}
