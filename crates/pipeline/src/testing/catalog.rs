//! A catalog in memory: the reference implementation of the catalog's ports.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use super::lock::lock;
use crate::domain::client_upload::ClientUpload;
use crate::domain::content::Content;
use crate::domain::id::{ClientUploadId, ContentId, PackageId};
use crate::domain::listing::{ContentFilter, Cursor, PackageFilter, Page};
use crate::domain::multipart::OutputUpload;
use crate::domain::package::Package;
use crate::domain::receipt::{MadeSegment, Receipt};
use crate::domain::revision::{Publication, Revision};
use crate::domain::state::{Advance, State as PackageState, Status, Transition};
use crate::domain::timestamp::Timestamp;
use crate::domain::unreadable::{Listed, RecordKind, UnreadableRecord};
use crate::domain::when::When;
use crate::error::Unavailable;
use crate::ports::{
    Catalog, Commit, CreateOutcome, DeletedFile, DeletionRecords, Listing, PackageDeletion, ReceiptPage,
    RequestRecords, Revisions, Tombstone,
};

/// Receipts of a page: few, so that tests read several pages.
const RECEIPTS_PER_PAGE: usize = 8;

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
    revisions: BTreeMap<(PackageId, u32), Revision>,
    leases: BTreeMap<PackageId, Timestamp>,
    client_uploads: BTreeMap<ClientUploadId, ClientUpload>,
    /// The resource ids of idempotency keys, with the times from which on they are removed.
    claims: BTreeMap<String, (String, Timestamp)>,
    /// From when on tombstones are removed.
    forget_at: BTreeMap<ContentId, Timestamp>,
    /// The ids of contents and packages whose records cannot be read, with the deletion of such a package.
    damaged: BTreeMap<String, Option<PackageDeletion>>,
}

impl State {
    fn check(&self, kind: RecordKind, id: &str, created_at: Option<Timestamp>) -> Result<(), UnreadableRecord> {
        if !self.damaged.contains_key(id) {
            return Ok(());
        }
        let created_at = created_at.map(|at| at.to_string());
        Err(UnreadableRecord { kind, id: id.to_owned(), created_at, problem: "it is damaged".to_owned() })
    }

    fn content(&self, id: &ContentId) -> Result<Option<Content>, UnreadableRecord> {
        let found = self.contents.get(id);
        self.check(RecordKind::Content, id.as_str(), found.map(|content| content.created_at))?;
        Ok(found.cloned())
    }

    fn package(&self, id: &PackageId) -> Result<Option<Package>, UnreadableRecord> {
        let found = self.packages.get(id);
        self.check(RecordKind::Package, id.as_str(), found.map(|package| package.created_at))?;
        Ok(found.cloned())
    }

    fn deletion(&self, id: &PackageId) -> Option<PackageDeletion> {
        if let Some(deletion) = self.damaged.get(id.as_str()) {
            return *deletion;
        }
        let package = self.packages.get(id)?;
        let deletion = PackageDeletion { attempt: package.attempt, at_rest_since: package.at_rest_since()? };
        matches!(package.state, PackageState::Deleting { .. }).then_some(deletion)
    }
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

    /// Changes a receipt without any condition, to that of an earlier release for example.
    pub fn tamper_with_receipt(&self, id: &PackageId, work_unit: u32, change: impl FnOnce(&mut Receipt)) {
        if let Some(receipt) = lock(&self.state).receipts.get_mut(&(id.clone(), work_unit)) {
            change(receipt);
        }
    }

    /// Makes the record of the content or package with this id unreadable.
    pub fn damage(&self, id: &str) {
        lock(&self.state).damaged.insert(id.to_owned(), None);
    }

    /// Removes what has expired at `now`, as the table of the AWS adapter does by itself.
    pub fn expire(&self, now: Timestamp) {
        let State { contents, client_uploads, claims, forget_at, damaged, .. } = &mut *lock(&self.state);
        forget_at.retain(|id, at| {
            let is_kept = now < *at;
            if !is_kept {
                damaged.remove(id.as_str());
                contents.remove(id);
            }
            is_kept
        });
        client_uploads.retain(|_, upload| now < upload.expires_at());
        claims.retain(|_, (_, until)| now < *until);
    }

