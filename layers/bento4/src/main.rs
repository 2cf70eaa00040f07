//! `mp4probe`: describes the container and tracks of an MP4 file with Bento4, as one JSON object.
//!
//! The ingest function runs this program on every upload, which is untrusted input. Bento4 is a large C++ parser, so it runs in
//! a separate process that limits and confines itself before it opens the file. The worst that a hostile file can do is to
//! crash this process; the caller then refuses the file. The caller also limits the wall-clock time, which this process cannot
//! limit.
//!
//! The file may be sparse. Only the box headers up to the movie box, the `ftyp` and the `moov` are read; media data is not.
//!
//! Exit status 0: the report is on standard output. 1: the file cannot be described, and `{"error": "…"}` is on standard error.
//! 2: invalid command line. A signal means that a limit was reached or that the parser crashed.

mod bento4;
mod confinement;
mod limits;
mod report;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use limits::Limits;

const USAGE: &str = "usage: mp4probe [--memory-mib N] [--cpu-seconds N] FILE";

fn main() -> ExitCode {
    let Some((limits, file)) = arguments(std::env::args_os().skip(1)) else {
        report_error(USAGE);
        return ExitCode::from(2);
    };
    match run(limits, &file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Parses the command line: the limits and the file.
fn arguments(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Option<(Limits, PathBuf)> {
    let mut limits = Limits::default();
    let mut file = None;
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next()?.to_str()?.parse().ok();
        match argument.to_str() {
            Some("--memory-mib") => limits.memory_mib = number()?,
            Some("--cpu-seconds") => limits.cpu_seconds = number()?,
            Some(option) if option.starts_with("--") => return None,
            _ if file.is_some() => return None,
            _ => file = Some(PathBuf::from(argument)),
        }
    }
    Some((limits, file?))
}

fn run(limits: Limits, file: &Path) -> Result<(), Box<dyn Error>> {
    limits.apply()?;
    confinement::apply()?;
    let movie = bento4::Movie::open(file)?;
    let report = serde_json::to_string(&report::Report::of(&movie)?)?;
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// Prints `{"error": "…"}` to standard error. If that fails, the exit status still reports the error.
fn report_error(message: &str) {
    let line = serde_json::json!({ "error": message }).to_string();
    let _ = writeln!(std::io::stderr(), "{line}");
}
