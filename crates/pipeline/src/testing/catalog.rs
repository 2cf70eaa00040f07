//! A catalog in memory: the reference of what the catalog port means.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};

use super::lock;
use crate::content::Content;
use crate::id::{ContentId, PackageId};
use crate::package::Package;
use crate::ports::{Catalog, ContentPage, Created, Cursor, Receipt, Unavailable, Upload};
use crate::state::{Advance, Transition};

/// A catalog in memory. Clones share what it remembers.
#[derive(Debug, Clone, Default)]
pub struct MemoryCatalog {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    contents: BTreeMap<ContentId, Content>,
    packages: BTreeMap<PackageId, Package>,
    receipts: BTreeMap<(PackageId, u32), Receipt>,
    uploads: BTreeMap<PackageId, Vec<Upload>>,
}

impl MemoryCatalog {
    /// All contents.
    #[must_use]
    pub fn all_contents(&self) -> Vec<Content> {
        lock(&self.state).contents.values().cloned().collect()
    }

    /// All packages.
    #[must_use]
    pub fn all_packages(&self) -> Vec<Package> {
        lock(&self.state).packages.values().cloned().collect()
    }
}

impl Catalog for MemoryCatalog {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<Created<Content>, Unavailable> {
        let mut state = lock(&self.state);
        if let Some(known) = state.contents.get(&content.id)
            && !known.is_provisional()
        {
            return Ok(Created::Before(known.clone()));
        }
        state.contents.insert(content.id.clone(), content.clone());
        if let Some(package) = package {
            state.packages.entry(package.id.clone()).or_insert_with(|| package.clone());
        }
        Ok(Created::Now)
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        Ok(lock(&self.state).contents.get(id).cloned())
    }

    async fn contents(&self, limit: u16, after: Option<&Cursor>) -> Result<ContentPage, Unavailable> {
        let mut newest_first = self.all_contents();
        let place = |content: &Content| Reverse((content.created_at, content.id.clone()));
        newest_first.sort_by_key(place);
        if let Some(after) = after {
            let start = Reverse((after.created_at, after.id.clone()));
            newest_first.retain(|content| place(content) > start);
        }
        let more = newest_first.len() > usize::from(limit);
        newest_first.truncate(limit.into());
        let last = newest_first.last().filter(|_| more);
        let next = last.map(|content| Cursor { created_at: content.created_at, id: content.id.clone() });
        Ok(ContentPage { contents: newest_first, next })
    }

    async fn create_package(&self, package: &Package) -> Result<Created<Package>, Unavailable> {
        Ok(match lock(&self.state).packages.entry(package.id.clone()) {
            Entry::Occupied(known) => Created::Before(known.get().clone()),
            Entry::Vacant(free) => {
                free.insert(package.clone());
                Created::Now
            }
        })
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        Ok(lock(&self.state).packages.get(id).cloned())
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        let mut state = lock(&self.state);
        let package = state.packages.get_mut(id).ok_or_else(no_such_package)?;
        Ok(package.apply(transition))
    }

    async fn put_uploads(&self, id: &PackageId, uploads: &[Upload]) -> Result<Created<Vec<Upload>>, Unavailable> {
        Ok(match lock(&self.state).uploads.entry(id.clone()) {
            Entry::Occupied(known) => Created::Before(known.get().clone()),
            Entry::Vacant(free) => {
                free.insert(uploads.to_vec());
                Created::Now
            }
        })
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<Upload>>, Unavailable> {
        Ok(lock(&self.state).uploads.get(id).cloned())
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        let mut state = lock(&self.state);
        let State { packages, receipts, .. } = &mut *state;
        let package = packages.get_mut(id).ok_or_else(no_such_package)?;
        if let Entry::Vacant(free) = receipts.entry((id.clone(), receipt.slice)) {
            free.insert(receipt.clone());
            package.count(receipt);
        }
        Ok(())
    }

    async fn has_receipt(&self, id: &PackageId, slice: u32) -> Result<bool, Unavailable> {
        Ok(lock(&self.state).receipts.contains_key(&(id.clone(), slice)))
    }

    async fn receipts(&self, id: &PackageId) -> Result<Vec<Receipt>, Unavailable> {
        let state = lock(&self.state);
        let own = state.receipts.range((id.clone(), 0)..=(id.clone(), u32::MAX));
        Ok(own.map(|(_, receipt)| receipt.clone()).collect())
    }
}

fn no_such_package() -> Unavailable {
    Unavailable::new("MemoryCatalog", "there is no such package".into())
}