    /// Returns from when on the tombstone of a content is removed.
    #[must_use]
    pub fn forget_at(&self, id: &ContentId) -> Option<Timestamp> {
        lock(&self.state).forget_at.get(id).copied()
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

/// Returns all receipts of a package, by work unit.
///
/// # Panics
/// When the catalog is unavailable, or a page does not follow the one before.
#[expect(clippy::expect_used, reason = "tests that read all receipts let no call fail")]
pub async fn all_receipts<C: Catalog>(catalog: &C, id: &PackageId) -> Vec<Receipt> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let ReceiptPage { receipts, next } = catalog.receipts(id, after).await.expect("the catalog is available");
        all.extend(receipts);
        if next.is_none() {
            return all;
        }
        assert!(next > after, "a page follows the one before");
        after = next;
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
            state.check(RecordKind::Content, content.id.as_str(), None)?;
            return Ok(CreateOutcome::Existing(known.clone()));
        }
        state.damaged.remove(content.id.as_str());
        state.forget_at.remove(&content.id);
        state.contents.insert(content.id.clone(), content.clone());
        if let Some(package) = package {
            state.packages.entry(package.id.clone()).or_insert_with(|| package.clone());
        }
        Ok(CreateOutcome::Created)
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        Ok(lock(&self.state).content(id)?)
    }

    async fn create_package(&self, package: &Package) -> Result<CreateOutcome<Package>, Unavailable> {
        let mut state = lock(&self.state);
        state.check(RecordKind::Package, package.id.as_str(), None)?;
        Ok(match state.packages.entry(package.id.clone()) {
            Entry::Occupied(known) => CreateOutcome::Existing(known.get().clone()),
            Entry::Vacant(vacant) => {
                vacant.insert(package.clone());
                CreateOutcome::Created
            }
        })
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        Ok(lock(&self.state).package(id)?)
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        let mut state = lock(&self.state);
        state.check(RecordKind::Package, id.as_str(), None)?;
        let package = state.packages.get_mut(id).ok_or_else(no_such_package)?;
        Ok(package.apply(transition))
    }

    async fn make_ahead(&self, id: &PackageId) -> Result<(), Unavailable> {
        self.tamper(id, |package| package.when = When::Ahead);
        Ok(())
    }

    async fn count_made(&self, id: &PackageId, made: &MadeSegment) -> Result<(), Unavailable> {
        self.tamper(id, |package| package.count_made(made));
        Ok(())
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

    async fn receipts(&self, id: &PackageId, after: Option<u32>) -> Result<ReceiptPage, Unavailable> {
        let state = lock(&self.state);
        let first = after.map_or(Bound::Included(0), Bound::Excluded).map(|work_unit| (id.clone(), work_unit));
        let mut receipts = state.receipts.range((first, Bound::Included((id.clone(), u32::MAX))));
        let page: Vec<Receipt> =
            receipts.by_ref().take(RECEIPTS_PER_PAGE).map(|(_, receipt)| receipt.clone()).collect();
        let next = receipts.next().and(page.last()).map(|last| last.work_unit);
        Ok(ReceiptPage { receipts: page, next })
    }
}

impl Revisions for MemoryCatalog {
    async fn commit_revision(&self, id: &PackageId, attempt: u64, revision: &Revision) -> Result<Commit, Unavailable> {
        let mut state = lock(&self.state);
        state.check(RecordKind::Package, id.as_str(), None)?;
        let State { packages, revisions, .. } = &mut *state;
        let package = packages.get_mut(id).filter(|package| {
            let is_live = matches!(package.status(), Status::Fragmented | Status::Encrypted | Status::Ready);
            is_live && package.attempt == attempt && package.revisions.latest + 1 == revision.number
        });
        let Some(package) = package else { return Ok(Commit::Stale) };
        package.revisions.latest = revision.number;
        revisions.insert((id.clone(), revision.number), revision.clone());
        Ok(Commit::Done)
    }

    async fn revision(&self, id: &PackageId, number: u32) -> Result<Option<Revision>, Unavailable> {
        Ok(lock(&self.state).revisions.get(&(id.clone(), number)).cloned())
    }

    async fn settle_revision(
        &self,
        id: &PackageId,
        attempt: u64,
        publication: &Publication,
    ) -> Result<(), Unavailable> {
        let mut state = lock(&self.state);
        if let Some(package) = state.packages.get_mut(id).filter(|package| package.attempt == attempt) {
            package.revisions.settle(publication);
        }
        Ok(())
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
        let page = page(contents, limit, after, |content| (content.created_at.to_string(), content.id.to_string()));
        Ok(readable(page, |content| lock(&self.state).content(&content.id)))
    }

    async fn packages(
        &self,
        filter: &PackageFilter,
        limit: u16,
        after: Option<&Cursor<PackageId>>,
    ) -> Result<Page<Package, PackageId>, Unavailable> {
        let mut packages = self.all_packages();
        packages.retain(|package| filter.matches(package));
        let page = page(packages, limit, after, |package| (package.created_at.to_string(), package.id.to_string()));
        Ok(readable(page, |package| lock(&self.state).package(&package.id)))
    }
}

