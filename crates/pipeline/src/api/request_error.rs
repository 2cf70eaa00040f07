//! Errors of API requests.

use vpp_media::edits::EditError;

use crate::api::edits::MAX_ADDED;
use crate::domain::revision::MAX_REVISIONS;
use crate::domain::unreadable::UnreadableRecord;
use crate::error::{Error, Unavailable};
use crate::ports::KeyError;

/// The reason for refusing a request. `Display` is the message for the caller.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The content does not exist.
    #[error("there is no content with this id")]
    UnknownContent,
    /// A content that is named in `subtitles` is not a subtitle file.
    #[error("a content named in `subtitles` is not a subtitle file: upload a WebVTT file and name its id")]
    NotSubtitles,
    /// The package does not exist.
    #[error("there is no package with this id")]
    UnknownPackage,
    /// The content cannot be packaged.
    #[error("the content {origin} was refused ({code}): {message}")]
    ContentRefused {
        /// The file of the content.
        origin: String,
        /// The refusal's code.
        code: String,
        /// The refusal's message.
        message: String,
    },
    /// The package is being deleted.
    #[error("this package is being deleted: request it again in some minutes")]
    Deleting,
    /// The upload does not exist.
    #[error("there is no upload with this id: it was aborted, or is older than two days")]
    UnknownUpload,
    /// Parts of an upload have not arrived.
    #[error("{} not arrived at full length: {}", count(.missing), numbers(.missing))]
    UploadIncomplete {
        /// Numbers of the missing parts.
        missing: Vec<u16>,
    },
    /// The store no longer has the parts of an upload.
    #[error("the parts of this upload have expired: begin another upload")]
    UploadExpired,
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request: use another key, or repeat that request unchanged")]
    KeyReused,
    /// The key provider did not deliver a key.
    #[error(transparent)]
    NoKey(KeyError),
    /// The package is not playable.
    #[error("this package cannot be played yet: edit it once it is playable")]
    NotEditable,
    /// The package has another latest revision than the request expects.
    #[error("the latest revision of this package is {latest}: read it, and edit that one")]
    RevisionChanged {
        /// The latest revision.
        latest: u32,
    },
    /// The revision does not exist.
    #[error("this package has no revision with this number")]
    UnknownRevision,
    /// The edit names a wrong track.
    #[error(transparent)]
    Edit(EditError),
    /// The revision would add too many subtitle files.
    #[error("a revision adds at most {MAX_ADDED} subtitle files: remove some")]
    TooManySubtitles,
    /// The package has too many revisions.
    #[error("this package has {MAX_REVISIONS} revisions, which is the limit")]
    TooManyRevisions,
    /// There is nothing to retry.
    #[error("this package is Ready: there is nothing to retry")]
    NothingToRetry,
    /// A record that the request needs cannot be read.
    #[error("{0}; upgrade the platform to the version that wrote it, or delete it")]
    Unreadable(UnreadableRecord),
    /// A service of the platform is unavailable; a retry may succeed.
    #[error("the platform could not do this just now: try again")]
    Unavailable(#[source] Error),
}

/// The number of missing parts that a message lists.
const MAX_LISTED: usize = 20;

fn count(missing: &[u16]) -> String {
    match missing.len() {
        1 => "1 part of the upload has".to_owned(),
        more => format!("{more} parts of the upload have"),
    }
}

fn numbers(missing: &[u16]) -> String {
    let listed: Vec<String> = missing.iter().take(MAX_LISTED).map(ToString::to_string).collect();
    let more = if missing.len() > MAX_LISTED { " and more" } else { "" };
    format!("{}{more}", listed.join(", "))
}

/// Returns a function that converts a service failure during `operation`.
pub(crate) fn unavailable(operation: &'static str) -> impl Fn(Unavailable) -> RequestError {
    move |source| match source.unreadable() {
        Some(record) => RequestError::Unreadable(record.clone()),
        None => RequestError::Unavailable(Error::unavailable(operation)(source)),
    }
}
