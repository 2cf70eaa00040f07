//! `mp4probe`, in a process of its own.
//!
//! The probe gets a sparse file: as long as the upload, with only the index written, at its true offset. It limits its own
//! memory and processor time; the wall clock is limited here. It gets an empty environment but for `PATH`, so that a parser
//! of hostile bytes holds no credentials, and it is killed when it is not waited for any more.

use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use vpp_pipeline::ports::{Piece, Probe, ProbeError, ProbeReport, Unavailable};

/// Time the probe has. It needs milliseconds for an ordinary file, and seconds for the largest index there is.
const LIMIT: Duration = Duration::from_secs(30);
/// Bytes of a report that are read; a report of a hundred tracks has 30 KB.
const REPORT: u64 = 1024 * 1024;
/// Bytes of a complaint that are read.
const COMPLAINT: u64 = 4 * 1024;

/// The probe's executable and its time limit.
#[derive(Debug, Clone)]
pub struct ProbeProcess {
    program: String,
    limit: Duration,
}

impl Default for ProbeProcess {
    /// `mp4probe` on the `PATH`: the layer's.
    fn default() -> Self {
        Self::new("mp4probe", LIMIT)
    }
}

impl ProbeProcess {
    /// `program`, which is stopped after `limit`.
    #[must_use]
    pub fn new(program: impl Into<String>, limit: Duration) -> Self {
        Self { program: program.into(), limit }
    }

    fn start(&self, file: &NamedTempFile) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg(file.path()).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn()
    }
}

/// How a probe ended, and what it said.
struct Ended {
    status: ExitStatus,
    report: Vec<u8>,
    complaint: Vec<u8>,
}

impl Probe for ProbeProcess {
    async fn probe(&self, length: u64, pieces: &[Piece<'_>]) -> Result<ProbeReport, ProbeError> {
        let file = sparse_file(length, pieces).map_err(unavailable("writing the header file"))?;
        let child = self.start(&file).map_err(unavailable("starting mp4probe"))?;
        let ended = tokio::time::timeout(self.limit, wait(child)).await;
        let ended = ended.map_err(|_| ProbeError::TimedOut { limit: self.limit })?;
        verdict(&ended.map_err(unavailable("waiting for mp4probe"))?)
    }
}

/// A file of `length` bytes that takes no more room than `pieces`.
fn sparse_file(length: u64, pieces: &[Piece<'_>]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.as_file().set_len(length)?;
    for (offset, bytes) in pieces {
        file.seek(SeekFrom::Start(*offset))?;
        file.write_all(bytes)?;
    }
    Ok(file)
}

async fn wait(mut child: Child) -> io::Result<Ended> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (report, complaint) = futures_util::try_join!(read(stdout, REPORT), read(stderr, COMPLAINT))?;
    Ok(Ended { status: child.wait().await?, report, complaint })
}

/// What comes out of a pipe, up to `bound` bytes; then the pipe is closed.
async fn read(pipe: Option<impl AsyncRead + Unpin>, bound: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(bound).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn verdict(ended: &Ended) -> Result<ProbeReport, ProbeError> {
    match (ended.status.code(), ended.status.signal()) {
        (Some(0), _) => serde_json::from_slice(&ended.report).map_err(|_| ProbeError::Garbled),
        (Some(1), _) => Err(ProbeError::Refused { reason: reason(&ended.complaint) }),
        (_, Some(signal)) => Err(ProbeError::Crashed { how: format!("signal {signal}") }),
        (code, None) => Err(ProbeError::Crashed { how: format!("exit status {}", code.unwrap_or_default()) }),
    }
}

/// The probe's own words.
fn reason(complaint: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Complaint {
        error: String,
    }
    serde_json::from_slice(complaint)
        .map_or_else(|_| "no reason given".to_owned(), |complaint: Complaint| complaint.error)
}

fn unavailable(what: &'static str) -> impl Fn(io::Error) -> ProbeError {
    move |error| ProbeError::Unavailable(Unavailable::new(what, error.into()))
}
