//! The failures of a command and their exit statuses.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::platform::problem::Problem;

const CHECK_CONNECTION: &str = "check the address and the network connection, then run the command again";

/// The reason why a command failed. `Display` is the text that a person reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The movie or the request is refused, or the package failed. Carries a stable code.
    #[error("{code}: {message}")]
    Refused {
        /// The code of the refusal or failure.
        code: Cow<'static, str>,
        /// The reason, the location, and the action to take.
        message: String,
    },
    /// Invalid or conflicting arguments.
    #[error("error: {0}")]
    Usage(Cow<'static, str>),
    /// A file could not be read or written.
    #[error("error: {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system. It is part of the message because nothing prints the error chain.
        source: io::Error,
    },
    /// A signal requested the end of the command.
    #[error("error: interrupted by signal {signal}: no package was written")]
    Interrupted {
        /// The number of the signal.
        signal: u8,
    },
    /// The platform answered with an error.
    #[error("{0}")]
    Platform(Box<Problem>),
    /// The platform did not answer, even after retries.
    #[error("unreachable: {address}: {reason}\n  {CHECK_CONNECTION}")]
    Unreachable {
        /// The address of the request, without the secret parts of it.
        address: String,
        /// The error of the last call.
        reason: String,
    },
}

impl Failure {
    /// Returns a function that converts an I/O error at `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Returns a usage error.
    pub(crate) fn usage(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Usage(message.into())
    }

    /// Returns a refusal or failure with a stable code.
    pub(crate) fn refused(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Refused { code: code.into(), message: message.into() }
    }

    /// Names the file that a refusal is about.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Refused { code, message } => {
                Self::Refused { code, message: format!("{}: {message}", path.display()) }
            }
            failure => failure,
        }
    }

    /// Returns the documented exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit_status())
    }

    /// Returns whether every other request to the platform would fail in the same way.
    pub(crate) fn affects_all_requests(&self) -> bool {
        matches!(self.exit_status(), 4 | 5)
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Io { .. } => 3,
            // Like a shell reports a program that a signal ended.
            Self::Interrupted { signal } => signal.saturating_add(128),
            Self::Unreachable { .. } => 4,
            Self::Platform(problem) if problem.is_retryable() => 4,
            Self::Platform(problem) if problem.is_credential_error() => 5,
            Self::Refused { .. } | Self::Platform(_) => 1,
        }
    }

    /// Returns the JSON object of type `error`, with its `subject`: a file, an ID, or an empty string.
    pub(crate) fn to_json(&self, subject: &str) -> Value {
        let (code, message, action) = match self {
            Self::Refused { code, message } => (code.as_ref(), message.clone(), None),
            Self::Usage(message) => ("usage", message.to_string(), None),
            Self::Io { path, source } => ("io", format!("{}: {source}", path.display()), None),
            Self::Interrupted { .. } => ("interrupted", self.to_string(), None),
            Self::Platform(problem) => (problem.code.as_str(), problem.detail.clone(), problem.action()),
            Self::Unreachable { address, reason } => {
                ("unreachable", format!("{address}: {reason}"), Some(CHECK_CONNECTION))
            }
        };
        let mut object = json!({"type": "error", "code": code, "message": message, "exit": self.exit_status()});
        if let Some(action) = action {
            object["action"] = action.into();
        }
        if !subject.is_empty() {
            object["about"] = subject.into();
        }
        if let Self::Platform(problem) = self {
            object["status"] = problem.status.into();
            object["field"] = problem.field.clone().into();
        }
        object
    }
}

impl From<vpp_media::Error> for Failure {
    fn from(error: vpp_media::Error) -> Self {
        Self::refused(error.code(), error.to_string())
    }
}
