//! `mp4probe`, in a separate process.
//!
//! The probe reads a sparse file: as long as the upload, with only the movie box written, at its true offset. The probe limits
//! its own memory and processor time; this module limits the wall-clock time. The environment of the probe has only `PATH`, so
//! that a parser of untrusted input holds no credentials. The process is killed when its result is no longer awaited.

use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use vpp_pipeline::domain::probe_report::ProbeReport;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{FileChunk, Probe, ProbeError};

use crate::emf;

/// Time limit of the probe. It needs milliseconds for an ordinary file, and seconds for the largest movie box.
const LIMIT: Duration = Duration::from_secs(30);
/// Maximum number of bytes that are read of a report; a report of a hundred tracks has 30 KB.
const MAX_REPORT: u64 = 1024 * 1024;
/// Maximum number of bytes that are read of an error.
const MAX_ERROR: u64 = 4 * 1024;

/// Exit status: the probe rejected the file.
const REFUSED: i32 = 1;
/// Exit status: the probe does not know an option, as after an upgrade of the function before that of its layer.
const INVALID_COMMAND_LINE: i32 = 2;
/// Exit status: the system refused to confine the probe, which did not open the file.
const NOT_CONFINED: i32 = 3;

/// The probe's executable and its time limit.
#[derive(Debug, Clone)]
pub struct ProbeProcess {
    program: String,
    limit: Duration,
    allow_unconfined: bool,
}

impl Default for ProbeProcess {
    /// Uses `mp4probe` on the `PATH`, which the layer contains.
    fn default() -> Self {
        Self::new("mp4probe", LIMIT)
    }
}

impl ProbeProcess {
    /// Runs `program`, and kills it after `limit`.
    #[must_use]
    pub fn new(program: impl Into<String>, limit: Duration) -> Self {
        Self { program: program.into(), limit, allow_unconfined: false }
    }

    /// Sets whether the probe reads files even where the system refuses to confine it.
    #[must_use]
    pub fn allow_unconfined(mut self, allow_unconfined: bool) -> Self {
        self.allow_unconfined = allow_unconfined;
        self
    }

    fn start(&self, file: &NamedTempFile) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(self.allow_unconfined.then_some("--allow-unconfined"));
        command.arg(file.path()).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn()
    }
}

/// The exit status and the output of a probe.
struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Probe for ProbeProcess {
    async fn probe(&self, length: u64, chunks: &[FileChunk<'_>]) -> Result<ProbeReport, ProbeError> {
        let file = sparse_file(length, chunks).map_err(unavailable("writing the header file"))?;
        let child = self.start(&file).map_err(unavailable("starting mp4probe"))?;
        let output = tokio::time::timeout(self.limit, wait(child)).await;
        let output = output.map_err(|_| ProbeError::TimedOut { limit: self.limit })?;
        report(&output.map_err(unavailable("waiting for mp4probe"))?)
    }
}

/// Creates a file of `length` bytes that occupies no more space than `chunks`.
fn sparse_file(length: u64, chunks: &[FileChunk<'_>]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.as_file().set_len(length)?;
    for (offset, bytes) in chunks {
        file.seek(SeekFrom::Start(*offset))?;
        file.write_all(bytes)?;
    }
    Ok(file)
}

async fn wait(mut child: Child) -> io::Result<Output> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = futures_util::try_join!(read(stdout, MAX_REPORT), read(stderr, MAX_ERROR))?;
    Ok(Output { status: child.wait().await?, stdout, stderr })
}

/// Reads a pipe, up to `limit` bytes, and closes it.
async fn read(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn report(output: &Output) -> Result<ProbeReport, ProbeError> {
    match (output.status.code(), output.status.signal()) {
        (Some(0), _) => serde_json::from_slice(&output.stdout).map_err(|_| ProbeError::InvalidReport),
        (Some(NOT_CONFINED), _) => {
            emf::count_probe_not_confined();
            Err(not_examined("confining mp4probe", output))
        }
        // The dynamic loader also exits with status 1, and a shell with 126 or 127, when a program cannot start.
        (Some(REFUSED), _) => match reason(&output.stderr) {
            Some(reason) => Err(ProbeError::Refused { reason }),
            None => Err(not_examined("starting mp4probe", output)),
        },
        (Some(INVALID_COMMAND_LINE | 126 | 127), _) => Err(not_examined("starting mp4probe", output)),
        (_, Some(signal)) => Err(ProbeError::Crashed { how: format!("signal {signal}") }),
        (code, None) => Err(ProbeError::Crashed { how: format!("exit status {}", code.unwrap_or_default()) }),
    }
}

/// Returns the reason that the probe prints, if it printed one.
fn reason(stderr: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    serde_json::from_slice(stderr).ok().map(|refusal: Refusal| refusal.error)
}

/// Returns the error of a probe that ended before it opened the file.
fn not_examined(what: &'static str, output: &Output) -> ProbeError {
    let reason = reason(&output.stderr).unwrap_or_else(|| String::from_utf8_lossy(&output.stderr).trim().to_owned());
    unavailable(what)(io::Error::other(format!("{}: {reason}", output.status)))
}

fn unavailable(what: &'static str) -> impl Fn(io::Error) -> ProbeError {
    move |error| ProbeError::Unavailable(Unavailable::new(what, error.into()))
}
