//! Rules of the design, broken on purpose: the search must find out.

use std::sync::{Arc, Mutex, PoisonError};

use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::state::{Planned, State, Step, Transition};

/// Which rule is broken, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// None.
    No,
    /// A step is written whatever the package's status is.
    UnconditionalWrites,
    /// The message to the next stage is sent before the state is written.
    MessageFirst,
    /// A stage that finds its work done sends nothing.
    NothingSentWhenDone,
    /// A work unit is counted whenever it is made.
    WorkUnitsCountedAgain,
    /// The receipt is one write, the count another.
    CountedApart,
    /// The source is read at whatever version is there.
    SourceNotPinned,
    /// A message is deleted when it is received.
    AcknowledgedFirst,
    /// What is given up on is thrown away.
    DeadLettersDropped,
    /// A deletion does not wait for functions that may be at work.
    DeletionDoesNotWait,
    /// A function that was at work for an earlier run of a package takes a step of the next.
    StepsOfAnyRun,
    /// Every copy of the deletion believes that it is the only one.
    LeaseForAll,
}

/// A step that is to be written behind the message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Behind(Arc<Mutex<Option<(PackageId, Transition)>>>);

impl Behind {
    /// Keeps a step that a message follows; no other.
    pub(crate) fn takes(&self, id: &PackageId, transition: &Transition) -> bool {
        let followed = matches!(transition.step, Step::Fragmented { .. } | Step::Encrypted);
        if followed {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((id.clone(), transition.clone()));
        }
        followed
    }

    /// What is kept.
    pub(crate) fn give(&self) -> Option<(PackageId, Transition)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Takes a step from wherever the package is.
pub(crate) fn force(package: &mut Package, transition: &Transition) {
    let at = transition.at;
    let plan = package.state.plan().unwrap_or(Planned { at, work_units: 0 });
    let before = package.state.clone();
    package.state = match &transition.step {
        Step::Fragmented { work_units } => State::Fragmented(Planned { at, work_units: *work_units }),
        Step::Encrypted => State::Encrypted { plan, at },
        Step::Ready { url } => State::Ready { plan, encrypted_at: at, at, url: url.clone() },
        Step::Failed(failure) => State::Failed { failure: failure.clone(), at, before: Box::new(before) },
        Step::Retried { .. } => before,
        Step::Deleting => State::Deleting { at, before: Box::new(before) },
    };
}