impl DeletionRecords for MemoryCatalog {
    async fn mark_content_deleted(&self, id: &ContentId, tombstone: Tombstone) -> Result<(), Unavailable> {
        let State { contents, forget_at, .. } = &mut *lock(&self.state);
        if let Some(content) = contents.get_mut(id) {
            content.deleted_at.get_or_insert(tombstone.deleted_at);
            forget_at.entry(id.clone()).or_insert(tombstone.forget_at);
        }
        Ok(())
    }

    async fn deleted_file(&self, id: &ContentId) -> Result<Option<DeletedFile>, Unavailable> {
        let state = lock(&self.state);
        let content = state.contents.get(id).filter(|content| content.is_deleted());
        Ok(content.map(|content| DeletedFile {
            location: content.location.clone(),
            version_id: content.version_id.clone(),
            etag: content.etag.clone(),
        }))
    }

    async fn condemn_package(&self, id: &PackageId, at: Timestamp) -> Result<Option<u64>, Unavailable> {
        let mut state = lock(&self.state);
        if !state.packages.contains_key(id) {
            return Ok(None);
        }
        let attempt = at.unix_millis();
        state.damaged.insert(id.to_string(), Some(PackageDeletion { attempt, at_rest_since: at }));
        Ok(Some(attempt))
    }

    async fn package_deletion(&self, id: &PackageId) -> Result<Option<PackageDeletion>, Unavailable> {
        Ok(lock(&self.state).deletion(id))
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
        let taken = free && state.deletion(id).is_some_and(|deletion| deletion.attempt == attempt);
        if taken {
            state.leases.insert(id.clone(), until);
        }
        Ok(taken)
    }

    async fn purge_package(&self, id: &PackageId, attempt: u64) -> Result<(), Unavailable> {
        let mut state = lock(&self.state);
        if state.deletion(id).is_some_and(|deletion| deletion.attempt == attempt) {
            state.damaged.remove(id.as_str());
            state.leases.remove(id);
            state.receipts.retain(|(package, _), _| package != id);
            state.uploads.remove(id);
            state.revisions.retain(|(package, _), _| package != id);
            state.packages.remove(id);
        }
        Ok(())
    }
}

impl RequestRecords for MemoryCatalog {
    async fn put_client_upload(&self, upload: &ClientUpload) -> Result<CreateOutcome<ClientUpload>, Unavailable> {
        let mut state = lock(&self.state);
        if let Some(known) = state.client_uploads.get(&upload.id)
            && upload.created_at < known.expires_at()
        {
            return Ok(CreateOutcome::Existing(known.clone()));
        }
        state.client_uploads.insert(upload.id.clone(), upload.clone());
        Ok(CreateOutcome::Created)
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
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<CreateOutcome<String>, Unavailable> {
        let mut state = lock(&self.state);
        if let Some((bound, until)) = state.claims.get(key)
            && now < *until
        {
            return Ok(CreateOutcome::Existing(bound.clone()));
        }
        state.claims.insert(key.to_owned(), (answer.to_owned(), expires_at));
        Ok(CreateOutcome::Created)
    }
}

/// Returns the page, with the items that can be read.
fn readable<T, I>(page: Page<T, I>, read: impl Fn(&T) -> Result<Option<T>, UnreadableRecord>) -> Page<T, I> {
    let items = page.items.into_iter().filter_map(Listed::readable);
    let items = items.filter_map(|item| read(&item).transpose().map(Listed::from)).collect();
    Page { items, next: page.next }
}

/// Returns the page after `after`, newest first.
fn page<T, I>(
    mut items: Vec<T>,
    limit: u16,
    after: Option<&Cursor<I>>,
    sort_key: impl Fn(&T) -> (String, String),
) -> Page<T, I> {
    items.sort_by_key(|item| Reverse(sort_key(item)));
    if let Some(after) = after {
        let start = Reverse((after.created_at().to_owned(), after.id().to_owned()));
        items.retain(|item| Reverse(sort_key(item)) > start);
    }
    let more = items.len() > usize::from(limit);
    items.truncate(limit.into());
    let next = items.last().filter(|_| more).map(|item| {
        let (created_at, id) = sort_key(item);
        Cursor::after(created_at, id)
    });
    Page { items: items.into_iter().map(Listed::Readable).collect(), next }
}

fn no_such_package() -> Unavailable {
    Unavailable::new("MemoryCatalog", "there is no such package".into())
}
