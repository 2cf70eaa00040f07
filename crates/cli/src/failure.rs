//! How the command fails.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Why nothing was packaged; `Display` is what the user reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The movie or the request is refused, with a stable code.
    #[error("{code}: {message}")]
    Refused {
        /// The refusal code.
        code: &'static str,
        /// What is wrong, where, and what to do.
        message: String,
    },
    /// Arguments that do not go together.
    #[error("error: {0}")]
    Usage(&'static str),
    /// A file could not be read or written.
    #[error("error: {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said: printed with the path, since nothing prints the chain after this.
        source: io::Error,
    },
}

impl Failure {
    /// An I/O error at `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// The documented exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused { .. } => 1,
            Self::Usage(_) => 2,
            Self::Io { .. } => 3,
        })
    }
}

impl From<vpp_media::Error> for Failure {
    fn from(error: vpp_media::Error) -> Self {
        Self::Refused { code: error.code(), message: error.to_string() }
    }
}
