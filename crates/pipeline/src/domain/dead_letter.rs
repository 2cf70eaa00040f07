//! A dead letter: a message whose retries are exhausted.

use crate::domain::id::PackageId;
use crate::domain::state::Stage;
use crate::domain::uploaded_object::UploadedObject;

/// A message from a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetter {
    /// An upload that ingest did not finish.
    Upload(UploadedObject),
    /// A package that a stage did not finish.
    Package {
        /// The package.
        id: PackageId,
        /// The stage.
        stage: Stage,
        /// The attempt of the package that the message belongs to; `None` for any.
        attempt: Option<u64>,
    },
    /// A package whose latest revision was not published.
    Edit(PackageId),
}
