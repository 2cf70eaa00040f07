//! Transient or permanent: the one question a stage asks of an error.
//!
//! *Permanent* is a fact about the input: this file, this source version, this plan. Trying again gives the same answer,
//! so the content is Refused or the package Failed at once, with a stable code and a sentence for people. *Transient* is
//! anything else: a throttled call, a lost connection, a permission that is missing until somebody fixes the deployment.
//! It goes up to the runtime, the message is delivered again, and what never succeeds is dead-lettered, not dropped.

/// Any underlying error.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A service did not do what it was asked: throttled, unreachable, denied, or with an answer that makes no sense.
/// Always worth another try.
#[derive(Debug, thiserror::Error)]
#[error("{call} failed")]
pub struct Unavailable {
    call: &'static str,
    #[source]
    source: Cause,
}

impl Unavailable {
    /// `call` is the service's own name of the call (`GetItem`).
    #[must_use]
    pub fn new(call: &'static str, source: Cause) -> Self {
        Self { call, source }
    }
}

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
