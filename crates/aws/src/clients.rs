//! The SDK clients, one adapter each.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::Builder;
use vpp_pipeline::api::signed_path::PathSigningSecret;
use vpp_pipeline::error::Unavailable;

use crate::api_tokens::ApiTokenSecrets;
use crate::cloudfront::CloudFrontCache;
use crate::dynamodb::DynamoCatalog;
use crate::event_bridge::BridgeBus;
use crate::http_client::tls;
use crate::kms_key_wrapping::KmsVault;
use crate::kms_token_signer::KmsSigner;
use crate::meter::{ProcessMeter, RequestCounter};
use crate::s3::{S3ClientUploads, S3Store};
use crate::secrets;
use crate::speke::{KeyProvider, SpekeKeyVault};
use crate::sqs::SqsQueue;
use crate::webhook_secret::WebhookSecret;

/// Maximum number of attempts of a throttled DynamoDB request; the default of the SDK is three. All work units of a package
/// write to one partition, whose write rate is limited. A work unit whose receipt cannot be written is encrypted again as a
/// whole, 18 minutes later.
const DYNAMODB_ATTEMPTS: u32 = 8;

/// Maximum number of attempts of an S3 request; the default of the SDK is three. S3 answers 503 while it partitions a busy prefix,
/// and a package's prefix is new.
const S3_ATTEMPTS: u32 = 5;

/// The account, region and endpoint that the environment configures. Each adapter has its own client; a function creates only
/// the adapters that it needs.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    requests: RequestCounter,
}

/// Returns the SDK configuration of the environment, ready to load. All its clients share one connection pool.
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

    /// Uses this configuration.
    #[must_use]
    pub fn new(config: SdkConfig) -> Self {
        Self { config, requests: RequestCounter::default() }
    }

    /// Returns the object store, for every bucket that the role may access.
    #[must_use]
    pub fn object_store(&self) -> S3Store {
        let config = aws_sdk_s3::config::Builder::from(&self.config).interceptor(self.requests.clone());
        let config = config.retry_config(RetryConfig::standard().with_max_attempts(S3_ATTEMPTS));
        S3Store::new(aws_sdk_s3::Client::from_conf(config.build()))
    }

    /// Returns the meter of the process, which counts the requests of its object stores.
    #[must_use]
    pub fn meter(&self) -> ProcessMeter {
        ProcessMeter::new(self.requests.clone())
    }

    /// Returns the store of presigned uploads, for every bucket that the role may write to.
    #[must_use]
    pub fn client_uploads(&self) -> S3ClientUploads {
        S3ClientUploads::new(&self.config)
    }

    /// Returns the catalog in the DynamoDB table `table`.
    #[must_use]
    pub fn catalog(&self, table: String) -> DynamoCatalog {
        let config = aws_sdk_dynamodb::config::Builder::from(&self.config);
        let config = config.retry_config(RetryConfig::standard().with_max_attempts(DYNAMODB_ATTEMPTS)).build();
        DynamoCatalog::new(aws_sdk_dynamodb::Client::from_conf(config), table)
    }

    /// Returns the SQS queue at `url`.
    #[must_use]
    pub fn queue<M>(&self, url: String) -> SqsQueue<M> {
        SqsQueue::new(aws_sdk_sqs::Client::new(&self.config), url)
    }

    /// Returns the edge cache of the CloudFront distribution with this id.
    #[must_use]
    pub fn edge_cache(&self, distribution: String) -> CloudFrontCache {
        CloudFrontCache::new(&self.config, distribution)
    }

    /// Returns the event bus `name`.
    #[must_use]
    pub fn event_bus(&self, name: String) -> BridgeBus {
        BridgeBus::new(aws_sdk_eventbridge::Client::new(&self.config), name)
    }

    /// Returns the signing secret of webhooks.
    #[must_use]
    pub fn webhook_secret(&self, id: String) -> WebhookSecret {
        WebhookSecret::new(aws_sdk_secretsmanager::Client::new(&self.config), id)
    }

    /// Returns the vault of content keys that KMS generates and wraps under the key `key_id`.
    #[must_use]
    pub fn key_vault(&self, key_id: String) -> KmsVault {
        KmsVault::new(aws_sdk_kms::Client::new(&self.config), key_id)
    }

    /// Returns the vault of content keys that `provider`, or KMS without a provider, generates and KMS wraps under the key
    /// `key_id`.
    #[must_use]
    pub fn speke_key_vault(&self, key_id: String, provider: Option<KeyProvider>) -> SpekeKeyVault {
        SpekeKeyVault::new(self.key_vault(key_id), &self.config, provider)
    }

    /// Returns the secrets that hold the API tokens of operators and of readers.
    #[must_use]
    pub fn api_tokens(&self, operator: String, reader: String) -> ApiTokenSecrets {
        ApiTokenSecrets::new(aws_sdk_secretsmanager::Client::new(&self.config), operator, reader)
    }

    /// Reads the path signing secret `id`, which the API shares with the CDN.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn path_signing_secret(&self, id: &str) -> Result<PathSigningSecret, Unavailable> {
        secrets::read_path_signing_secret(&aws_sdk_secretsmanager::Client::new(&self.config), id).await
    }

    /// Returns the signer of playback tokens, which uses the KMS key `key_id`.
    #[must_use]
    pub fn token_signer(&self, key_id: String) -> KmsSigner {
        KmsSigner::new(aws_sdk_kms::Client::new(&self.config), key_id)
    }
}
