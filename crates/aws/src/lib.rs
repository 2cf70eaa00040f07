//! The adapters of the platform's ports on AWS. The only crate that names an AWS service, the Lambda runtime or Tokio.
//!
//! | port | adapter | service |
//! |---|---|---|
//! | `ObjectStore`, `ObjectDeleter` | [`S3Store`] | S3: ranged and conditional reads, conditional writes with a checksum, multipart uploads |
//! | `ClientUploadStore` | [`S3ClientUploads`] | S3: presigned URLs |
//! | `Catalog`, `Listing`, `DeletionRecords`, `RequestRecords` | [`DynamoCatalog`] | one DynamoDB table |
//! | `Queue` | [`SqsQueue`] | SQS, in batches |
//! | `KeyVault` | [`KmsVault`] | KMS, with the package id as encryption context |
//! | `KeyVault` | [`SpekeKeyVault`] | the same, with keys from a DRM key provider (SPEKE, CPIX) |
//! | `TokenSigner` | [`KmsSigner`] | KMS, with an HMAC key |
//! | `EdgeCache` | [`CloudFrontCache`] | CloudFront invalidations |
//! | `Meter` | [`ProcessMeter`] | the process itself |
//! | `EventBus` | [`BridgeBus`] | `EventBridge` |
//! | `WebhookReceiver`, `WebhookSecretStore` | [`HttpWebhookReceiver`], [`WebhookSecret`] | HTTP; Secrets Manager |
//! | `TokenStore` | [`ApiTokenSecrets`] | Secrets Manager, one secret per role |
//! | `Probe` | [`ProbeProcess`] | `mp4probe`, in a separate process |
//!
//! The `main` of every Lambda function calls [`run_function`]: it starts logs, clients and the runtime, and the wiring in
//! `main` chooses the ports of the use case. The SDK retries what its standard mode retries; the remaining errors become
//! errors of the port, once, at the edge.

mod api_tokens;
mod clients;
mod clock;
mod cloudfront;
mod dynamodb;
mod emf;
pub mod environment;
mod error;
mod event_bridge;
mod http_client;
pub mod jwt_claims;
mod kms_key_wrapping;
mod kms_token_signer;
mod lambda;
mod logs;
mod meter;
mod probe;
mod random;
mod retries;
mod s3;
mod secrets;
pub mod speke;
mod sqs;
mod trace;
mod webhook_receiver;
mod webhook_secret;

pub use api_tokens::ApiTokenSecrets;
pub use clients::{Aws, configuration};
pub use clock::SystemClock;
pub use cloudfront::CloudFrontCache;
pub use dynamodb::DynamoCatalog;
pub use environment::Environment;
pub use event_bridge::BridgeBus;
pub use kms_key_wrapping::KmsVault;
pub use kms_token_signer::KmsSigner;
pub use lambda::{
    FunctionError, run_function, serve_changes, serve_dead_letters, serve_http, serve_queue, serve_uploads,
    serve_webhooks,
};
pub use meter::ProcessMeter;
pub use probe::ProbeProcess;
pub use random::random;
pub use s3::{S3ClientUploads, S3Store};
pub use speke::SpekeKeyVault;
pub use sqs::SqsQueue;
pub use webhook_receiver::{HttpWebhookReceiver, WebhookUrl};
pub use webhook_secret::WebhookSecret;
