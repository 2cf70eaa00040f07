//! `vpp`: package or inspect a local movie with the engine of the platform, byte for byte as the pipeline does; or have a
//! deployed platform do it.
//!
//! | exit | means |
//! |---|---|
//! | 0 | done |
//! | 1 | the movie or the request is refused, or the package has failed: `code: message` on stderr |
//! | 2 | the command line is wrong |
//! | 3 | a file could not be read or written |
//! | 4 | the platform cannot be reached, or does not answer as it should, however often it is tried |
//! | 5 | the token is not accepted, or is not of the role that it takes |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its standard streams")]

mod args;
mod failure;
mod input;
mod inspect;
mod output;
mod package;
mod platform;
mod shell;

use std::fmt::Display;
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use args::{Cli, Command};
use failure::Failure;
use platform::{Show, commands, upload};

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Package(args) => {
            local(args.resolve().and_then(|job| package::run(&job).map(|summary| said(job.json, &summary))))
        }
        Command::Inspect(own) => local(inspect::run(&own).map(|findings| said(own.json, &findings))),
        Command::Completions { shell } => local(Ok(shell::completions(shell))),
        Command::Manual { folder } => local(shell::manual(&folder).map(|()| String::new())),
        Command::Upload(own) => remote(own.json, |show| upload::run(&own, &own.connection.open()?, show)),
        Command::Request(own) => remote(own.json, |show| commands::request(&own, &own.connection.open()?, show)),
        Command::List(own) => remote(own.json, |show| commands::list(&own, &own.connection.open()?, show)),
        Command::Url(own) => remote(own.json, |show| commands::url(&own, &own.connection.open()?, show)),
        Command::Status(own) => {
            remote(own.json, |show| own.connection.open().map(|platform| commands::status(&own, &platform, show)))
        }
        Command::Delete(own) => {
            remote(own.json, |show| own.connection.open().map(|platform| commands::remove(&own, &platform, show)))
        }
        Command::Retry(own) => {
            remote(own.json, |show| own.connection.open().map(|platform| commands::retry(&own, &platform, show)))
        }
    }
}

/// What works on local files, and says all of it at the end.
fn local(outcome: Result<String, Failure>) -> ExitCode {
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

/// What works with a platform, and says what happens as it happens.
fn remote(json: bool, work: impl FnOnce(&Show) -> Result<(), Failure>) -> ExitCode {
    let show = Show::new(json);
    if let Err(failure) = work(&show) {
        show.failed("", &failure);
    }
    show.exit_code()
}

fn said<T: Display + Serialize>(as_json: bool, what: &T) -> String {
    if as_json { format!("{}\n", serde_json::json!(what)) } else { what.to_string() }
}
