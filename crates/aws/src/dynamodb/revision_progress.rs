//! The attributes of a package about its revisions.

use aws_sdk_dynamodb::types::AttributeValue;
use vpp_pipeline::domain::revision::{PublicationFailure, RevisionProgress};

use super::attributes::{Malformed, Reader, string};

/// The attribute of a package with its latest revision.
pub(super) const LATEST: &str = "revision";
/// The attribute of a package with its latest published revision.
pub(super) const PUBLISHED: &str = "revision_published";
/// The attribute of a package with the reason for which a revision is not published as it is.
pub(super) const FAILURE: &str = "revision_failure";

/// Writes the reason for which a revision is not published as it is.
pub(super) fn write_failure(failure: &PublicationFailure) -> AttributeValue {
    let PublicationFailure { code, message } = failure;
    let fields = [("code", code), ("message", message)];
    AttributeValue::M(fields.into_iter().map(|(name, value)| (name.to_owned(), string(value))).collect())
}

/// Reads the revisions of a package from its item.
pub(super) fn read_progress(item: Reader<'_>) -> Result<RevisionProgress, Malformed> {
    let failure = |item: Reader<'_>, name| {
        let failure = item.map(name)?;
        Ok(PublicationFailure { code: failure.text("code")?.to_owned(), message: failure.text("message")?.to_owned() })
    };
    Ok(RevisionProgress {
        latest: item.optional(LATEST, Reader::number)?.unwrap_or_default(),
        published: item.optional(PUBLISHED, Reader::number)?.unwrap_or_default(),
        failure: item.optional(FAILURE, failure)?,
    })
}

/// Returns whether a package has been edited.
pub(super) fn is_edited(item: Reader<'_>) -> bool {
    item.has(LATEST)
}
