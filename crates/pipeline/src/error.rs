//! Transient or permanent: the one question a stage asks of an error.
//!
//! *Permanent* is a fact about the input: this file, this source version, this plan. Trying again gives the same answer,
//! so the content is Refused or the package Failed at once, with a stable code and a sentence for people. *Transient* is
//! anything else: a throttled call, a lost connection, a permission that is missing until somebody fixes the deployment.
//! It goes up to the runtime, the message is delivered again, and what never succeeds is dead-lettered, not dropped.

use crate::ports::{StoreError, Unavailable};

/// Any underlying error.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a stage did not finish. `Display` says this layer only; the cause is the `source`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A fact about the input. Never retried.
    #[error("{message}")]
    Permanent {
        /// Stable, for programs and tables.
        code: &'static str,
        /// A sentence a person understands.
        message: String,
        /// What it came from, if not this layer.
        #[source]
        source: Option<Cause>,
    },
    /// Worth another try.
    #[error("{operation} did not succeed")]
    Transient {
        /// What was being done, as the start of a sentence.
        operation: &'static str,
        /// Why it did not succeed.
        #[source]
        source: Cause,
    },
}

impl Error {
    /// A verdict of the packaging engine about the media.
    #[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
    pub(crate) fn of_media(error: vpp_media::Error) -> Self {
        Self::permanent(error.code(), error.to_string())
    }

    /// A fact this layer found out itself.
    pub(crate) fn permanent(code: &'static str, message: impl Into<String>) -> Self {
        Self::Permanent { code, message: message.into(), source: None }
    }

    /// A service that did not answer `operation`.
    pub(crate) fn unavailable(operation: &'static str) -> impl Fn(Unavailable) -> Self + Copy {
        move |source| Self::Transient { operation, source: source.into() }
    }

    /// Something that is not as it must be *yet*: another copy of a stage is still at work.
    pub(crate) fn not_yet(operation: &'static str, why: &'static str) -> Self {
        Self::Transient { operation, source: why.into() }
    }

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
            StoreError::UploadOver { .. } => Self::Permanent {
                code: "upload_expired",
                message: "the parts of an output file were given up before it was complete; package the file again"
                    .into(),
                source: Some(error.into()),
            },
            other => Self::of_store(operation, other),
        }
    }

    /// The stable name of this error for the runtime and the logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Permanent { code, .. } => code,
            Self::Transient { .. } => "transient",
        }
    }

    /// Whether another try may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}

/// An error and its causes on one line, outermost first: how the edge logs it, once.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_says_each_layer_once() {
        let unavailable = Unavailable::new("GetItem", "connection reset".into());
        let error = Error::unavailable("reading the package")(unavailable);
        assert_eq!(chain(&error), "reading the package did not succeed: GetItem failed: connection reset");
        assert!(error.is_transient());
    }
}
