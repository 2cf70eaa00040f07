//! The plans that an origin keeps in memory: viewers of a stream request one segment after the other.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::PlanIndex;

use crate::domain::id::PackageId;
use crate::domain::package::Package;
use crate::error::Error;
use crate::ports::{KeyVault, ObjectStore};
use crate::stages::read_plan::index;
use crate::stages::segments::content_keys;

/// Number of plans in memory. The index of the longest film has some hundred kilobytes.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// The index of a plan, and the content keys of the package.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) index: PlanIndex,
    pub(super) keys: ContentKeys,
}

/// The plans of the packages that were requested last, by package and attempt.
#[derive(Debug)]
pub(super) struct Plans(Mutex<LruCache<(PackageId, u64), Arc<Plan>>>);

impl Default for Plans {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl Plans {
    /// Returns the plan of a package, which is read unless it is in memory.
    ///
    /// # Errors
    /// Transient errors, and a plan of another version.
    pub(super) async fn of<S: ObjectStore, V: KeyVault>(
        &self,
        package: &Package,
        store: &S,
        vault: &V,
        work_bucket: &str,
    ) -> Result<Arc<Plan>, Error> {
        let key = (package.id.clone(), package.attempt);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(plan) = known {
            return Ok(plan);
        }
        let index = index(store, work_bucket, package);
        let (index, keys) = futures_util::try_join!(index, content_keys(vault, package))?;
        let plan = Arc::new(Plan { index, keys });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key, Arc::clone(&plan));
        Ok(plan)
    }
}
