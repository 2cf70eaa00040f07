//! Errors of the object store, and the stage errors that they become.

use crate::domain::object::Location;
use crate::error::{Error, Unavailable};

/// The error of a read or write of an object.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The object does not exist.
    #[error("{at} does not exist")]
    Missing {
        /// The requested object.
        at: Location,
    },
    /// The object is not at the requested version.
    #[error("{at} is another version now")]
    Changed {
        /// The requested object.
        at: Location,
    },
    /// The object exists with other bytes.
    #[error("{at} exists with other bytes")]
    DifferentBytes {
        /// The existing object.
        at: Location,
    },
    /// The multipart upload is complete or was aborted.
    #[error("the upload of {at} has ended")]
    UploadEnded {
        /// The object of the upload.
        at: Location,
    },
    /// The store is unavailable.
    #[error("{at} could not be reached")]
    Unavailable {
        /// The requested object.
        at: Location,
        /// The cause.
        #[source]
        source: Unavailable,
    },
}

impl StoreError {
    /// Converts a failed read of an uploaded file. The error is permanent if the file was deleted or replaced.
    pub(crate) fn into_source_error(self) -> Error {
        match self {
            Self::Missing { .. } => Error::Permanent {
                code: "source_missing",
                message: "the uploaded file was deleted before it was packaged: upload it again".into(),
                source: Some(self.into()),
            },
            Self::Changed { .. } => Error::Permanent {
                code: "source_changed",
                message:
                    "the uploaded file was replaced by another while it was read; the new file has another content id"
                        .into(),
                source: Some(self.into()),
            },
            other => other.into_error("reading the source"),
        }
    }

    /// Converts a failed read or write of one of the platform's objects. The error is permanent if the bytes differ.
    pub(crate) fn into_error(self, operation: &'static str) -> Error {
        match self {
            Self::DifferentBytes { .. } => Error::Permanent {
                code: "different_bytes",
                message: "an output object exists already with other bytes; it was not overwritten".into(),
                source: Some(self.into()),
            },
            other => Error::Transient { operation, source: other.into() },
        }
    }

    /// Converts a failed completion of an upload. The error is permanent if the upload was aborted and the object does not
    /// exist.
    pub(crate) fn into_completion_error(self, operation: &'static str) -> Error {
        match self {
            Self::UploadEnded { .. } => Error::Permanent {
                code: "upload_expired",
                message: "the parts of an output file expired before it was complete; package the file again".into(),
                source: Some(self.into()),
            },
            other => other.into_error(operation),
        }
    }
}
