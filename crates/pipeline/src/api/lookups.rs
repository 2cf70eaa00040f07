//! Reads of the records that requests name, for all use cases of the API.

use crate::api::request_error::{RequestError, unavailable};
use crate::domain::content::Content;
use crate::domain::id::{ContentId, PackageId};
use crate::domain::package::Package;
use crate::domain::subtitles::{SubtitleDescription, SubtitleFile};
use crate::ports::Catalog;

/// Returns a package.
pub(super) async fn package<C: Catalog>(catalog: &C, id: &PackageId) -> Result<Package, RequestError> {
    let found = catalog.package(id).await.map_err(unavailable("reading the package"))?;
    found.ok_or(RequestError::UnknownPackage)
}

/// Returns a content that is not deleted.
pub(super) async fn content<C: Catalog>(catalog: &C, id: &ContentId) -> Result<Content, RequestError> {
    let found = catalog.content(id).await.map_err(unavailable("reading the content"))?;
    found.filter(|content| !content.is_deleted()).ok_or(RequestError::UnknownContent)
}

/// Returns the subtitle files that a request names.
pub(super) async fn subtitles<C: Catalog>(
    catalog: &C,
    requested: &[(ContentId, SubtitleDescription)],
) -> Result<Vec<SubtitleFile>, RequestError> {
    let mut subtitles = Vec::new();
    for (id, description) in requested {
        let content = content(catalog, id).await?;
        subtitles.push(content.as_subtitles(description.clone()).ok_or(RequestError::NotSubtitles)?);
    }
    Ok(subtitles)
}
