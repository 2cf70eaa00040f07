//! Errors of the stages: transient or permanent.
//!
//! A *permanent* error is a property of the input: this file, this source version, this plan. A retry gives the same result, so
//! the content is Refused or the package Failed immediately, with a stable code and a sentence for people. Everything else is
//! *transient*: a throttled call, a lost connection, a permission that is missing until the deployment is fixed. It propagates
//! to the runtime, and the message is delivered again. A message whose retries are exhausted is dead-lettered, not dropped.

use crate::domain::unreadable::{UNREADABLE_RECORD, UnreadableRecord};

/// Any underlying error.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A call to a service failed: throttled, unreachable, denied, or with a response that cannot be parsed. Transient, unless
/// the call found a record that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{call} failed")]
pub struct Unavailable {
    call: &'static str,
    #[source]
    source: Cause,
}

impl Unavailable {
    /// Returns the failure of `call`, the service's name of the operation (`GetItem`).
    #[must_use]
    pub fn new(call: &'static str, source: Cause) -> Self {
        Self { call, source }
    }

    /// Returns the record that the call has found and that cannot be read, if that is why it failed.
    #[must_use]
    pub fn unreadable(&self) -> Option<&UnreadableRecord> {
        self.source.downcast_ref()
    }
}

impl From<UnreadableRecord> for Unavailable {
    fn from(record: UnreadableRecord) -> Self {
        Self::new("decoding a record", record.into())
    }
}

/// The error of a stage that did not finish. `Display` shows this layer only; the cause is the `source`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A property of the input. Never retried.
    #[error("{message}")]
    Permanent {
        /// A stable machine-readable code.
        code: &'static str,
        /// A human-readable sentence.
        message: String,
        /// The cause, if it is not of this layer.
        #[source]
        source: Option<Cause>,
    },
    /// Anything else. Retried.
    #[error("{operation} did not succeed")]
    Transient {
        /// The operation, as the subject of a sentence (`reading the plan`).
        operation: &'static str,
        /// The cause.
        #[source]
        source: Cause,
    },
}

impl Error {
    /// Converts an error of the packaging engine about the media.
    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(crate) fn of_media(error: vpp_media::Error) -> Self {
        Self::permanent(error.code(), error.to_string())
    }

    /// Creates a permanent error of this layer.
    pub(crate) fn permanent(code: &'static str, message: impl Into<String>) -> Self {
        Self::Permanent { code, message: message.into(), source: None }
    }

    /// Returns a function that converts the failure of a service call during `operation`. A record that cannot be read is a
    /// permanent error: a retry by this version finds the same record.
    pub(crate) fn unavailable(operation: &'static str) -> impl Fn(Unavailable) -> Self + Copy {
        move |source| match source.unreadable() {
            Some(record) => Self::permanent(UNREADABLE_RECORD, record.to_string()),
            None => Self::Transient { operation, source: source.into() },
        }
    }

    /// Returns whether the error is a record that cannot be read.
    #[must_use]
    pub fn is_unreadable_record(&self) -> bool {
        self.code() == UNREADABLE_RECORD
    }

    /// Returns a transient error for a condition that does not hold *yet*, because another copy of a stage is still running.
    pub(crate) fn not_yet(operation: &'static str, why: &'static str) -> Self {
        Self::Transient { operation, source: why.into() }
    }

    /// Returns the stable name of this error for the runtime and the logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Permanent { code, .. } => code,
            Self::Transient { .. } => "transient",
        }
    }

    /// Returns whether a retry may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}

/// Formats an error and its causes on one line, outermost first. Errors are logged once, where they leave the platform.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_shows_each_layer_once() {
        let unavailable = Unavailable::new("GetItem", "connection reset".into());
        let error = Error::unavailable("reading the package")(unavailable);
        assert_eq!(chain(&error), "reading the package did not succeed: GetItem failed: connection reset");
        assert!(error.is_transient());
    }
}
