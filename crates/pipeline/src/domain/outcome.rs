//! The outcome of a message that was handled.

use std::fmt;

use crate::domain::state::Failure;

/// What handling a message came to. Each is an end: the message need not come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The stage did its work, or found it done, and sent the next message.
    Done,
    /// There was nothing to do: the package is past this stage.
    Nothing,
    /// A fact about the input made the work impossible.
    Failed(Failure),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Nothing => "nothing to do",
            Self::Failed(_) => "failed",
        })
    }
}
