//! What is counted and timed, so that people see how the platform fares.
//!
//! A change of state says most of it: what a package has come to, how long a stage took, what was read and written, why a file was
//! refused. So it is measured where changes are told, one [`Measurement`] each, and nowhere else; what no change shows, such as
//! a dead letter, is measured where it is met. A measurement has few dimensions, each of few values: stages, statuses, codes.
//! Ids are never dimensions. Told twice, a change counts twice: that is rare, and these are figures for people.

use crate::domain::dead_letter::DeadLetter;
use crate::domain::event::{Change, Changed};
use crate::domain::package::Package;
use crate::domain::state::{Stage, State};
use crate::domain::timestamp::Timestamp;

/// What a value is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Time.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// The name, as `CloudWatch` spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Bytes => "Bytes",
        }
    }
}

/// A value under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is of.
    pub unit: Unit,
    /// How much.
    pub value: f64,
    /// What it is told apart by, if by anything: a name and a value.
    pub dimension: Option<(&'static str, String)>,
}

/// What is measured of one thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The id of what it is about, for those who look for the reason of a figure.
    pub about: String,
    /// The values.
    pub metrics: Vec<Metric>,
}

impl Measurement {
    /// Of something that happened once.
    #[must_use]
    pub fn once(
        name: &'static str,
        dimension: &'static str,
        value: impl Into<String>,
        about: impl Into<String>,
    ) -> Self {
        Self { about: about.into(), metrics: vec![count(name, dimension, value)] }
    }

    /// Of a message that was given up on.
    #[must_use]
    pub fn of_dead_letter(letter: &DeadLetter) -> Self {
        let (stage, about) = match letter {
            DeadLetter::Upload(upload) => (Stage::Ingest, upload.content_id().to_string()),
            DeadLetter::Package { id, stage, .. } => (*stage, id.to_string()),
        };
        Self::once("DeadLetters", "Stage", stage.as_str(), about)
    }

    /// Of a change; nothing where it changes no state, or what is gone.
    #[must_use]
    pub fn of(changed: &Changed) -> Option<Self> {
        match changed {
            Changed::Content(Change { before, after: Some(content), .. }) => {
                let known = before.as_ref().is_some_and(|before| before.created_at == content.created_at);
                if known || content.is_deleted() {
                    return None;
                }
                let mut metrics = vec![count("Contents", "Status", content.status())];
                if let Some(refusal) = content.refusal() {
                    metrics.push(count("Refusals", "Code", &refusal.code));
                }
                metrics.push(bytes("UploadedBytes", content.bytes));
                Some(Self { about: content.id.to_string(), metrics })
            }
            Changed::Package(Change { before, after: Some(package), .. }) => of_package(before.as_deref(), package),
            _ => None,
        }
    }
}

fn of_package(before: Option<&Package>, package: &Package) -> Option<Measurement> {
    if before.is_some_and(|before| (before.status(), before.attempt) == (package.status(), package.attempt)) {
        return None;
    }
    let mut metrics = vec![count("Packages", "Status", package.status().as_str())];
    // An attempt that begins with a retry is timed from there.
    let begun = Timestamp::from_unix_millis(package.attempt);
    let stage = match (&package.state, before) {
        (State::Fragmented(_), Some(before)) => Some((Stage::Fragment, before)),
        (State::Encrypted { .. }, Some(before)) => Some((Stage::Encrypt, before)),
        (State::Ready { .. }, Some(before)) => Some((Stage::Dash, before)),
        _ => None,
    };
    if let Some((stage, before)) = stage.filter(|(_, before)| before.attempt == package.attempt) {
        let time = package.status_since().since(before.status_since().max(begun));
        metrics.push(Metric {
            name: "StageSeconds",
            unit: Unit::Seconds,
            value: time.as_secs_f64(),
            dimension: Some(("Stage", stage.as_str().to_owned())),
        });
    }
    match &package.state {
        State::Ready { at, .. } => metrics.extend([
            Metric { name: "ReadySeconds", unit: Unit::Seconds, value: at.since(begun).as_secs_f64(), dimension: None },
            bytes("BytesRead", package.progress.bytes_read),
            bytes("BytesWritten", package.progress.bytes_written),
        ]),
        State::Failed { failure, .. } => metrics.push(count("Failures", "Code", &failure.code)),
        _ => {}
    }
    Some(Measurement { about: package.id.to_string(), metrics })
}

fn count(name: &'static str, dimension: &'static str, value: impl Into<String>) -> Metric {
    Metric { name, unit: Unit::Count, value: 1.0, dimension: Some((dimension, value.into())) }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn bytes(name: &'static str, bytes: u64) -> Metric {
    Metric { name, unit: Unit::Bytes, value: bytes as f64, dimension: None }
}
