//! The state machine of a package.
//!
//! ```text
//! Queued ──▶ Fragmented ──▶ Encrypted ──▶ Ready
//!    └───────────┴──────────────┴──▶ Failed        every one of them ──▶ Deleting
//!    ▲           ▲              ▲       │
//!    └───────────┴──────────────┴───────┘ retried
//! ```
//!
//! A [`Step`] is one arrow. It owns the data of the new state. [`Step::starts_from`] is the only definition of the statuses
//! that a step may start from: [`State::step`] checks it in memory, and a catalog puts the same list into the condition of its
//! write. So the state only moves forward, however often and however late a message is delivered.
//!
//! A failure belongs to a stage, and a stage can fail only a package that is not past it: a late duplicate of a message cannot
//! undo finished work.
//!
//! Users cause two of the arrows. A retry returns a package to the status it had before its failure. It names the failure that
//! it retries, so that of two concurrent retries one takes effect. Deleting is a tombstone: no stage processes the package. Its
//! records are deleted after its objects. Then the package may be requested again.
//!
//! A retry, and a request after a deletion, start another *attempt* with the same id. A message carries the attempt that it
//! belongs to, and a message of another attempt changes nothing. The same holds for a running function: it takes its step only
//! while the package is still in the function's attempt. Otherwise the message that follows the step would belong to the old
//! attempt, and no stage would continue.

use std::fmt;
use std::str::FromStr;

use vpp_media::cmaf::RepresentationId;

use crate::domain::resource_usage::ResourceUsage;
use crate::domain::timestamp::Timestamp;

/// The state of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Requested.
    Queued,
    /// Planned; work units are being encrypted.
    Fragmented(Planned),
    /// All work units are written.
    Encrypted {
        /// The plan.
        plan: Planned,
        /// When it entered this state.
        at: Timestamp,
    },
    /// Playable.
    Ready {
        /// The plan.
        plan: Planned,
        /// When all work units were written.
        encrypted_at: Timestamp,
        /// When it entered this state.
        at: Timestamp,
    },
    /// A stage failed.
    Failed {
        /// The reason.
        failure: Failure,
        /// When it entered this state.
        at: Timestamp,
        /// The state before the failure.
        before: Box<State>,
    },
    /// Its objects are being deleted.
    Deleting {
        /// When it entered this state.
        at: Timestamp,
        /// The state before the deletion.
        before: Box<State>,
    },
}

/// A package's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// When it was written.
    pub at: Timestamp,
    /// Number of work units.
    pub work_units: u32,
}

/// The reason for a package's failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stage that failed.
    pub stage: Stage,
    /// A stable machine-readable code.
    pub code: String,
    /// A human-readable sentence.
    pub message: String,
}

/// The status of a package, as users see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Requested.
    Queued,
    /// Planned.
    Fragmented,
    /// All work units are written.
    Encrypted,
    /// Playable.
    Ready,
    /// A stage failed.
    Failed,
    /// Being deleted.
    Deleting,
}

/// A stage of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Validates the upload and starts its package.
    Ingest,
    /// Plans segments and work units.
    Fragment,
    /// Encrypts and writes work units.
    Encrypt,
    /// Writes manifests.
    Dash,
}

/// A transition of a package: a step, with its attempt, its time and its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The attempt that the step belongs to; `None` for any. A package in another attempt does not take the step.
    pub attempt: Option<u64>,
    /// The time of the step.
    pub at: Timestamp,
    /// The step.
    pub step: Step,
    /// The work of the stage, without work units: those have receipts.
    pub work: StageWork,
}

impl Transition {
    /// Returns the attempt that a retry at this time starts.
    #[must_use]
    pub fn started_attempt(&self) -> u64 {
        self.at.unix_millis()
    }
}

/// The work of a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageWork {
    /// The last object it produced, as `s3://bucket/key`.
    pub output: Option<String>,
    /// Bytes read from the source.
    pub bytes_read: u64,
    /// Bytes written to the output bucket.
    pub bytes_written: u64,
    /// Resource usage of the stage, and of the stage before it if that stage could not report its usage.
    pub usage: Vec<(Stage, ResourceUsage)>,
    /// The representations that are signalled as encrypted and of which nothing is encrypted, if the stage found any.
    pub nothing_encrypted: Vec<RepresentationId>,
}

/// An arrow of the state machine, with the data of the new state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The plan is written.
    Fragmented {
        /// Number of work units.
        work_units: u32,
    },
    /// All work units are written.
    Encrypted,
    /// The manifests are written.
    Ready,
    /// A stage failed.
    Failed(Failure),
    /// A user retries a failure.
    Retried {
        /// The time of the failure that the user has seen.
        failed_at: Timestamp,
        /// The status before the failure.
        to: Status,
    },
    /// A user deletes the package.
    Deleting,
}

