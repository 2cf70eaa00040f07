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
//! 2: invalid command line. 3: the system refuses a limit or the filter, and the file was not opened; `{"error": "…"}` is on
//! standard error. A signal means that a limit was reached or that the parser crashed.
//!
//! With `--allow-unconfined`, the process reads the file without the limits and the filter that the system refuses.

mod bento4;
mod confinement;
mod limits;
mod report;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use limits::Limits;

const USAGE: &str = "usage: mp4probe [--memory-mib N] [--cpu-seconds N] [--allow-unconfined] FILE";
const INVALID_COMMAND_LINE: u8 = 2;
const NOT_CONFINED: u8 = 3;

/// The command line.
struct Arguments {
    limits: Limits,
    allow_unconfined: bool,
    file: PathBuf,
}

fn main() -> ExitCode {
    let Some(arguments) = arguments(std::env::args_os().skip(1)) else {
        report_error(USAGE);
        return ExitCode::from(INVALID_COMMAND_LINE);
    };
    for confined in [arguments.limits.apply().map_err(Into::into), confinement::apply()] {
        if let Err(error) = confined
            && !arguments.allow_unconfined
        {
            report_error(&format!("the process cannot be confined: {error}"));
            return ExitCode::from(NOT_CONFINED);
        }
    }
    match describe(&arguments.file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Parses the command line.
fn arguments(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Option<Arguments> {
    let (mut limits, mut allow_unconfined) = (Limits::default(), false);
    let mut file = None;
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next()?.to_str()?.parse().ok();
        match argument.to_str() {
            Some("--memory-mib") => limits.memory_mib = number()?,
            Some("--cpu-seconds") => limits.cpu_seconds = number()?,
            Some("--allow-unconfined") => allow_unconfined = true,
            Some(option) if option.starts_with("--") => return None,
            _ if file.is_some() => return None,
            _ => file = Some(PathBuf::from(argument)),
        }
    }
    Some(Arguments { limits, allow_unconfined, file: file? })
}

/// Prints the report on a file.
fn describe(file: &Path) -> Result<(), Box<dyn Error>> {
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
