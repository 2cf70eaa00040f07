//! Writes a file of a stream that never changes.

use crate::domain::id::PackageId;
use crate::domain::layout;
use crate::domain::object::{Digest, Location};
use crate::error::Error;
use crate::ports::{Body, NewObject, ObjectStore};

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
    let at = Location::new(output_bucket, layout::output_key(package, path));
    let object = NewObject::new(body, layout::output_headers(path));
    let digest = object.digest;
    let put = store.put_if_absent(&at, object).await;
    put.map(|_| digest).map_err(|error| error.into_error(operation))
}
