//! Deletes the objects and records of a package, or the file of a content.
//!
//! The API has written the tombstone; this job does the deletion. It may stop at any point and starts again with the next
//! delivery of its message. Every operation can be repeated.
//!
//! Functions that are still running make this difficult. No function starts work on a package that is Deleting, but one that
//! started earlier may write segments after this job has deleted them. The run time of a function is limited. So the job
//! deletes all objects twice: immediately, because users expect it, and again when every function that may have been running
//! must have ended. That is [`Settings::max_run_time`] after the last time at which a function may have started. Only then does
//! the job delete the receipts, and the package with its tombstone. A package that has been Ready for longer than that takes
//! one pass.
//!
//! The CDN may cache deleted objects for a year. So once no function writes any more, the job invalidates the cached objects of
//! the package. The tombstone stays until the invalidation has completed, because a package that is requested again must not be
//! served from the old cache.
//!
//! Two copies of the job may run concurrently, and a slow copy must not continue to delete after the other has finished and the
//! package has been requested again. So a copy takes a lease, which is valid for the longest run time of a function. A copy
//! that finds the lease taken checks again after the lease has expired, so it also takes over from a copy that was stopped.
//!
//! The job checks again by sending its message again, at most [`MAX_PASSES`] times: a job that does not end by then fails, and its
//! message is redelivered and dead-lettered like any other.
//!
//! A message of an earlier attempt that is delivered even later finds no package, or the next attempt: see
//! [`crate::domain::state`].

use std::time::Duration;

use crate::domain::id::{ContentId, PackageId};
use crate::domain::layout;
use crate::domain::message::{DeletionMessage, DeletionTarget};
use crate::domain::object::Location;
use crate::domain::outcome::Outcome;
use crate::error::Error;
use crate::ports::{
    Catalog, Clock, DelayQueue, DeletionRecords, EdgeCache, InvalidationStatus, ObjectDeleter, ObjectStore,
};

/// Tolerance for clock differences, added to the longest run time.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);
/// The longest delay between two passes: the longest delay of a queue.
const MAX_DELAY: Duration = Duration::from_mins(15);

/// Maximum number of times that a deletion sends its message again: for two days, in which the CDN completes 7,000 invalidations.
pub const MAX_PASSES: u32 = 500;

/// The buckets, and the longest run time of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bucket of plans and staged parts.
    pub work_bucket: String,
    /// Bucket of streams.
    pub output_bucket: String,
    /// The longest run time of a function.
    pub max_run_time: Duration,
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Delete<S, C, Q, E, K> {
    /// Deletes objects.
    pub store: S,
    /// Stores packages and contents.
    pub catalog: C,
    /// The deletion queue.
    pub queue: Q,
    /// The CDN's cache.
    pub edge_cache: E,
    /// The clock.
    pub clock: K,
    /// Settings.
    pub settings: Settings,
}

impl<S, C, Q, E, K> Delete<S, C, Q, E, K>
where
    S: ObjectStore + ObjectDeleter,
    C: Catalog + DeletionRecords,
    Q: DelayQueue<DeletionMessage>,
    E: EdgeCache,
    K: Clock,
{
    /// Handles one message.
    ///
    /// # Errors
    /// Transient errors, and a record that cannot be read.
    pub async fn handle(&self, message: &DeletionMessage) -> Result<Outcome, Error> {
        match &message.target {
            DeletionTarget::Package { packaged_content_id, attempt } => {
                self.package(packaged_content_id, *attempt, message).await
            }
            DeletionTarget::Content { input_content_id } => self.content(input_content_id).await,
        }
    }

    async fn package(&self, id: &PackageId, attempt: u64, message: &DeletionMessage) -> Result<Outcome, Error> {
        let found = self.catalog.package_deletion(id).await.map_err(Error::unavailable("reading the package"))?;
        let Some(deletion) = found.filter(|deletion| deletion.attempt == attempt) else { return Ok(Outcome::Nothing) };
        let now = self.clock.now();
        let leased = self.catalog.lease_deletion(id, attempt, now, now.after(self.settings.max_run_time)).await;
        if !leased.map_err(Error::unavailable("leasing the deletion"))? {
            return self.check_again(message).await;
        }
        self.delete_objects(id).await?;
        if now.since(deletion.at_rest_since) < self.settings.max_run_time {
            return self.check_again(message).await;
        }
        let invalidation = self.edge_cache.invalidate(id, attempt, message.invalidation.as_deref()).await;
        let invalidation = invalidation.map_err(Error::unavailable("invalidating the CDN's cache"))?;
        match invalidation.status {
            InvalidationStatus::Completed => {}
            InvalidationStatus::InProgress => {
                let mut message = message.clone();
                message.invalidation = invalidation.id;
                return self.check_again(&message).await;
            }
        }
        let purged = self.catalog.purge_package(id, attempt).await;
        purged.map_err(Error::unavailable("deleting the package's records"))?;
        Ok(Outcome::Done)
    }

    /// Sends the message again, delayed until every function that may be running now has ended.
    async fn check_again(&self, message: &DeletionMessage) -> Result<Outcome, Error> {
        if message.passes >= MAX_PASSES {
            let source = format!("it has not ended after {MAX_PASSES} passes").into();
            return Err(Error::Transient { operation: "the deletion", source });
        }
        let mut message = message.clone();
        message.passes += 1;
        let delay = (self.settings.max_run_time + CLOCK_TOLERANCE).min(MAX_DELAY);
        let sent = self.queue.send_delayed(&message, delay).await;
        sent.map_err(Error::unavailable("sending the deletion again"))?;
        Ok(Outcome::Done)
    }

    /// Deletes all objects under the package's id, and aborts its incomplete uploads.
    async fn delete_objects(&self, package: &PackageId) -> Result<(), Error> {
        let (work, output) = (&self.settings.work_bucket, &self.settings.output_bucket);
        let uploads = match self.catalog.uploads(package).await {
            // The bucket's lifecycle aborts these uploads.
            Err(error) if error.unreadable().is_some() => None,
            uploads => uploads.map_err(Error::unavailable("reading the uploads"))?,
        };
        for upload in uploads.into_iter().flatten() {
            let path = upload.representation.single_file_path();
            let at = Location::new(output, layout::output_key(package, &path));
            let aborted = self.store.abort_upload(&at, &upload.id).await;
            aborted.map_err(|error| error.into_error("aborting an upload"))?;
        }
        for (bucket, prefix) in [
            (output, layout::output_key(package, "")),
            (work, layout::plan_key(package)),
            (work, layout::staged_parts_prefix(package)),
        ] {
            let deleted = self.store.delete_prefix(bucket, &prefix).await;
            deleted.map_err(|error| error.into_error("deleting objects"))?;
        }
        Ok(())
    }

    /// Deletes the file of a content; the tombstone stays.
    async fn content(&self, id: &ContentId) -> Result<Outcome, Error> {
        let found = self.catalog.deleted_file(id).await.map_err(Error::unavailable("reading the content"))?;
        let Some(file) = found else { return Ok(Outcome::Nothing) };
        let deleted = self.store.delete_version(&file.location, file.version_id.as_deref(), &file.etag).await;
        deleted.map_err(|error| error.into_error("deleting the source"))?;
        Ok(Outcome::Done)
    }
}
