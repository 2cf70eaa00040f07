//! The probe: a second demuxer (Bento4) that examines an uploaded file in a separate process.

use std::future::Future;
use std::time::Duration;

use crate::domain::probe_report::ProbeReport;
use crate::error::Unavailable;

/// Bytes of a file, with their offset.
pub type FileChunk<'a> = (u64, &'a [u8]);

/// The reason that the probe returned no report.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The probe read the file and rejected it.
    #[error("the probe rejected the file: {reason}")]
    Refused {
        /// The probe's message.
        reason: String,
    },
    /// The probe crashed on the file.
    #[error("the probe ended abnormally ({how})")]
    Crashed {
        /// How the process ended (`signal 11`).
        how: String,
    },
    /// The probe did not finish in time.
    #[error("the probe was stopped after {} s", limit.as_secs())]
    TimedOut {
        /// The time limit.
        limit: Duration,
    },
    /// The probe's output is not a report.
    #[error("the probe's report cannot be parsed")]
    InvalidReport,
    /// The probe could not be started, or could not be confined: nothing is known about the file.
    #[error("the probe did not open the file")]
    Unavailable(#[source] Unavailable),
}

/// Examines a file of which only the index is available.
pub trait Probe: Send + Sync {
    /// Returns the report on a file of `length` bytes. Bytes that are not in `chunks` read as zeros.
    fn probe(
        &self,
        length: u64,
        chunks: &[FileChunk<'_>],
    ) -> impl Future<Output = Result<ProbeReport, ProbeError>> + Send;
}
