//! The ports in memory, faults as values, and the contract suite of all adapters.
//!
//! [`Platform`] is the whole pipeline over in-memory ports: a test uploads a file, drains the queues and checks the result. Its
//! ports are wrapped in [`Faulty`], so that a test can let the *k*-th call of a run fail, before or after it takes effect, for
//! every *k*. [`contract`] defines what a port means; the AWS adapters pass the same functions.

mod catalog;
mod clock;
pub mod contract;
mod edge_cache;
mod faults;
mod key_vault;
mod lock;
mod object_store;
mod platform;
mod probe;
mod queue;
mod token_signer;
mod token_store;

pub use catalog::{MemoryCatalog, all_receipts};
pub use clock::TickingClock;
pub use edge_cache::MemoryEdgeCache;
pub use faults::{FaultPoint, Faults, Faulty};
pub use key_vault::MemoryVault;
pub use object_store::{MemoryStore, Stored};
pub use platform::{
    DELETED_CONTENT, DashStage, DeleteStage, Delivery, EncryptStage, FragmentStage, IngestStage, MAX_RUN_TIME,
    MemoryApi, MemoryClientUploads, MemoryEditing, MemoryLicences, MemoryOrigin, MemoryQueues, MemoryTokens, Platform,
    PublishStage,
};
pub use probe::MemoryProbe;
pub use queue::MemoryQueue;
pub use token_signer::MemorySigner;
pub use token_store::MemoryTokenStore;
