//! How far a package is: the state machine.
//!
//! ```text
//! Queued ──▶ Fragmented ──▶ Encrypted ──▶ Ready
//!    └───────────┴──────────────┴──▶ Failed        every one of them ──▶ Deleting
//!    ▲           ▲              ▲       │
//!    └───────────┴──────────────┴───────┘ retried
//! ```
//!
//! A [`Step`] is one arrow. It owns what the new state needs, and [`Step::starts_from`] is the only place that says where
//! it may start: [`State::step`] obeys it in memory, and a catalog puts the same list into its write's condition. So
//! state only moves forward, whoever repeats what and however late.
//!
//! A failure belongs to a stage, and a stage can fail only a package that has not left that stage behind: the late
//! duplicate of a message whose work is done cannot take anything away.
//!
//! Two arrows are drawn by people. A failure that is retried is forgotten, and the package stands where it stood: only the very
//! failure that was seen is, so that of two who retry one does. Deleting is a tombstone: no stage works on it, and when all
//! that was made is gone, so is the package. It may then be asked for again, as another *attempt* of the same id, and a retry is
//! another attempt too: a message names the attempt it belongs to, and one of another attempt changes nothing. Neither does a function that
//! was at work for it: it takes its step only while the package is still of that attempt. For the message that must follow the step
//! would be of the old attempt, and nobody would go on.

use std::fmt;
use std::str::FromStr;

use crate::domain::resource_usage::ResourceUsage;
use crate::domain::timestamp::Timestamp;

/// How far a package is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Asked for.
    Queued,
    /// Planned; work units are being made.
    Fragmented(Planned),
    /// All work units are made.
    Encrypted {
        /// The plan.
        plan: Planned,
        /// Since when.
        at: Timestamp,
    },
    /// A player can play it.
    Ready {
        /// The plan.
        plan: Planned,
        /// When all work units were made.
        encrypted_at: Timestamp,
        /// Since when.
        at: Timestamp,
        /// Where its manifest is.
        url: String,
    },
    /// It cannot be made.
    Failed {
        /// Why.
        failure: Failure,
        /// Since when.
        at: Timestamp,
        /// How far it was.
        before: Box<State>,
    },
    /// What was made of it is being deleted.
    Deleting {
        /// Since when.
        at: Timestamp,
        /// How far it was.
        before: Box<State>,
    },
}

/// A plan that has been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// When.
    pub at: Timestamp,
    /// How many work units it has.
    pub work_units: u32,
}

/// Why a package cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stage that gave up.
    pub stage: Stage,
    /// Stable, for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// A status, as the platform's users know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Asked for.
    Queued,
    /// Planned.
    Fragmented,
    /// All work units made.
    Encrypted,
    /// Playable.
    Ready,
    /// Given up.
    Failed,
    /// Going.
    Deleting,
}

/// A stage of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Probing the upload and starting its package.
    Ingest,
    /// Planning.
    Fragment,
    /// Making work units.
    Encrypt,
    /// Writing manifests.
    Dash,
}

/// A step forward: of which attempt, when, which, and by what work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The attempt whose step it is: a package of another attempt does not take it. None for any.
    pub attempt: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// Which.
    pub step: Step,
    /// What was done for it, apart from work units: those have receipts.
    pub work: StageWork,
}

impl Transition {
    /// The attempt that begins with it, when one does.
    #[must_use]
    pub fn started_attempt(&self) -> u64 {
        self.at.unix_millis()
    }
}

/// What a stage did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageWork {
    /// The last object it produced, as `s3://bucket/key`.
    pub output: Option<String>,
    /// Bytes it read from the source.
    pub bytes_read: u64,
    /// Bytes it wrote to the output bucket.
    pub bytes_written: u64,
    /// What it cost, and what a stage before it did that could not say so itself.
    pub usage: Vec<(Stage, ResourceUsage)>,
}

/// An arrow of the state machine, with what the new state needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The plan is made.
    Fragmented {
        /// How many work units it has.
        work_units: u32,
    },
    /// All work units are made.
    Encrypted,
    /// The manifests are written.
    Ready {
        /// The manifest's URL.
        url: String,
    },
    /// A stage gave up.
    Failed(Failure),
    /// Somebody wants it made after all.
    Retried {
        /// When it failed, as whoever retries it has seen.
        failed_at: Timestamp,
        /// How far it was then.
        to: Status,
    },
    /// Somebody wants it gone.
    Deleting,
}

/// What taking a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// The package has taken it.
    Done,
    /// The package is in a status the step does not start from; it is unchanged.
    Stale(Status),
}

impl Step {
    /// The status a package has after this step.
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

