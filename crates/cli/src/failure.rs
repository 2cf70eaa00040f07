//! How the command fails.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::platform::problem::Problem;

const RECONNECT: &str = "see that the address is right and the network is there, then run the command again";

/// Why it was not done; `Display` is what the user reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The movie or the request is refused, or the package failed, with a stable code.
    #[error("{code}: {message}")]
    Refused {
        /// The code of the refusal or failure.
        code: Cow<'static, str>,
        /// What is wrong, where, and what to do.
        message: String,
    },
    /// Arguments that do not go together.
    #[error("error: {0}")]
    Usage(Cow<'static, str>),
    /// A file could not be read or written.
    #[error("error: {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said: printed with the path, since nothing prints the chain after this.
        source: io::Error,
    },
    /// The platform did not do it.
    #[error("{0}")]
    Platform(Box<Problem>),
    /// Nothing answers, however often it is tried.
    #[error(
        "unreachable: {address}: {reason}\n  see that the address is right and the network is there, then run the command again"
    )]
    Unreachable {
        /// What was asked, without what is secret in its address.
        address: String,
        /// What the last try came to.
        reason: String,
    },
}

impl Failure {
    /// An I/O error at `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// A wrong command line.
    pub(crate) fn usage(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Usage(message.into())
    }

    /// A refusal or a failure.
    pub(crate) fn refused(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Refused { code: code.into(), message: message.into() }
    }

    /// The documented exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit_status())
    }

    /// Whether it is of no use to ask for anything else.
    pub(crate) fn concerns_all(&self) -> bool {
        matches!(self.exit_status(), 4 | 5)
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Io { .. } => 3,
            Self::Unreachable { .. } => 4,
            Self::Platform(problem) if problem.is_passing() => 4,
            Self::Platform(problem) if problem.is_credential() => 5,
            Self::Refused { .. } | Self::Platform(_) => 1,
        }
    }

    /// For programs: the line of type `error`, with what it is about.
    pub(crate) fn view(&self, about: &str) -> Value {
        let (code, message, action) = match self {
            Self::Refused { code, message } => (code.as_ref(), message.clone(), None),
            Self::Usage(message) => ("usage", message.to_string(), None),
            Self::Io { path, source } => ("io", format!("{}: {source}", path.display()), None),
            Self::Platform(problem) => (problem.code.as_str(), problem.detail.clone(), problem.action()),
            Self::Unreachable { address, reason } => ("unreachable", format!("{address}: {reason}"), Some(RECONNECT)),
        };
        let mut view = json!({"type": "error", "code": code, "message": message, "exit": self.exit_status()});
        if let Some(action) = action {
            view["action"] = action.into();
        }
        if !about.is_empty() {
            view["about"] = about.into();
        }
        if let Self::Platform(problem) = self {
            view["status"] = problem.status.into();
            view["field"] = problem.field.clone().into();
        }
        view
    }
}

impl From<vpp_media::Error> for Failure {
    fn from(error: vpp_media::Error) -> Self {
        Self::refused(error.code(), error.to_string())
    }
}
