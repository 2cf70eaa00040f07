//! A catalog in memory: the reference implementation of the catalog's ports.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};

use super::lock::lock;
use crate::domain::client_upload::ClientUpload;
use crate::domain::content::Content;
use crate::domain::id::{ClientUploadId, ContentId, PackageId};
use crate::domain::listing::{ContentFilter, Cursor, PackageFilter, Page};
use crate::domain::multipart::OutputUpload;
use crate::domain::package::Package;
use crate::domain::receipt::Receipt;
use crate::domain::state::{Advance, State as PackageState, Transition};
use crate::domain::timestamp::Timestamp;
use crate::error::Unavailable;
use crate::ports::{Catalog, CreateOutcome, DeletionRecords, Listing, RequestRecords};

/// A catalog in memory. Clones share its content.
#[derive(Debug, Clone, Default)]
pub struct MemoryCatalog {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Default)]
struct State {
    contents: BTreeMap<ContentId, Content>,
    packages: BTreeMap<PackageId, Package>,
    receipts: BTreeMap<(PackageId, u32), Receipt>,
    uploads: BTreeMap<PackageId, Vec<OutputUpload>>,
    leases: BTreeMap<PackageId, Timestamp>,
    client_uploads: BTreeMap<ClientUploadId, ClientUpload>,
    claims: BTreeMap<String, String>,
}

