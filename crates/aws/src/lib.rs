//! The platform's ports on AWS. The only crate that names an AWS service, the Lambda runtime or Tokio.
//!
//! | port | adapter | service |
//! |---|---|---|
//! | `ObjectStore` | [`S3Store`] | S3: ranged, conditional reads; conditional writes with a checksum |
//! | `ClientUploadStore` | [`S3ClientUploads`] | S3: presigned URLs, multipart uploads |
//! | `Catalog`, `Library`, `RequestRecords` | [`DynamoCatalog`] | one DynamoDB table |
//! | `Queue` | [`SqsQueue`] | SQS, in batches |
//! | `KeyVault` | [`KmsVault`] | KMS, with the package as encryption context |
//! | `KeyVault` | [`ProvidedKeys`] | the same, with keys that a DRM provider makes, by SPEKE |
//! | `TokenSigner` | [`KmsSigner`] | KMS, by an HMAC key |
//! | `EdgeCache` | [`CloudFrontCache`] | CloudFront's invalidations |
//! | `Meter` | [`ProcessMeter`] | the process itself |
//! | `EventBus` | [`BridgeBus`] | `EventBridge` |
//! | `Receiver`, `SecretStore` | [`HttpReceiver`], [`WebhookSecret`] | HTTP; Secrets Manager |
//! | `TokenStore` | [`SecretTokens`] | Secrets Manager, a secret for each role |
//! | `Probe` | [`ProbeProcess`] | `mp4probe`, a process of its own |
//!
//! [`function`] is what every Lambda function's `main` calls: it starts logs, clients and the runtime, and the wiring in
//! the `main` says which ports the use case gets. The SDK retries what its standard mode retries; what is left becomes an
//! error of the port, once, at the edge.

mod body;
pub mod claims;
mod client_uploads;
mod clients;
mod clock;
mod cloudfront;
mod dynamodb;
mod emf;
pub mod environment;
mod error;
mod event_bridge;
pub mod events;
mod https;
mod kms;
mod kms_mac;
mod logs;
mod meter;
mod probe;
mod random;
mod retries;
pub mod runtime;
mod s3;
mod secrets;
mod signing_secrets;
pub mod speke;
mod sqs;
mod trace;
mod webhooks;

pub use client_uploads::S3ClientUploads;
pub use clients::{Aws, configuration};
pub use clock::SystemClock;
pub use cloudfront::CloudFrontCache;
pub use dynamodb::DynamoCatalog;
pub use environment::Environment;
pub use event_bridge::BridgeBus;
pub use kms::KmsVault;
pub use kms_mac::KmsSigner;
pub use meter::ProcessMeter;
pub use probe::ProbeProcess;
pub use random::random;
pub use runtime::{Stopped, function, serve_changes, serve_dead_letters, serve_http, serve_queue, serve_uploads};
pub use s3::S3Store;
pub use secrets::SecretTokens;
pub use signing_secrets::WebhookSecret;
pub use speke::ProvidedKeys;
pub use sqs::SqsQueue;
pub use webhooks::{HttpReceiver, WebhookUrl};
