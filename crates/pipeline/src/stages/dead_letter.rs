//! A message that was given up on makes its package Failed, with the reason.
//!
//! Messages land in a dead-letter queue when every try met a transient error. Nobody works on them any more, so what they
//! were about must say so. A package that has got past the stage of the message by another copy of it is left alone.

use crate::domain::content::{Content, Refusal, Verdict};
use crate::domain::id::PackageId;
use crate::domain::state::{Failure, Stage};
use crate::error::Error;
use crate::ports::{Catalog, Clock, Spent};
use crate::stages::ingest::Upload;
use crate::stages::stage::{Outcome, fail, package};

/// Code of a package whose stage never succeeded.
const RETRIES_EXHAUSTED: &str = "retries_exhausted";

/// A message that was given up on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetter {
    /// An upload that was never ingested to the end.
    Upload(Upload),
    /// A package that a stage could not carry on.
    Package {
        /// The package.
        id: PackageId,
        /// The stage.
        stage: Stage,
        /// The attempt of the package that the message belongs to; none for any.
        attempt: Option<u64>,
    },
}

/// The use case and its ports.
#[derive(Debug)]
pub struct DeadLetters<C, K> {
    /// Remembers contents and packages.
    pub catalog: C,
    /// The time.
    pub clock: K,
}

impl<C: Catalog, K: Clock> DeadLetters<C, K> {
    /// Handles one dead letter.
    ///
    /// # Errors
    /// Transient ones.
    pub async fn handle(&self, letter: &DeadLetter) -> Result<Outcome, Error> {
        match letter {
            DeadLetter::Upload(upload) => self.refuse(upload).await,
            DeadLetter::Package { id, stage, attempt } => self.fail(id, *stage, *attempt).await,
        }
    }

    /// A package that is gone, or is made anew, has nothing to do with it.
    async fn fail(&self, id: &PackageId, stage: Stage, attempt: Option<u64>) -> Result<Outcome, Error> {
        if package(&self.catalog, id, attempt).await?.is_none() {
            return Ok(Outcome::Nothing);
        }
        let message = format!("the {stage} stage was tried again and again and never succeeded; its log says why");
        let failure = Failure { stage, code: RETRIES_EXHAUSTED.to_owned(), message };
        fail(failure, id, attempt, &self.catalog, &self.clock).await
    }

    /// An upload without a verdict gets a provisional one; one with a verdict has a package that was never started.
    async fn refuse(&self, upload: &Upload) -> Result<Outcome, Error> {
        let id = upload.content_id();
        let known = self.catalog.content(&id).await.map_err(Error::unavailable("reading the content"))?;
        if let Some(content) = known {
            return match content.facts().and_then(|facts| facts.package.as_ref()) {
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
            spent: Spent::default(),
            created_at: self.clock.now(),
            verdict: Verdict::Refused(Refusal::ingest_failed()),
            deleted_at: None,
        };
        let created = self.catalog.create_content(&content, None).await;
        created.map_err(Error::unavailable("writing the refusal"))?;
        Ok(Outcome::Done)
    }
}
