//! The services that the use cases need, as traits in the platform's own terms.
//!
//! A port defines what a call means, not how a service performs it. Its errors distinguish only the cases that a use case
//! handles differently. Each port has two adapters, in memory (`testing`) and on AWS (`vpp-aws`), and one contract suite
//! (`testing::contract`) that both pass.

mod body;
mod catalog;
mod client_upload_store;
mod clock;
mod deletion_records;
mod edge_cache;
mod event_bus;
mod key_vault;
mod listing;
mod meter;
mod object_deleter;
mod object_store;
mod probe;
mod queue;
mod request_records;
mod revisions;
mod store_error;
mod token_signer;
mod token_store;
mod webhook_receiver;

pub use body::Body;
pub use catalog::{Catalog, CreateOutcome, ReceiptPage};
pub use client_upload_store::ClientUploadStore;
pub use clock::Clock;
pub use deletion_records::{DeletedFile, DeletionRecords, PackageDeletion, Tombstone};
pub use edge_cache::{EdgeCache, Invalidation, InvalidationStatus};
pub use event_bus::EventBus;
pub use key_vault::{KeyError, KeyVault};
pub use listing::Listing;
pub use meter::Meter;
pub use object_deleter::ObjectDeleter;
pub use object_store::{NewObject, NewPart, ObjectStore, PutOutcome, UploadedPart};
pub use probe::{FileChunk, Probe, ProbeError};
pub use queue::{DelayQueue, Queue, Queues};
pub use request_records::RequestRecords;
pub use revisions::{Commit, Revisions};
pub use store_error::StoreError;
pub use token_signer::{Mac, TokenSigner};
pub use token_store::TokenStore;
pub use webhook_receiver::{WebhookReceiver, WebhookSecretStore};
