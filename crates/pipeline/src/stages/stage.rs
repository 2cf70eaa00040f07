//! What every stage does around its work: it reads the package, and turns a permanent error into the package's failure.

use crate::domain::id::PackageId;
use crate::domain::outcome::Outcome;
use crate::domain::package::Package;
use crate::domain::state::{Advance, Failure, Stage, StageWork, Step, Transition};
use crate::error::Error;
use crate::ports::{Catalog, Clock};

/// Returns the package of a message, unless the message belongs to another attempt. A message is sent after its package is
/// written, so a package that does not exist was deleted since.
pub(crate) async fn package<C: Catalog>(
    catalog: &C,
    id: &PackageId,
    attempt: Option<u64>,
) -> Result<Option<Package>, Error> {
    let found = catalog.package(id).await.map_err(Error::unavailable("reading the package"))?;
    Ok(found.filter(|package| attempt.is_none_or(|attempt| attempt == package.attempt)))
}

/// Turns a permanent error of `stage` into the package's failure; a transient one stays an error.
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
