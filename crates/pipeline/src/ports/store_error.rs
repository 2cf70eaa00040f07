//! Why an object was not read or written, and what a stage makes of it.

use crate::domain::object::Location;
use crate::error::{Error, Unavailable};

/// Why an object was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("{at} does not exist")]
    Missing {
        /// The object asked for.
        at: Location,
    },
    /// The object is not the version asked for.
    #[error("{at} is another version now")]
    Changed {
        /// The object asked for.
        at: Location,
    },
    /// An object of other bytes stands where these were to go.
    #[error("{at} exists with other bytes")]
    DifferentBytes {
        /// The object that stands there.
        at: Location,
    },
    /// The upload is complete, or was given up.
    #[error("the upload of {at} is over")]
    UploadEnded {
        /// The object that was uploaded.
        at: Location,
    },
    /// The store did not answer.
    #[error("{at} could not be reached")]
    Unavailable {
        /// The object asked for.
        at: Location,
        /// Why.
        #[source]
        source: Unavailable,
    },
}

impl Error {
    /// A failed read of the uploaded file: that it is gone or replaced is a fact about the input.
    pub(crate) fn of_source(error: StoreError) -> Self {
        match error {
            StoreError::Missing { .. } => Self::Permanent {
                code: "source_missing",
                message: "the uploaded file was deleted before it was packaged: upload it again".into(),
                source: Some(error.into()),
            },
            StoreError::Changed { .. } => Self::Permanent {
                code: "source_changed",
                message: "the uploaded file was replaced by another while it was read; the new one has a content id of its own"
                    .into(),
                source: Some(error.into()),
            },
            other => Self::of_store("reading the source", other),
        }
    }

    /// A failed read or write of an object the platform itself wrote.
    pub(crate) fn of_store(operation: &'static str, error: StoreError) -> Self {
        match error {
            StoreError::DifferentBytes { .. } => Self::Permanent {
                code: "different_bytes",
                message: "an output object exists already with other bytes; it was left as it is".into(),
                source: Some(error.into()),
            },
            other => Self::Transient { operation, source: other.into() },
        }
    }

    /// A failed completion: that an upload was given up, and no object has come of it, is final.
    pub(crate) fn of_completion(operation: &'static str, error: StoreError) -> Self {
        match error {
            StoreError::UploadEnded { .. } => Self::Permanent {
                code: "upload_expired",
                message: "the parts of an output file were given up before it was complete; package the file again"
                    .into(),
                source: Some(error.into()),
            },
            other => Self::of_store(operation, other),
        }
    }
}
