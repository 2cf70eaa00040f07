//! `vpp`: package or inspect a local movie with the engine of the platform, byte for byte as the pipeline does.
//!
//! | exit | means |
//! |---|---|
//! | 0 | packaged, or inspected |
//! | 1 | the movie or the request is refused: `code: message` on stderr |
//! | 2 | the command line is wrong |
//! | 3 | a file could not be read or written |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its standard streams")]

mod args;
mod failure;
mod input;
mod inspect;
mod output;
mod package;

use std::fmt::Display;
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use args::{Cli, Command};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Package(args) => {
            args.resolve().and_then(|job| package::run(&job).map(|summary| said(job.json, &summary)))
        }
        Command::Inspect(inspection) => inspect::run(&inspection).map(|findings| said(inspection.json, &findings)),
    };
    match outcome {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

fn said<T: Display + Serialize>(as_json: bool, what: &T) -> String {
    if as_json { format!("{}\n", serde_json::json!(what)) } else { what.to_string() }
}
