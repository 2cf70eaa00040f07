//! The steps that all stages share: reading the package, and storing a permanent error as the package's failure.

use crate::domain::id::PackageId;
use crate::domain::outcome::Outcome;
use crate::domain::package::Package;
use crate::domain::revision::{Publication, PublicationFailure};
use crate::domain::state::{Advance, Failure, Stage, StageWork, Step, Transition};
use crate::error::Error;
use crate::ports::{Catalog, Clock, Revisions};

/// Returns the package of a message, unless the message belongs to another attempt. A message is sent after its package is
/// written, so a missing package has been deleted since.
pub(crate) async fn package<C: Catalog>(
    catalog: &C,
    id: &PackageId,
    attempt: Option<u64>,
) -> Result<Option<Package>, Error> {
    let found = catalog.package(id).await.map_err(Error::unavailable("reading the package"))?;
    Ok(found.filter(|package| attempt.is_none_or(|attempt| attempt == package.attempt)))
}

/// Stores a permanent error of `stage` as the package's failure, and returns any other result unchanged.
pub(crate) async fn settle<C: Catalog, K: Clock>(
    result: Result<Outcome, Error>,
    stage: Stage,
    id: &PackageId,
    attempt: Option<u64>,
    catalog: &C,
    clock: &K,
) -> Result<Outcome, Error> {
    let (code, message) = match result {
        Err(Error::Permanent { code, message, .. }) => (code, message),
        other => return other,
    };
    let failure = Failure { stage, code: code.to_owned(), message };
    fail(failure, id, attempt, catalog, clock).await
}

/// Stores whether the latest revision of a package is published, and the reason if it is not as requested.
pub(crate) async fn settle_revision<C: Revisions>(
    catalog: &C,
    package: &Package,
    is_written: bool,
    failure: Option<PublicationFailure>,
) -> Result<(), Error> {
    let publication = Publication { number: package.revisions.latest, is_written, failure };
    let settled = catalog.settle_revision(&package.id, package.attempt, &publication).await;
    settled.map_err(Error::unavailable("writing the publication"))
}

/// Makes a package Failed, unless it is past the stage or of another attempt.
pub(crate) async fn fail<C: Catalog, K: Clock>(
    failure: Failure,
    id: &PackageId,
    attempt: Option<u64>,
    catalog: &C,
    clock: &K,
) -> Result<Outcome, Error> {
    let step = Step::Failed(failure.clone());
    let transition = Transition { attempt, at: clock.now(), step, work: StageWork::default() };
    let advance = catalog.advance(id, &transition).await.map_err(Error::unavailable("writing the failure"))?;
    Ok(match advance {
        Advance::Done => {
            tracing::warn!(stage = %failure.stage, code = failure.code, "package failed: {}", failure.message);
            Outcome::Failed(failure)
        }
        Advance::Stale(status) => {
            tracing::info!(%status, code = failure.code, "late failure ignored");
            Outcome::Nothing
        }
    })
}
