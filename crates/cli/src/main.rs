//! `vpp`: package a local movie with the engine of the platform, byte for byte as the pipeline does.
//!
//! | exit | means |
//! |---|---|
//! | 0 | packaged |
//! | 1 | the movie or the request is refused: `code: message` on stderr |
//! | 2 | the command line is wrong |
//! | 3 | a file could not be read or written |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its standard streams")]

mod args;
mod failure;
mod package;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    let Command::Package(args) = Cli::parse().command;
    let outcome = args.resolve().and_then(|job| package::run(&job).map(|summary| (job, summary)));
    match outcome {
        Ok((job, summary)) if job.json => {
            println!("{}", serde_json::json!(summary));
            ExitCode::SUCCESS
        }
        Ok((_, summary)) => {
            print!("{summary}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}
