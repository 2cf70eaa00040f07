//! The CDN's caches in memory.

use std::sync::{Arc, Mutex};

use super::lock;
use crate::domain::id::PackageId;
use crate::error::Unavailable;
use crate::ports::{EdgeCache, InvalidationStatus};

/// The CDN's caches in memory, as far as they were told to forget. Clones are the same ones.
#[derive(Debug, Clone, Default)]
pub struct MemoryEdgeCache(Arc<Mutex<State>>);

#[derive(Debug, Clone, Default)]
struct State {
    forgotten: Vec<(PackageId, u64)>,
    busy: u32,
}

impl MemoryEdgeCache {
    /// Caches of their own that have forgotten the same.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(lock(&self.0).clone())))
    }

    /// The attempts of packages that it has forgotten, each once.
    #[must_use]
    pub fn forgotten(&self) -> Vec<(PackageId, u64)> {
        lock(&self.0).forgotten.clone()
    }

    /// The next `times` that it is asked, it is not done.
    pub fn be_busy(&self, times: u32) {
        lock(&self.0).busy = times;
    }
}

impl EdgeCache for MemoryEdgeCache {
    async fn invalidate(&self, package: &PackageId, attempt: u64) -> Result<InvalidationStatus, Unavailable> {
        let mut state = lock(&self.0);
        if let Some(left) = state.busy.checked_sub(1) {
            state.busy = left;
            return Ok(InvalidationStatus::InProgress);
        }
        let asked = (package.clone(), attempt);
        if !state.forgotten.contains(&asked) {
            state.forgotten.push(asked);
        }
        Ok(InvalidationStatus::Completed)
    }
}
