//! Metrics, for operators.
//!
//! Most metrics follow from a change of state: the outcome of a package, the duration of a stage, the bytes read and written,
//! the reason of a refusal. So they are measured where changes are announced, with one [`Measurement`] per change. Other
//! occurrences, such as dead letters, are measured where they are handled. A metric has no more than one dimension, with few
//! values: stages, statuses, codes. Ids are never dimensions. A change that is announced twice counts twice; that is rare.

use crate::domain::dead_letter::DeadLetter;
use crate::domain::event::{Change, Changed};
use crate::domain::package::Package;
use crate::domain::state::{Stage, State};
use crate::domain::timestamp::Timestamp;

/// The unit of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of occurrences.
    Count,
    /// A duration.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// Returns `CloudWatch`'s name of the unit.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Bytes => "Bytes",
        }
    }
}

/// A metric with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// The unit.
    pub unit: Unit,
    /// The value.
    pub value: f64,
    /// The dimension, if there is one: name and value.
    pub dimension: Option<(&'static str, String)>,
}

/// The metrics of one occurrence.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The id of the content or package, to look up the reason for a value in the logs.
    pub about: String,
    /// The metrics.
    pub metrics: Vec<Metric>,
}

impl Measurement {
    /// Creates the measurement of one occurrence of `name`.
    #[must_use]
    pub fn once(
        name: &'static str,
        dimension: &'static str,
        value: impl Into<String>,
        about: impl Into<String>,
    ) -> Self {
        Self { about: about.into(), metrics: vec![count(name, dimension, value)] }
    }

    /// Returns the measurement of a dead letter.
    #[must_use]
    pub fn of_dead_letter(letter: &DeadLetter) -> Self {
        let (stage, about) = match letter {
            DeadLetter::Upload(upload) => (Stage::Ingest, upload.content_id().to_string()),
            DeadLetter::Package { id, stage, .. } => (*stage, id.to_string()),
            DeadLetter::Edit(id) => (Stage::Dash, id.to_string()),
        };
        Self::once("DeadLetters", "Stage", stage.as_str(), about)
    }

    /// Returns the measurement of a change; `None` when the change leaves the state as it is, or deletes the item.
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
    // The time of an attempt that starts with a retry counts from the retry.
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

#[expect(clippy::cast_precision_loss, reason = "a figure for operators")]
fn bytes(name: &'static str, bytes: u64) -> Metric {
    Metric { name, unit: Unit::Bytes, value: bytes as f64, dimension: None }
}
