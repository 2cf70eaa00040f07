//! What is read of a command: answers on standard output, progress and failures on standard error, or all of it as JSON.
//!
//! With `--json`, standard output has one object a line, each with a `type`:
//!
//! | `type` | members |
//! |---|---|
//! | `upload` | `file`, `bytes`, `bytes_sent`, `upload_id`; when it is complete, `input_content_id` and `input_content_origin` |
//! | `content` | `content`: as `GET /input_content/{id}` answers |
//! | `package` | `package`: as `GET /packaged_content/{id}` answers; with `--follow`, one for each change |
//! | `page` | `next_cursor`, or null: the last line of a list |
//! | `urls` | `packaged_content_id`, `dash`, `hls`; with `--token` also `token`, `expires_at`, `license_url` |
//! | `deleted` | `id` |
//! | `error` | `code`, `message`, `exit` (the status); `action`: what to do; `about`: the file or id; `status`, `field`: the API's |
//!
//! What came of a file of `vpp upload` has its `file`. A program reads no other stream; the exit status says the rest.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::failure::Failure;

/// Where everything is shown.
#[derive(Debug)]
pub(crate) struct Show {
    json: bool,
    terminal: bool,
    bars: MultiProgress,
    exit: Mutex<Option<Failed>>,
}

/// The exit code of the first failure.
type Failed = ExitCode;

impl Show {
    /// For a person, or with `json` for a program.
    pub(crate) fn new(json: bool) -> Self {
        let terminal = !json && std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { json, terminal, bars: MultiProgress::with_draw_target(target), exit: Mutex::new(None) }
    }

    /// A line of JSON. What it is about is a file of `vpp upload`, or nothing.
    pub(crate) fn event(&self, kind: &str, file: Option<&str>, mut view: Value) {
        if self.json {
            view["type"] = kind.into();
            if let Some(file) = file {
                view["file"] = file.into();
            }
            self.print(&view.to_string());
        }
    }

    /// An answer, for a person.
    pub(crate) fn answer(&self, line: &str) {
        if !self.json {
            self.print(line);
        }
    }

    /// What happens on the way, for a person.
    pub(crate) fn say(&self, line: &str) {
        if !self.json {
            self.bars.suspend(|| eprintln!("{line}"));
        }
    }

    /// What is rewritten in place on a terminal, and said line by line elsewhere.
    pub(crate) fn progress(&self, bar: &ProgressBar, name: &str, line: String) {
        if self.terminal {
            bar.set_message(line);
        } else {
            self.say(&format!("{name}: {line}"));
        }
    }

    /// A failure. The first decides how the command ends.
    pub(crate) fn failed(&self, about: &str, failure: &Failure) {
        self.exit.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure.exit_code());
        match (self.json, about) {
            (true, _) => self.print(&failure.view(about).to_string()),
            (false, "") => self.say(&failure.to_string()),
            (false, _) => self.say(&format!("{about}: {failure}")),
        }
    }

    /// Whether nothing has failed so far.
    pub(crate) fn is_well(&self) -> bool {
        self.exit.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// How the command ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        self.exit.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(ExitCode::SUCCESS)
    }

    /// A bar of bytes that are sent.
    pub(crate) fn bytes(&self, name: &str, bytes: u64) -> ProgressBar {
        let style = "{prefix:.bold} {wide_bar:.blue} {bytes} of {total_bytes}  {bytes_per_sec}  {eta}";
        self.bar(name, bytes, style)
    }

    /// A bar of work units that are done.
    pub(crate) fn work_units(&self, name: &str) -> ProgressBar {
        self.bar(name, 0, "{prefix:.bold} {wide_bar:.green} {msg}")
    }

    fn bar(&self, name: &str, length: u64, style: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.bars.add(ProgressBar::new(length).with_style(style).with_prefix(name.to_owned()));
        if self.terminal {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        bar
    }

    /// Who has stopped reading is not written to any more.
    fn print(&self, line: &str) {
        self.bars.suspend(|| {
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        });
    }
}

/// A text of an answer; empty when there is none.
pub(crate) fn text<'v>(answer: &'v Value, name: &str) -> &'v str {
    answer.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A number of an answer; 0 when there is none.
pub(crate) fn number(answer: &Value, name: &str) -> u64 {
    answer.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// A number of bytes as a person reads it.
pub(crate) fn bytes(count: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = units.into_iter().find(|(size, _)| count >= *size);
    unit.map_or_else(
        || format!("{count} B"),
        |(size, unit)| format!("{}.{} {unit}", count / size, count % size * 10 / size),
    )
}

/// How far a package is, in words.
pub(crate) fn progress(package: &Value) -> String {
    let (status, progress) = (text(package, "status"), &package["progress"]);
    let total = number(progress, "work_units_total");
    if total == 0 {
        return status.to_owned();
    }
    let done = number(progress, "work_units_done");
    let [moved, whole] = ["bytes_done", "bytes_total"].map(|name| bytes(number(progress, name)));
    format!("{status}, {done} of {total} work units, {moved} of {whole}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_and_progress_are_in_words() {
        assert_eq!([bytes(0), bytes(999), bytes(1_500), bytes(36_000_000)], ["0 B", "999 B", "1.5 kB", "36.0 MB"]);
        let progress_of = |total: Value| {
            let own = json!({"work_units_done": 1, "work_units_total": total, "bytes_done": 10, "bytes_total": 2000});
            progress(&json!({"status": "Fragmented", "progress": own}))
        };
        assert_eq!(progress_of(json!(3)), "Fragmented, 1 of 3 work units, 10 B of 2.0 kB");
        assert_eq!(progress_of(Value::Null), "Fragmented");
    }
}
