//! S3 errors as errors of the object store ports.

use vpp_pipeline::domain::object::Location;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::StoreError;

/// Error codes of a HEAD for an object that does not exist.
pub(super) const NOT_FOUND: [Option<&str>; 2] = [Some("NotFound"), Some("NoSuchKey")];
/// The error code for a multipart upload that was completed, aborted, or has expired.
pub(super) const NO_SUCH_UPLOAD: Option<&str> = Some("NoSuchUpload");

/// The version id of an object that was written before its bucket had versions, or to a bucket without them.
pub(super) const NO_VERSION: &str = "null";

/// Returns the error for an object at `at` that cannot be accessed.
pub(super) fn unreachable(at: &Location, source: Unavailable) -> StoreError {
    StoreError::Unavailable { at: at.clone(), source }
}