impl MemoryCatalog {
    /// Returns an independent catalog with the same content.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { state: Arc::new(Mutex::new(lock(&self.state).clone())) }
    }

    /// Changes a package without any condition, for tests of a broken catalog.
    pub fn tamper(&self, id: &PackageId, change: impl FnOnce(&mut Package)) {
        if let Some(package) = lock(&self.state).packages.get_mut(id) {
            change(package);
        }
    }

    /// Returns all contents.
    #[must_use]
    pub fn all_contents(&self) -> Vec<Content> {
        lock(&self.state).contents.values().cloned().collect()
    }

    /// Returns all packages.
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
    ) -> Result<CreateOutcome<Content>, Unavailable> {
        let mut state = lock(&self.state);
        if let Some(known) = state.contents.get(&content.id)
            && !known.can_be_replaced_by(content.version_id.as_deref())
        {
            return Ok(CreateOutcome::Existing(known.clone()));
        }
        state.contents.insert(content.id.clone(), content.clone());
        if let Some(package) = package {
            state.packages.entry(package.id.clone()).or_insert_with(|| package.clone());
        }
        Ok(CreateOutcome::Created)
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        Ok(lock(&self.state).contents.get(id).cloned())
    }

    async fn create_package(&self, package: &Package) -> Result<CreateOutcome<Package>, Unavailable> {
        Ok(match lock(&self.state).packages.entry(package.id.clone()) {
            Entry::Occupied(known) => CreateOutcome::Existing(known.get().clone()),
            Entry::Vacant(vacant) => {
                vacant.insert(package.clone());
                CreateOutcome::Created
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

    async fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[OutputUpload],
    ) -> Result<CreateOutcome<Vec<OutputUpload>>, Unavailable> {
        Ok(match lock(&self.state).uploads.entry(id.clone()) {
            Entry::Occupied(known) => CreateOutcome::Existing(known.get().clone()),
            Entry::Vacant(vacant) => {
                vacant.insert(uploads.to_vec());
                CreateOutcome::Created
            }
        })
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<OutputUpload>>, Unavailable> {
        Ok(lock(&self.state).uploads.get(id).cloned())
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        let mut state = lock(&self.state);
        let State { packages, receipts, .. } = &mut *state;
        let package = packages.get_mut(id).ok_or_else(no_such_package)?;
        if let Entry::Vacant(vacant) = receipts.entry((id.clone(), receipt.work_unit)) {
            vacant.insert(receipt.clone());
            package.count(receipt);
        }
        Ok(())
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        Ok(lock(&self.state).receipts.contains_key(&(id.clone(), work_unit)))
    }

    async fn receipts(&self, id: &PackageId) -> Result<Vec<Receipt>, Unavailable> {
        let state = lock(&self.state);
        let receipts = state.receipts.range((id.clone(), 0)..=(id.clone(), u32::MAX));
        Ok(receipts.map(|(_, receipt)| receipt.clone()).collect())
    }
}

impl Listing for MemoryCatalog {
    async fn contents(
        &self,
        filter: &ContentFilter,
        limit: u16,
        after: Option<&Cursor<ContentId>>,
    ) -> Result<Page<Content, ContentId>, Unavailable> {
        let mut contents = self.all_contents();
        contents.retain(|content| !content.is_deleted() && filter.matches(content));
        Ok(page(contents, limit, after, |content| (content.created_at, content.id.clone())))
    }

    async fn packages(
        &self,
        filter: &PackageFilter,
        limit: u16,
        after: Option<&Cursor<PackageId>>,
    ) -> Result<Page<Package, PackageId>, Unavailable> {
        let mut packages = self.all_packages();
        packages.retain(|package| filter.matches(package));
        Ok(page(packages, limit, after, |package| (package.created_at, package.id.clone())))
    }
}

impl DeletionRecords for MemoryCatalog {
    async fn mark_content_deleted(&self, id: &ContentId, at: Timestamp) -> Result<(), Unavailable> {
        if let Some(content) = lock(&self.state).contents.get_mut(id) {
            content.deleted_at.get_or_insert(at);
        }
        Ok(())
    }

    async fn lease_deletion(
        &self,
        id: &PackageId,
        attempt: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, Unavailable> {
        let mut state = lock(&self.state);
        let free = state.leases.get(id).is_none_or(|until| *until < now);
        let taken = free && state.packages.get(id).is_some_and(|package| is_deleting(package, attempt));
        if taken {
            state.leases.insert(id.clone(), until);
        }
        Ok(taken)
    }

    async fn purge_package(&self, id: &PackageId, attempt: u64) -> Result<(), Unavailable> {
        let mut state = lock(&self.state);
        if state.packages.get(id).is_some_and(|package| is_deleting(package, attempt)) {
            state.leases.remove(id);
            state.receipts.retain(|(package, _), _| package != id);
            state.uploads.remove(id);
            state.packages.remove(id);
        }
        Ok(())
    }
}

impl RequestRecords for MemoryCatalog {
    async fn put_client_upload(&self, upload: &ClientUpload) -> Result<CreateOutcome<ClientUpload>, Unavailable> {
        Ok(match lock(&self.state).client_uploads.entry(upload.id.clone()) {
            Entry::Occupied(known) => CreateOutcome::Existing(known.get().clone()),
            Entry::Vacant(vacant) => {
                vacant.insert(upload.clone());
                CreateOutcome::Created
            }
        })
    }

    async fn client_upload(&self, id: &ClientUploadId) -> Result<Option<ClientUpload>, Unavailable> {
        Ok(lock(&self.state).client_uploads.get(id).cloned())
    }

    async fn delete_client_upload(&self, id: &ClientUploadId) -> Result<(), Unavailable> {
        lock(&self.state).client_uploads.remove(id);
        Ok(())
    }

    async fn claim_idempotency_key(
        &self,
        key: &str,
        answer: &str,
        _until: Timestamp,
    ) -> Result<CreateOutcome<String>, Unavailable> {
        Ok(match lock(&self.state).claims.entry(key.to_owned()) {
            Entry::Occupied(known) => CreateOutcome::Existing(known.get().clone()),
            Entry::Vacant(vacant) => {
                vacant.insert(answer.to_owned());
                CreateOutcome::Created
            }
        })
    }
}

fn is_deleting(package: &Package, attempt: u64) -> bool {
    package.attempt == attempt && matches!(package.state, PackageState::Deleting { .. })
}

/// Returns the page after `after`, newest first.
fn page<T, I: Ord + Clone>(
    mut items: Vec<T>,
    limit: u16,
    after: Option<&Cursor<I>>,
    sort_key: impl Fn(&T) -> (Timestamp, I),
) -> Page<T, I> {
    items.sort_by_key(|item| Reverse(sort_key(item)));
    if let Some(after) = after {
        let start = Reverse((after.created_at, after.id.clone()));
        items.retain(|item| Reverse(sort_key(item)) > start);
    }
    let more = items.len() > usize::from(limit);
    items.truncate(limit.into());
    let next = items.last().filter(|_| more).map(|item| {
        let (created_at, id) = sort_key(item);
        Cursor { created_at, id }
    });
    Page { items, next }
}

fn no_such_package() -> Unavailable {
    Unavailable::new("MemoryCatalog", "there is no such package".into())
}
