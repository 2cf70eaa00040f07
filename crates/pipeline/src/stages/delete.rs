//! Delete what was made of a package, or the file of a content.
//!
//! Whoever asks for it has written the tombstone; this is the job behind it, which may stop anywhere and begins again with the
//! next delivery. Everything it does may be done twice.
//!
//! The hard part is what other functions still write. None begins to work on a package that is Deleting, but one that had begun
//! before may put its segments there after this job has looked. It runs for a bounded time, though. So all objects are deleted
//! at once, for people want them gone; and once more when every function that may have been at work must have ended, which is
//! [`Settings::longest_run`] after the package came to rest. Only then are the receipts forgotten, and with the package itself
//! the tombstone. A package that has been Ready for longer than that takes one pass.
//!
//! The CDN may keep what is gone from the buckets for a year. So when nothing more is written, it has all of the package forgotten,
//! and the tombstone stays until it says that this is done: a package that may be asked for again is served as it is made again.
//!
//! Two copies of the job may run at the same time, and one that is slow must not go on deleting when the other is done and the
//! package is asked for again. So a copy takes a lease, which lasts as long as a function can run; who finds it taken looks again
//! when it is over. A copy that was stopped is followed by the next after that time.
//!
//! A message of an earlier attempt that is delivered even later finds no package, or the next attempt of it: see [`crate::domain::state`].

use std::time::Duration;

use crate::domain::content::Content;
use crate::domain::id::{ContentId, PackageId};
use crate::domain::layout;
use crate::domain::message::{DeletionMessage, DeletionTarget};
use crate::domain::package::Package;
use crate::domain::state::State;
use crate::error::Error;
use crate::ports::{Catalog, Clock, DelayQueue, EdgeCache, Forgetting, Library, Location, ObjectRemover, ObjectStore};
use crate::stages::stage::Outcome;

/// What is waited beyond the longest run, for clocks that differ.
const SPARE: Duration = Duration::from_secs(1);
/// Longest wait between two looks, within what queues can keep a message for.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Where everything lies, and how long functions run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bucket of plans.
    pub work_bucket: String,
    /// Bucket of streams.
    pub output_bucket: String,
    /// The time after which every function that has begun has ended.
    pub longest_run: Duration,
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Delete<S, C, Q, E, K> {
    /// Deletes objects.
    pub store: S,
    /// Knows and forgets packages and contents.
    pub catalog: C,
    /// Its own queue.
    pub queue: Q,
    /// What the CDN keeps.
    pub edge_cache: E,
    /// The time.
    pub clock: K,
    /// Settings.
    pub settings: Settings,
}

impl<S, C, Q, E, K> Delete<S, C, Q, E, K>
where
    S: ObjectStore + ObjectRemover,
    C: Catalog + Library,
    Q: DelayQueue<DeletionMessage>,
    E: EdgeCache,
    K: Clock,
{
    /// Handles one message.
    ///
    /// # Errors
    /// Transient ones.
    pub async fn handle(&self, message: &DeletionMessage) -> Result<Outcome, Error> {
        match &message.what {
            DeletionTarget::Package { packaged_content_id, attempt } => {
                self.package(packaged_content_id, *attempt, message).await
            }
            DeletionTarget::Content { input_content_id } => self.content(input_content_id).await,
        }
    }

    async fn package(&self, id: &PackageId, attempt: u64, message: &DeletionMessage) -> Result<Outcome, Error> {
        let found = self.catalog.package(id).await.map_err(Error::unavailable("reading the package"))?;
        let doomed = found.filter(|own| own.attempt == attempt && matches!(own.state, State::Deleting { .. }));
        let Some(package) = doomed else { return Ok(Outcome::Nothing) };
        let now = self.clock.now();
        let leased = self.catalog.lease_deletion(id, attempt, now, now.after(self.settings.longest_run)).await;
        if !leased.map_err(Error::unavailable("taking the deletion"))? {
            return self.look_again(message).await;
        }
        self.remove_objects(&package).await?;
        let rested = package.state.at_rest_since().map_or(Duration::ZERO, |since| now.since(since));
        if rested < self.settings.longest_run {
            return self.look_again(message).await;
        }
        let forgetting = self.edge_cache.forget(id, attempt).await;
        match forgetting.map_err(Error::unavailable("having the CDN forget the package"))? {
            Forgetting::Done => {}
            Forgetting::UnderWay => return self.look_again(message).await,
        }
        let forgotten = self.catalog.forget_package(id, attempt).await;
        forgotten.map_err(Error::unavailable("forgetting the package"))?;
        Ok(Outcome::Done)
    }

    /// When whoever may be at work now has ended, and the CDN is done.
    async fn look_again(&self, message: &DeletionMessage) -> Result<Outcome, Error> {
        let wait = (self.settings.longest_run + SPARE).min(LONGEST_WAIT);
        let sent = self.queue.send_later(message, wait).await;
        sent.map_err(Error::unavailable("sending the deletion on"))?;
        Ok(Outcome::Done)
    }

    /// Everything that lies under the package's id, parts that were never completed included.
    async fn remove_objects(&self, package: &Package) -> Result<(), Error> {
        let (work, output) = (&self.settings.work_bucket, &self.settings.output_bucket);
        let uploads = self.catalog.uploads(&package.id).await.map_err(Error::unavailable("reading the uploads"))?;
        for upload in uploads.into_iter().flatten() {
            let path = layout::single_file_path(&upload.representation);
            let at = Location::new(output, layout::output_key(&package.id, &path));
            let given_up = self.store.abandon_upload(&at, &upload.id).await;
            given_up.map_err(|error| Error::of_store("giving an upload up", error))?;
        }
        for (bucket, prefix) in [
            (output, layout::output_key(&package.id, "")),
            (work, layout::plan_key(&package.id)),
            (work, layout::pieces_prefix(&package.id)),
        ] {
            let removed = self.store.remove_all(bucket, &prefix).await;
            removed.map_err(|error| Error::of_store("deleting objects", error))?;
        }
        Ok(())
    }

    /// The file of a content; the tombstone stays.
    async fn content(&self, id: &ContentId) -> Result<Outcome, Error> {
        let found = self.catalog.content(id).await.map_err(Error::unavailable("reading the content"))?;
        let Some(content) = found.filter(Content::is_deleted) else { return Ok(Outcome::Nothing) };
        let removed = self.store.remove_version(&content.location, content.version_id.as_deref(), &content.etag).await;
        removed.map_err(|error| Error::of_store("deleting the source", error))?;
        Ok(Outcome::Done)
    }
}
