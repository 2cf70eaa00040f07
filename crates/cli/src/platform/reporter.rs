//! The output of the platform commands: results on standard output, progress and failures on standard error; or all of it as JSON.
//!
//! With `--json`, standard output has one JSON object per line, each with a `type`:
//!
//! | `type` | members |
//! |---|---|
//! | `upload` | `file`, `bytes`, `bytes_sent`, `upload_id`; once complete, `input_content_id` and `input_content_origin` |
//! | `content` | `content`: the response of `GET /input_content/{id}` |
//! | `package` | `package`: the response of `GET /packaged_content/{id}`; with `--follow`, one line for each change |
//! | `page` | `next_cursor` or null: the last line of a list |
//! | `urls` | `packaged_content_id`, `dash`, `hls`; with `--token` also `token`, `expires_at`, `license_url` |
//! | `deleted` | `id` |
//! | `error` | `code`, `message`, `exit` (the exit status); `action`: what to do; `about`: the file or ID; `status`, `field` of the API's response |
//!
//! Lines about a file of `vpp upload` also have its `file`. With `--json`, nothing is written to standard error.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use vpp_media::plain_text::escaped;

use crate::failure::Failure;
use crate::terminal::escaped_lines;

/// The output of a command.
#[derive(Debug)]
pub(crate) struct Reporter {
    json: bool,
    is_terminal: bool,
    bars: MultiProgress,
    /// The exit code of the first failure.
    first_failure: Mutex<Option<ExitCode>>,
}

impl Reporter {
    /// Returns a reporter that writes text, or with `json` JSON.
    pub(crate) fn new(json: bool) -> Self {
        let is_terminal = !json && std::io::stderr().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { json, is_terminal, bars: MultiProgress::with_draw_target(target), first_failure: Mutex::new(None) }
    }

    /// Writes a JSON line of a type, with the file of `vpp upload` that it belongs to.
    pub(crate) fn json_line(&self, line_type: &str, file: Option<&str>, mut object: Value) {
        if self.json {
            object["type"] = line_type.into();
            if let Some(file) = file {
                object["file"] = file.into();
            }
            self.print(&object.to_string());
        }
    }

    /// Writes a result as one line of text, to standard output. Characters that a terminal would interpret are escaped: names
    /// are those of whoever uploaded the file.
    pub(crate) fn result(&self, line: &str) {
        if !self.json {
            self.print(&escaped(line));
        }
    }

    /// Writes a notice as lines of text, to standard error. Characters that a terminal would interpret are escaped.
    pub(crate) fn notice(&self, lines: &str) {
        if !self.json {
            self.bars.suspend(|| eprint!("{}", escaped_lines(lines)));
        }
    }

    /// Updates the message of a progress bar on a terminal; elsewhere writes a line.
    pub(crate) fn progress(&self, bar: &ProgressBar, name: &str, message: String) {
        if self.is_terminal {
            bar.set_message(message);
        } else {
            self.notice(&format!("{}: {message}", escaped(name)));
        }
    }

    /// Reports a failure and its `subject`: a file, an ID, or an empty string. The first failure sets the exit code.
    pub(crate) fn failure(&self, subject: &str, failure: &Failure) {
        self.first_failure().get_or_insert(failure.exit_code());
        match (self.json, subject) {
            (true, _) => self.print(&failure.to_json(subject).to_string()),
            (false, "") => self.notice(&failure.to_string()),
            (false, _) => self.notice(&format!("{}: {failure}", escaped(subject))),
        }
    }

    /// Returns whether a failure was reported.
    pub(crate) fn has_failures(&self) -> bool {
        self.first_failure().is_some()
    }

    /// Returns the exit code of the command.
    pub(crate) fn exit_code(&self) -> ExitCode {
        self.first_failure().unwrap_or(ExitCode::SUCCESS)
    }

    fn first_failure(&self) -> MutexGuard<'_, Option<ExitCode>> {
        self.first_failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a progress bar for the bytes of an upload.
    pub(crate) fn upload_bar(&self, name: &str, bytes: u64) -> ProgressBar {
        let style = "{prefix:.bold} {wide_bar:.blue} {bytes} of {total_bytes}  {bytes_per_sec}  {eta}";
        self.bar(name, bytes, style)
    }

    /// Adds a progress bar for the work units of a package.
    pub(crate) fn package_bar(&self, name: &str) -> ProgressBar {
        self.bar(name, 0, "{prefix:.bold} {wide_bar:.green} {msg}")
    }

    fn bar(&self, name: &str, length: u64, style: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.bars.add(ProgressBar::new(length).with_style(style).with_prefix(escaped(name).into_owned()));
        if self.is_terminal {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        bar
    }

    /// Writes a line to standard output. A closed pipe is not an error.
    fn print(&self, line: &str) {
        self.bars.suspend(|| {
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        });
    }
}
