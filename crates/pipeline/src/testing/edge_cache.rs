//! A CDN cache in memory.

use std::sync::{Arc, Mutex};

use super::lock::lock;
use crate::domain::id::PackageId;
use crate::error::Unavailable;
use crate::ports::{EdgeCache, Invalidation, InvalidationStatus};

/// A CDN cache that records its invalidations. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryEdgeCache(Arc<Mutex<State>>);

#[derive(Debug, Clone, Default)]
struct State {
    invalidated: Vec<(PackageId, u64)>,
    forgotten: Vec<(PackageId, u64, u32)>,
    busy: u32,
    looks: u32,
}

impl MemoryEdgeCache {
    /// Returns an independent cache with the same invalidations.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(lock(&self.0).clone())))
    }

    /// Returns the invalidated attempts of packages, without duplicates.
    #[must_use]
    pub fn invalidated(&self) -> Vec<(PackageId, u64)> {
        lock(&self.0).invalidated.clone()
    }

    /// Returns the revisions for which manifests were invalidated, without duplicates.
    #[must_use]
    pub fn forgotten(&self) -> Vec<(PackageId, u64, u32)> {
        lock(&self.0).forgotten.clone()
    }

    /// Returns how often an invalidation that had begun was looked at and was in progress.
    #[must_use]
    pub fn looks(&self) -> u32 {
        lock(&self.0).looks
    }

    /// Reports the next `times` invalidations as in progress.
    pub fn delay_invalidation(&self, times: u32) {
        lock(&self.0).busy = times;
    }
}

impl EdgeCache for MemoryEdgeCache {
    async fn invalidate(
        &self,
        package: &PackageId,
        attempt: u64,
        begun: Option<&str>,
    ) -> Result<Invalidation, Unavailable> {
        let mut state = lock(&self.0);
        let id = format!("{package}.{attempt}");
        if begun.is_some_and(|begun| begun != id) {
            return Err(Unavailable::new("GetInvalidation", "there is no such invalidation".into()));
        }
        if let Some(left) = state.busy.checked_sub(1) {
            state.busy = left;
            state.looks += u32::from(begun.is_some());
            return Ok(Invalidation { id: Some(id), status: InvalidationStatus::InProgress });
        }
        let invalidation = (package.clone(), attempt);
        if !state.invalidated.contains(&invalidation) {
            state.invalidated.push(invalidation);
        }
        Ok(Invalidation { id: Some(id), status: InvalidationStatus::Completed })
    }

    async fn forget_manifests(&self, package: &PackageId, attempt: u64, revision: u32) -> Result<(), Unavailable> {
        let mut state = lock(&self.0);
        let forgotten = (package.clone(), attempt, revision);
        if !state.forgotten.contains(&forgotten) {
            state.forgotten.push(forgotten);
        }
        Ok(())
    }
}
