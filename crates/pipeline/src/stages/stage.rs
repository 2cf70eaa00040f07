//! What every stage does around its work: find the package, and settle a permanent error.

use std::fmt;

use crate::domain::id::PackageId;
use crate::domain::package::Package;
use crate::domain::state::{Advance, Failure, Stage, Step, Transition, Work};
use crate::error::Error;
use crate::ports::{Catalog, Clock};

/// What handling a message came to. Each is an end: the message need not come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The stage did its work, or found it done, and sent the next message.
    Done,
    /// There was nothing to do: the package is past this stage.
    Nothing,
    /// A fact about the input made the work impossible.
    Failed(Failure),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Nothing => "nothing to do",
            Self::Failed(_) => "failed",
        })
    }
}

/// The package of a message, unless the message is of another attempt of it. A message is sent only after its package is written:
/// where there is none, it was deleted since.
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

/// Makes a package Failed, unless its stage is behind it, or the failure is another attempt's.
pub(crate) async fn fail<C: Catalog, K: Clock>(
    failure: Failure,
    id: &PackageId,
    attempt: Option<u64>,
    catalog: &C,
    clock: &K,
) -> Result<Outcome, Error> {
    let step = Step::Failed(failure.clone());
    let transition = Transition { of: attempt, at: clock.now(), step, work: Work::default() };
    let advance = catalog.advance(id, &transition).await.map_err(Error::unavailable("writing the failure"))?;
    Ok(match advance {
        Advance::Done => {
            tracing::warn!(stage = %failure.stage, code = failure.code, "package failed: {}", failure.message);
            Outcome::Failed(failure)
        }
        Advance::Stale(status) => {
            tracing::info!(%status, code = failure.code, "a late failure changes nothing");
            Outcome::Nothing
        }
    })
}
