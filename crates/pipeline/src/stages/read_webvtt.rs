//! Reads an uploaded WebVTT file.

use vpp_media::text::{MAX_SIDECAR_BYTES, WebVttFile};

use crate::domain::object::{ETag, Location};
use crate::error::Error;
use crate::ports::{ObjectStore, StoreError};

/// Reads the `WebVTT` file at `location`. Returns `None` when the file has no WebVTT signature, or is too large.
///
/// # Errors
/// A permanent error when the file has the signature but is malformed, and every error of the store.
pub(crate) async fn read_webvtt<S: ObjectStore>(
    store: &S,
    location: &Location,
    etag: &ETag,
    bytes: u64,
) -> Result<Option<WebVttFile>, Error> {
    if bytes > MAX_SIDECAR_BYTES as u64 {
        return Ok(None);
    }
    let text = store.read(location, Some(etag), 0..bytes).await.map_err(StoreError::into_source_error)?;
    if !WebVttFile::is_signed(&text) {
        return Ok(None);
    }
    WebVttFile::parse(&text).map(Some).map_err(Error::of_media)
}
