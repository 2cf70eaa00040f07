//! `vpp`: packages and inspects local movies with the same engine and the same output bytes as the platform, works with a
//! deployed platform over its API, and looks for its faults (`vpp doctor`).
//!
//! | exit status | meaning |
//! |---|---|
//! | 0 | success |
//! | 1 | the movie or the request is refused, or the package failed: `code: message` on stderr; `vpp doctor` found a fault |
//! | 2 | usage error |
//! | 3 | a file could not be read or written |
//! | 4 | the platform is unreachable, or still answers with 429 or 5xx after all retries |
//! | 5 | the token is not accepted, or its role is insufficient |
//! | 128 + n | `vpp package` was interrupted by signal n |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command prints to its standard streams")]

mod args;
mod argument_types;
mod doctor;
mod failure;
mod input;
mod inspect;
mod interruption;
mod job;
mod output;
mod package;
mod platform;
mod replacement;
mod shell;
mod summary;
mod terminal;
mod workers;

use std::fmt::Display;
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use args::{Cli, Command};
use failure::Failure;
use job::Job;
use platform::{PlatformClient, PlatformOptions, Reporter, commands, edit, request, upload};
use terminal::escaped_lines;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Package(args) => {
            let json = args.json;
            print_result(Job::resolve(*args).and_then(|job| package::run(&job)).map(|summary| format(json, &summary)))
        }
        Command::Inspect(args) => print_result(inspect::run(&args).map(|inspection| format(args.json, &inspection))),
        Command::Doctor(args) => doctor::run(&args).unwrap_or_else(|failure| fail(&failure)),
        Command::Completions { shell } => print_result(Ok(shell::completions(shell))),
        Command::Manual { folder } => print_result(shell::manual(&folder).map(|()| String::new())),
        Command::Upload(args) => {
            on_platform(&args.platform, |platform, reporter| upload::run(&args, platform, reporter))
        }
        Command::Request(args) => {
            on_platform(&args.platform, |platform, reporter| request::run(&args, platform, reporter))
        }
        Command::Edit(args) => on_platform(&args.platform, |platform, reporter| edit::run(&args, platform, reporter)),
        Command::List(args) => {
            on_platform(&args.platform, |platform, reporter| commands::list(&args, platform, reporter))
        }
        Command::Url(args) => {
            on_platform(&args.platform, |platform, reporter| commands::url(&args, platform, reporter))
        }
        Command::Status(args) => on_platform(&args.platform, |platform, reporter| {
            commands::status(&args, platform, reporter);
            Ok(())
        }),
        Command::Delete(args) => on_platform(&args.platform, |platform, reporter| {
            commands::delete(&args, platform, reporter);
            Ok(())
        }),
        Command::Retry(args) => on_platform(&args.platform, |platform, reporter| {
            commands::retry(&args, platform, reporter);
            Ok(())
        }),
        Command::Ahead(args) => on_platform(&args.platform, |platform, reporter| {
            commands::ahead(&args, platform, reporter);
            Ok(())
        }),
    }
}

/// Ends a command on local files: prints its output, or its failure.
fn print_result(result: Result<String, Failure>) -> ExitCode {
    match result {
        Ok(output) => {
            print!("{output}");
            ExitCode::SUCCESS
        }
        Err(failure) => fail(&failure),
    }
}

/// Ends a command with its failure.
fn fail(failure: &Failure) -> ExitCode {
    eprint!("{}", escaped_lines(&failure.to_string()));
    failure.exit_code()
}

/// Runs a command on a platform. The command reports its progress and its failures as they occur.
fn on_platform(
    options: &PlatformOptions,
    command: impl FnOnce(&PlatformClient, &Reporter) -> Result<(), Failure>,
) -> ExitCode {
    let reporter = Reporter::new(options.json);
    if let Err(failure) = options.connect().and_then(|platform| command(&platform, &reporter)) {
        reporter.failure("", &failure);
    }
    reporter.exit_code()
}

fn format<T: Display + Serialize>(as_json: bool, result: &T) -> String {
    if as_json {
        return format!("{}\n", serde_json::json!(result));
    }
    escaped_lines(&result.to_string())
}