    /// The statuses this step may start from.
    ///
    /// A stage that has changed the state may still fail until its message to the next stage is sent, so a failure may
    /// also start from the status its own stage leads to.
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
    /// The status of this state.
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

    /// The plan, once there is one.
    #[must_use]
    pub fn plan(&self) -> Option<Planned> {
        match self {
            Self::Queued => None,
            Self::Fragmented(plan) | Self::Encrypted { plan, .. } | Self::Ready { plan, .. } => Some(*plan),
            Self::Failed { before, .. } | Self::Deleting { before, .. } => before.plan(),
        }
    }

    /// When all work units were made.
    #[must_use]
    pub fn encrypted_at(&self) -> Option<Timestamp> {
        match self {
            Self::Queued | Self::Fragmented(_) => None,
            Self::Encrypted { at, .. } => Some(*at),
            Self::Ready { encrypted_at, .. } => Some(*encrypted_at),
            Self::Failed { before, .. } | Self::Deleting { before, .. } => before.encrypted_at(),
        }
    }

    /// The last moment at which a stage may have begun to work on it; none while one still may.
    #[must_use]
    pub fn at_rest_since(&self) -> Option<Timestamp> {
        match self {
            Self::Queued | Self::Fragmented(_) | Self::Encrypted { .. } => None,
            Self::Ready { at, .. } | Self::Failed { at, .. } => Some(*at),
            Self::Deleting { at, before } => before.at_rest_since().or(Some(*at)),
        }
    }

    /// The state after `transition`, unless its step does not start from here.
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
            (Self::Encrypted { plan, at: encrypted_at }, Step::Ready { url }) => {
                Self::Ready { plan, encrypted_at, at, url: url.clone() }
            }
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

/// The text is none of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a name of a status or stage")]
pub struct UnknownName;

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// The name, as users and the catalog spell it.
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
            Just(Step::Ready { url: "url".into() }),
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

    fn run(steps: &[Step]) -> Vec<State> {
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
            for pair in run(&steps).windows(2) {
                let (before, after) = (&pair[0], &pair[1]);
                prop_assert!(before == after || rank(before.status()) < rank(after.status()));
                if let State::Failed { before: from, .. } = after {
                    prop_assert!(after == before || **from == *before, "a failure remembers how far it was");
                }
            }
        }
    }

    #[test]
    fn every_step_starts_only_where_it_says() {
        let straight = [Step::Fragmented { work_units: 1 }, Step::Encrypted, Step::Ready { url: "u".into() }];
        let ready = run(&straight);
        assert_eq!(ready.last().map(State::status), Some(Status::Ready));
        let skipped = run(&[Step::Encrypted, Step::Ready { url: "u".into() }]);
        assert_eq!(skipped.last(), Some(&State::Queued));
    }

    #[test]
    fn only_the_failure_that_was_seen_is_retried_and_nothing_leaves_deleting() {
        let failed = || Step::Failed(Failure { stage: Stage::Encrypt, code: "c".into(), message: "m".into() });
        let at = |second| Timestamp::from(UNIX_EPOCH + Duration::from_secs(second));
        let retried = |second, to| Step::Retried { failed_at: at(second), to };
        let planned = Step::Fragmented { work_units: 3 };
        let last = |steps: &[Step]| run(steps).last().cloned().unwrap();
        let whole = run(&[planned.clone(), failed(), retried(2, Status::Fragmented)]);
        assert_eq!((&whole[1], whole[3].status()), (&whole[3], Status::Fragmented), "it stands where it stood");
        for wrong in [retried(1, Status::Fragmented), retried(2, Status::Queued)] {
            assert_eq!(last(&[planned.clone(), failed(), wrong]).status(), Status::Failed);
        }
        assert_eq!(last(&[planned.clone(), retried(1, Status::Queued)]).status(), Status::Fragmented);
        let gone = last(&[planned.clone(), failed(), Step::Deleting, retried(2, Status::Fragmented), Step::Encrypted]);
        assert_eq!((gone.status(), gone.plan().map(|plan| plan.work_units)), (Status::Deleting, Some(3)));
        assert_eq!(gone.at_rest_since(), Some(at(2)));
        assert_eq!(
            last(&[planned, Step::Deleting]).at_rest_since(),
            Some(at(2)),
            "stages may work until it is deleted"
        );
    }

    #[test]
    fn a_stage_cannot_fail_a_package_that_has_left_it_behind() {
        let late = Step::Failed(Failure { stage: Stage::Fragment, code: "c".into(), message: "m".into() });
        let states = run(&[Step::Fragmented { work_units: 1 }, Step::Encrypted, late]);
        assert_eq!(states.last().map(State::status), Some(Status::Encrypted));
    }
}