/// The outcome of a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// The package has taken the step.
    Done,
    /// The package is in a status that the step does not start from, or in another attempt. The package is unchanged.
    Stale(Status),
}

impl Step {
    /// Returns the status of a package after this step.
    #[must_use]
    pub fn leads_to(&self) -> Status {
        match self {
            Self::Fragmented { .. } => Status::Fragmented,
            Self::Encrypted => Status::Encrypted,
            Self::Ready { .. } => Status::Ready,
            Self::Failed(_) => Status::Failed,
            Self::Retried { to, .. } => *to,
            Self::Deleting => Status::Deleting,
        }
    }

    /// Returns the statuses that this step may start from.
    ///
    /// A stage that has changed the state may still fail until its message to the next stage is sent. So a failure may also
    /// start from the status that its stage leads to.
    #[must_use]
    pub fn starts_from(&self) -> &'static [Status] {
        match self {
            Self::Fragmented { .. } => &[Status::Queued],
            Self::Encrypted => &[Status::Fragmented],
            Self::Ready { .. } => &[Status::Encrypted],
            Self::Failed(failure) => match failure.stage {
                Stage::Ingest => &[Status::Queued],
                Stage::Fragment => &[Status::Queued, Status::Fragmented],
                Stage::Encrypt => &[Status::Fragmented, Status::Encrypted],
                Stage::Dash => &[Status::Encrypted],
            },
            Self::Retried { .. } => &[Status::Failed],
            Self::Deleting => &[Status::Queued, Status::Fragmented, Status::Encrypted, Status::Ready, Status::Failed],
        }
    }
}

impl State {
    /// Returns the status of this state.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Queued => Status::Queued,
            Self::Fragmented(_) => Status::Fragmented,
            Self::Encrypted { .. } => Status::Encrypted,
            Self::Ready { .. } => Status::Ready,
            Self::Failed { .. } => Status::Failed,
            Self::Deleting { .. } => Status::Deleting,
        }
    }

    /// Returns the plan, if the package has one.
    #[must_use]
    pub fn plan(&self) -> Option<Planned> {
        match self {
            Self::Queued => None,
            Self::Fragmented(plan) | Self::Encrypted { plan, .. } | Self::Ready { plan, .. } => Some(*plan),
            Self::Failed { before, .. } | Self::Deleting { before, .. } => before.plan(),
        }
    }

    /// Returns when all work units were written.
    #[must_use]
    pub fn encrypted_at(&self) -> Option<Timestamp> {
        match self {
            Self::Queued | Self::Fragmented(_) => None,
            Self::Encrypted { at, .. } => Some(*at),
            Self::Ready { encrypted_at, .. } => Some(*encrypted_at),
            Self::Failed { before, .. } | Self::Deleting { before, .. } => before.encrypted_at(),
        }
    }

    /// Returns the last time at which a stage may have started work on the package; `None` while a stage may still start.
    #[must_use]
    pub fn at_rest_since(&self) -> Option<Timestamp> {
        match self {
            Self::Queued | Self::Fragmented(_) | Self::Encrypted { .. } => None,
            Self::Ready { at, .. } | Self::Failed { at, .. } => Some(*at),
            Self::Deleting { at, before } => before.at_rest_since().or(Some(*at)),
        }
    }

    /// Returns the state after `transition`; `None` when its step does not start from this state.
    #[must_use]
    pub fn step(self, transition: &Transition) -> Option<Self> {
        if !transition.step.starts_from().contains(&self.status()) {
            return None;
        }
        let at = transition.at;
        Some(match (self, &transition.step) {
            (Self::Queued, Step::Fragmented { work_units }) => {
                Self::Fragmented(Planned { at, work_units: *work_units })
            }
            (Self::Fragmented(plan), Step::Encrypted) => Self::Encrypted { plan, at },
            (Self::Encrypted { plan, at: encrypted_at }, Step::Ready) => Self::Ready { plan, encrypted_at, at },
            (Self::Failed { before, at: seen, .. }, Step::Retried { failed_at, to })
                if seen == *failed_at && before.status() == *to =>
            {
                *before
            }
            (before, Step::Deleting) => Self::Deleting { at, before: Box::new(before) },
            (before, Step::Failed(failure)) => Self::Failed { failure: failure.clone(), at, before: Box::new(before) },
            _ => return None,
        })
    }
}

