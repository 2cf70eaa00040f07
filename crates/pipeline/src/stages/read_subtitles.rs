//! Reads an uploaded subtitle file.

use vpp_media::sidecar::{SidecarFile, SubtitleFormat};
use vpp_media::text::MAX_SIDECAR_BYTES;

use crate::domain::object::{ETag, Location};
use crate::error::Error;
use crate::ports::{ObjectStore, StoreError};

/// Reads the subtitle file at `location`. Returns `None` when the file has none of the supported formats, or is too large.
///
/// # Errors
/// A permanent error when the file has a supported format but is malformed, and every error of the store.
pub(crate) async fn read_subtitles<S: ObjectStore>(
    store: &S,
    location: &Location,
    etag: &ETag,
    bytes: u64,
) -> Result<Option<SidecarFile>, Error> {
    if bytes > MAX_SIDECAR_BYTES as u64 {
        return Ok(None);
    }
    let text = store.read(location, Some(etag), 0..bytes).await.map_err(StoreError::into_source_error)?;
    if SubtitleFormat::of(&text).is_none() {
        return Ok(None);
    }
    SidecarFile::read(&text).map(Some).map_err(Error::of_media)
}
