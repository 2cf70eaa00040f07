//! Handles dead letters: marks the package of a dead-lettered message Failed, with the reason.
//!
//! A message is dead-lettered after every delivery failed with a transient error. No stage will process it again, so its
//! package must report that. A package that another copy of the message has moved past the stage is unchanged.

use crate::domain::content::{Content, Refusal, Verdict};
use crate::domain::dead_letter::DeadLetter;
use crate::domain::id::PackageId;
use crate::domain::outcome::Outcome;
use crate::domain::package::Package;
use crate::domain::resource_usage::ResourceUsage;
use crate::domain::revision::PublicationFailure;
use crate::domain::state::{Failure, Stage};
use crate::domain::uploaded_object::UploadedObject;
use crate::error::Error;
use crate::ports::{Catalog, Clock, Revisions};
use crate::stages::stage::{fail, package, settle_revision};

/// Code of a package whose message was dead-lettered.
const RETRIES_EXHAUSTED: &str = "retries_exhausted";

/// The use case and its ports.
#[derive(Debug)]
pub struct DeadLetters<C, K> {
    /// Stores contents and packages.
    pub catalog: C,
    /// The clock.
    pub clock: K,
}

impl<C: Catalog + Revisions, K: Clock> DeadLetters<C, K> {
    /// Handles one dead letter.
    ///
    /// # Errors
    /// Transient errors only.
    pub async fn handle(&self, letter: &DeadLetter) -> Result<Outcome, Error> {
        match letter {
            DeadLetter::Upload(upload) => self.refuse(upload).await,
            DeadLetter::Package { id, stage, attempt } => self.fail(id, *stage, *attempt).await,
            DeadLetter::Edit(id) => self.settle(id).await,
        }
    }

    /// Makes a package Failed, unless it is deleted or of another attempt.
    async fn fail(&self, id: &PackageId, stage: Stage, attempt: Option<u64>) -> Result<Outcome, Error> {
        if self.readable(id, attempt).await?.is_none() {
            return Ok(Outcome::Nothing);
        }
        let message = format!("the {stage} stage failed on every retry; its log has the reason");
        let failure = Failure { stage, code: RETRIES_EXHAUSTED.to_owned(), message };
        fail(failure, id, attempt, &self.catalog, &self.clock).await
    }

    /// Stores the reason for which the latest revision is not published. The package plays as before.
    async fn settle(&self, id: &PackageId) -> Result<Outcome, Error> {
        let Some(package) = self.readable(id, None).await? else { return Ok(Outcome::Nothing) };
        let message =
            "writing the manifests failed on every retry; the log of the dash stage has the reason".to_owned();
        let failure = Some(PublicationFailure { code: RETRIES_EXHAUSTED.to_owned(), message });
        settle_revision(&self.catalog, &package, false, failure).await?;
        Ok(Outcome::Done)
    }

    /// Returns the package, unless it is deleted, of another attempt, or not readable: the version that can read it continues it
    /// with a retry.
    async fn readable(&self, id: &PackageId, attempt: Option<u64>) -> Result<Option<Package>, Error> {
        match package(&self.catalog, id, attempt).await {
            Err(error) if error.is_unreadable_record() => Ok(None),
            found => found,
        }
    }

    /// Gives an upload without a verdict a provisional refusal. An upload with a verdict has a package that was not started:
    /// makes that package Failed.
    async fn refuse(&self, upload: &UploadedObject) -> Result<Outcome, Error> {
        let id = upload.content_id();
        let known = match self.catalog.content(&id).await.map_err(Error::unavailable("reading the content")) {
            Err(error) if error.is_unreadable_record() => return Ok(Outcome::Nothing),
            known => known?,
        };
        if let Some(content) = known {
            return match content.media_info().and_then(|info| info.package.as_ref()) {
                Some(package) => self.fail(package, Stage::Ingest, None).await,
                None => Ok(Outcome::Nothing),
            };
        }
        let content = Content {
            id,
            location: upload.location.clone(),
            etag: upload.etag.clone(),
            version_id: upload.version_id.clone(),
            bytes: upload.bytes,
            bytes_read: 0,
            usage: ResourceUsage::default(),
            created_at: self.clock.now(),
            verdict: Verdict::Refused(Refusal::ingest_failed()),
            deleted_at: None,
        };
        let created = self.catalog.create_content(&content, None).await;
        created.map_err(Error::unavailable("writing the refusal"))?;
        Ok(Outcome::Done)
    }
}
