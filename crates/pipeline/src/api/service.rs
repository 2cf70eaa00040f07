//! The API's use cases: reading contents and packages, and deleting contents. [`super::packages`] has those that create and
//! change packages.

use std::time::Duration;

use crate::api::lookups;
use crate::api::request_error::{RequestError, unavailable};
use crate::domain::content::Content;
use crate::domain::id::{ContentId, PackageId};
use crate::domain::layout;
use crate::domain::listing::{ContentFilter, Cursor, PackageFilter, Page};
use crate::domain::message::{DashMessage, DeletionMessage, DeletionTarget, FragmentMessage};
use crate::domain::package::Package;
use crate::domain::timestamp::Timestamp;
use crate::ports::{Catalog, Clock, DeletionRecords, KeyVault, Listing, Queue, RequestRecords, Tombstone};

/// The platform's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Start of every stream's URL, without a trailing slash.
    pub delivery_url: String,
    /// Target duration of segments, unless the caller requests another.
    pub segment_duration: Duration,
    /// Whether the CDN requires signed paths.
    pub private: bool,
    /// How long the record of a deleted content is kept: longer than an event or a message about its file may be late.
    pub deleted_content: Duration,
}

/// The catalog as the API uses it.
pub trait ApiCatalog: Catalog + Listing + DeletionRecords + RequestRecords {}

impl<C: Catalog + Listing + DeletionRecords + RequestRecords> ApiCatalog for C {}

/// The queues that the API sends to.
pub trait ApiQueue: Queue<FragmentMessage> + Queue<DashMessage> + Queue<DeletionMessage> {}

impl<Q: Queue<FragmentMessage> + Queue<DashMessage> + Queue<DeletionMessage>> ApiQueue for Q {}

/// The use cases and their ports.
#[derive(Debug)]
pub struct Api<C, Q, V, K> {
    /// Stores contents and packages.
    pub catalog: C,
    /// The queues of the stages.
    pub queue: Q,
    /// Generates and wraps content keys.
    pub vault: V,
    /// The clock.
    pub clock: K,
    /// Settings.
    pub settings: Settings,
}

impl<C, Q, V, K> Api<C, Q, V, K>
where
    C: ApiCatalog,
    Q: ApiQueue,
    V: KeyVault,
    K: Clock,
{
    /// Returns a package.
    ///
    /// # Errors
    /// When it does not exist, or the platform is unavailable.
    pub async fn package(&self, id: &PackageId) -> Result<Package, RequestError> {
        lookups::package(&self.catalog, id).await
    }

    /// Returns a content.
    ///
    /// # Errors
    /// When it does not exist, or the platform is unavailable.
    pub async fn content(&self, id: &ContentId) -> Result<Content, RequestError> {
        lookups::content(&self.catalog, id).await
    }

    /// Lists at most `limit` contents, newest first.
    ///
    /// # Errors
    /// When the platform is unavailable.
    pub async fn contents(
        &self,
        filter: &ContentFilter,
        limit: u16,
        after: Option<&Cursor<ContentId>>,
    ) -> Result<Page<Content, ContentId>, RequestError> {
        self.catalog.contents(filter, limit, after).await.map_err(unavailable("listing the contents"))
    }

    /// Lists at most `limit` packages, newest first.
    ///
    /// # Errors
    /// When the platform is unavailable.
    pub async fn packages(
        &self,
        filter: &PackageFilter,
        limit: u16,
        after: Option<&Cursor<PackageId>>,
    ) -> Result<Page<Package, PackageId>, RequestError> {
        self.catalog.packages(filter, limit, after).await.map_err(unavailable("listing the packages"))
    }

    /// Returns the URL of the package's manifest, which exists once the package is Ready. No URL is stored, so that it follows
    /// a change of the domain.
    #[must_use]
    pub fn url(&self, package: &Package) -> String {
        layout::manifest_url(&self.settings.delivery_url, &package.id)
    }

    /// Deletes a content and its file. Packages of the content stay. The record is removed later: see
    /// [`Settings::deleted_content`].
    ///
    /// # Errors
    /// When it does not exist, or the platform is unavailable.
    pub async fn delete_content(&self, id: &ContentId) -> Result<Content, RequestError> {
        let found = self.catalog.content(id).await.map_err(unavailable("reading the content"))?;
        let content = found.ok_or(RequestError::UnknownContent)?;
        let at = self.clock.now();
        self.start_content_deletion(id, at).await?;
        Ok(Content { deleted_at: content.deleted_at.or(Some(at)), ..content })
    }

    /// Deletes a content whose record cannot be read, and its file.
    ///
    /// # Errors
    /// When the platform is unavailable.
    pub async fn delete_unreadable_content(&self, id: &ContentId) -> Result<(), RequestError> {
        self.start_content_deletion(id, self.clock.now()).await
    }

    async fn start_content_deletion(&self, id: &ContentId, at: Timestamp) -> Result<(), RequestError> {
        let tombstone = Tombstone { deleted_at: at, forget_at: at.after(self.settings.deleted_content) };
        self.catalog.mark_content_deleted(id, tombstone).await.map_err(unavailable("writing the tombstone"))?;
        let message = DeletionMessage::new(DeletionTarget::Content { input_content_id: id.clone() });
        self.queue.send_all(&[message]).await.map_err(unavailable("starting the deletion"))
    }
}