/// The text is not the name of a status or stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the name of a status or stage")]
pub struct UnknownName;

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// Returns the name that users see and that the catalog stores.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(UnknownName),
                }
            }
        }
    };
}

names!(Status {
    Queued = "Queued",
    Fragmented = "Fragmented",
    Encrypted = "Encrypted",
    Ready = "Ready",
    Failed = "Failed",
    Deleting = "Deleting",
});

names!(Stage {
    Ingest = "ingest",
    Fragment = "fragment",
    Encrypt = "encrypt",
    Dash = "dash",
});

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    fn steps() -> impl Strategy<Value = Step> {
        let failed = |stage| Step::Failed(Failure { stage, code: "code".into(), message: "message".into() });
        prop_oneof![
            Just(Step::Fragmented { work_units: 2 }),
            Just(Step::Encrypted),
            Just(Step::Ready),
            Just(failed(Stage::Ingest)),
            Just(failed(Stage::Fragment)),
            Just(failed(Stage::Encrypt)),
            Just(failed(Stage::Dash)),
            Just(Step::Deleting),
        ]
    }

    fn rank(status: Status) -> u8 {
        match status {
            Status::Queued => 0,
            Status::Fragmented => 1,
            Status::Encrypted => 2,
            Status::Ready | Status::Failed => 3,
            Status::Deleting => 4,
        }
    }

    fn states_after(steps: &[Step]) -> Vec<State> {
        let mut states = vec![State::Queued];
        for (second, step) in (1..).zip(steps) {
            let at = Timestamp::from(UNIX_EPOCH + Duration::from_secs(second));
            let transition = Transition { attempt: None, at, step: step.clone(), work: StageWork::default() };
            let before = states.last().cloned().unwrap();
            states.push(before.clone().step(&transition).unwrap_or(before));
        }
        states
    }

    proptest! {
        #[test]
        fn state_only_moves_forward_and_ends_once(steps in prop::collection::vec(steps(), 0..20)) {
            for pair in states_after(&steps).windows(2) {
                let (before, after) = (&pair[0], &pair[1]);
                prop_assert!(before == after || rank(before.status()) < rank(after.status()));
                if let State::Failed { before: from, .. } = after {
                    prop_assert!(after == before || **from == *before, "a failure stores the state before it");
                }
            }
        }
    }

    #[test]
    fn a_step_starts_only_from_its_statuses() {
        let in_order = [Step::Fragmented { work_units: 1 }, Step::Encrypted, Step::Ready];
        let ready = states_after(&in_order);
        assert_eq!(ready.last().map(State::status), Some(Status::Ready));
        let skipped = states_after(&[Step::Encrypted, Step::Ready]);
        assert_eq!(skipped.last(), Some(&State::Queued));
    }

    #[test]
    fn a_retry_names_its_failure_and_no_step_leaves_deleting() {
        let failed = || Step::Failed(Failure { stage: Stage::Encrypt, code: "c".into(), message: "m".into() });
        let at = |second| Timestamp::from(UNIX_EPOCH + Duration::from_secs(second));
        let retried = |second, to| Step::Retried { failed_at: at(second), to };
        let planned = Step::Fragmented { work_units: 3 };
        let last = |steps: &[Step]| states_after(steps).last().cloned().unwrap();
        let states = states_after(&[planned.clone(), failed(), retried(2, Status::Fragmented)]);
        assert_eq!((&states[1], states[3].status()), (&states[3], Status::Fragmented), "the retry restores the state");
        for wrong in [retried(1, Status::Fragmented), retried(2, Status::Queued)] {
            assert_eq!(last(&[planned.clone(), failed(), wrong]).status(), Status::Failed);
        }
        assert_eq!(last(&[planned.clone(), retried(1, Status::Queued)]).status(), Status::Fragmented);
        let deleted =
            last(&[planned.clone(), failed(), Step::Deleting, retried(2, Status::Fragmented), Step::Encrypted]);
        assert_eq!((deleted.status(), deleted.plan().map(|plan| plan.work_units)), (Status::Deleting, Some(3)));
        assert_eq!(deleted.at_rest_since(), Some(at(2)));
        assert_eq!(
            last(&[planned, Step::Deleting]).at_rest_since(),
            Some(at(2)),
            "stages may start work until the deletion"
        );
    }

    #[test]
    fn a_stage_cannot_fail_a_package_that_is_past_it() {
        let late = Step::Failed(Failure { stage: Stage::Fragment, code: "c".into(), message: "m".into() });
        let states = states_after(&[Step::Fragmented { work_units: 1 }, Step::Encrypted, late]);
        assert_eq!(states.last().map(State::status), Some(Status::Encrypted));
    }
}
