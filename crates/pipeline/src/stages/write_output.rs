//! Writes a file of a stream that never changes.

use crate::domain::id::PackageId;
use crate::domain::layout;
use crate::domain::object::{Digest, Location};
use crate::domain::when::RetentionDays;
use crate::error::Error;
use crate::ports::{Body, NewObject, ObjectStore, PutOutcome};

/// A file that exists now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenFile {
    pub(crate) digest: Digest,
    /// Whether it is new.
    pub(crate) outcome: PutOutcome,
}

/// Writes the file at `path` of a package, with the headers of the path, unless it exists. Returns its digest. `operation` is the
/// subject of the error.
///
/// # Errors
/// Transient errors, and a permanent one if the file exists with other bytes.
pub(crate) async fn write_output<S: ObjectStore>(
    store: &S,
    output_bucket: &str,
    package: &PackageId,
    path: &str,
    body: impl Into<Body>,
    operation: &'static str,
) -> Result<Digest, Error> {
    let written = write_output_for(store, output_bucket, package, path, body, None, operation).await;
    written.map(|written| written.digest)
}

/// Writes a file like [`write_output`], which expires if `retention` says so.
///
/// # Errors
/// Those of [`write_output`].
pub(crate) async fn write_output_for<S: ObjectStore>(
    store: &S,
    output_bucket: &str,
    package: &PackageId,
    path: &str,
    body: impl Into<Body>,
    retention: Option<RetentionDays>,
    operation: &'static str,
) -> Result<WrittenFile, Error> {
    let at = Location::new(output_bucket, layout::output_key(package, path));
    let object = NewObject::new(body, layout::output_headers(path)).retained(retention);
    let digest = object.digest;
    let put = store.put_if_absent(&at, object).await;
    put.map(|outcome| WrittenFile { digest, outcome }).map_err(|error| error.into_error(operation))
}
