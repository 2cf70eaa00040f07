//! The ports in memory, faults as values, and the contract every adapter keeps.
//!
//! [`Platform`] is the whole pipeline over in-memory ports: upload a file, let the queues run empty, look at the end. Its
//! ports stand behind [`Faulty`], so a test can let the *k*-th call of a run fail, before or after it takes effect, for
//! every *k* there is. [`contract`] says what a port means; the AWS adapters are held to the same functions.

mod catalog;
mod clock;
pub mod contract;
mod edge_cache;
mod faults;
mod key_vault;
mod object_store;
mod platform;
mod probe;
mod queue;
mod token_signer;
mod token_store;

pub use catalog::MemoryCatalog;
pub use clock::TickingClock;
pub use edge_cache::MemoryEdgeCache;
pub use probe::MemoryProbe;

pub use faults::{Faults, Faulty, Moment};
pub use key_vault::MemoryVault;
pub use object_store::{MemoryStore, Stored};
pub use platform::{
    DashStage, DeleteStage, Delivery, EncryptStage, FragmentStage, IngestStage, MAX_RUN_TIME, MemoryApi,
    MemoryClientUploads, MemoryLicences, MemoryQueues, MemoryTokens, Platform,
};
pub use queue::MemoryQueue;
pub use token_signer::MemorySigner;
pub use token_store::MemoryTokenStore;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock that a panicking test does not turn into a second panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
