//! The outcome of handling a message.

use std::fmt;

use crate::domain::state::Failure;

/// The outcome of handling a message. After each of these the message is deleted from its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The stage did its work, or found it done, and sent the next message.
    Done,
    /// There was nothing to do: the package is past this stage, deleted, or of another attempt.
    Nothing,
    /// A permanent error: the package is Failed.
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
