//! What the use cases need from the world, as traits in the platform's own words.
//!
//! A port says what a call means, not how a service does it; its errors tell apart only what a use case decides on.
//! Two sets of adapters stand behind them, in memory (`testing`) and on AWS (`vpp-aws`), and one contract suite
//! (`testing::contract`) holds both to the same meaning.

mod body;
mod catalog;
mod client_uploads;
mod clock;
mod edge_cache;
mod event_bus;
mod key_vault;
mod library;
mod meter;
mod multipart;
mod object_store;
mod probe;
mod queue;
mod receiver;
mod remover;
mod request_records;
mod token_signer;
mod token_store;

pub use body::Body;
pub use catalog::{Catalog, Created, PartLocation, PartReceipt, Receipt, SegmentReceipt};
pub use client_uploads::{ArrivedPart, ClientUploadStore};
pub use clock::Clock;
pub use edge_cache::{EdgeCache, Forgetting};
pub use event_bus::EventBus;
pub use key_vault::{KeyError, KeyUse, KeyVault, MadeKey, WrappedKey};
pub use library::{ContentFilter, Cursor, InvalidCursor, Library, PackageFilter, Page, VerdictKind};
pub use meter::{Meter, Reading, Spent};
pub use multipart::{NewPart, Part, Upload, UploadId};
pub use object_store::{Digest, ETag, InvalidLocation, Location, NewObject, ObjectStore, Put, StoreError};
pub use probe::{Container, Piece, Probe, ProbeError, ProbeReport, Track};
pub use queue::{DelayQueue, Queue, Queues};
pub use receiver::{Receiver, SecretStore};
pub use remover::ObjectRemover;
pub use request_records::RequestRecords;
pub use token_signer::{Mac, TokenSigner};
pub use token_store::TokenStore;

use crate::error::Cause;

/// A service did not do what it was asked: throttled, unreachable, denied, or with an answer that makes no sense.
/// Always worth another try.
#[derive(Debug, thiserror::Error)]
#[error("{call} failed")]
pub struct Unavailable {
    call: &'static str,
    #[source]
    source: Cause,
}

impl Unavailable {
    /// `call` is the service's own name of the call (`GetItem`).
    #[must_use]
    pub fn new(call: &'static str, source: Cause) -> Self {
        Self { call, source }
    }
}
