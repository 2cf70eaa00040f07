//! The ports in memory, faults as values, and the contract every adapter keeps.
//!
//! [`Platform`] is the whole pipeline over in-memory ports: upload a file, let the queues run empty, look at the end. Its
//! ports stand behind [`Faulty`], so a test can let the *k*-th call of a run fail, before or after it takes effect, for
//! every *k* there is. [`contract`] says what a port means; the AWS adapters are held to the same functions.

mod catalog;
pub mod contract;
mod edge_cache;
mod edges;
mod faults;
mod platform;
mod queue;
mod signer;
mod store;
mod tokens;
mod vault;

pub use catalog::MemoryCatalog;
pub use edge_cache::MemoryEdgeCache;
pub use edges::{MemoryProbe, TickingClock};
pub use faults::{Faults, Faulty, Moment};
pub use platform::{
    DashStage, DeleteStage, Delivery, EncryptStage, FragmentStage, IngestStage, LONGEST_RUN, MemoryApi, MemoryIntakes,
    MemoryLicences, MemoryQueues, MemoryTokens, Platform,
};
pub use queue::MemoryQueue;
pub use signer::MemorySigner;
pub use store::{MemoryStore, Stored};
pub use tokens::MemoryTokenStore;
pub use vault::MemoryVault;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock that a panicking test does not turn into a second panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
