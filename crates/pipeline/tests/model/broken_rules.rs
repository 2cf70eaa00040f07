//! Rules of the design, broken on purpose: the search must find every one.

use std::sync::{Arc, Mutex, PoisonError};

use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::state::{Planned, State, Step, Transition};

/// The rule that is broken, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrokenRule {
    /// None.
    No,
    /// A step is written without the condition on the package's status.
    UnconditionalWrites,
    /// The message to the next stage is sent before the state is written.
    MessageFirst,
    /// A stage that finds its work done sends nothing.
    NothingSentWhenDone,
    /// A work unit is counted whenever it is written.
    WorkUnitsCountedAgain,
    /// The receipt and the count are two writes.
    CountedApart,
    /// The source is read at its current version.
    SourceNotPinned,
    /// A message is deleted when it is received.
    AcknowledgedFirst,
    /// Messages whose retries are exhausted are dropped.
    DeadLettersDropped,
    /// A deletion does not wait for functions that may be at work.
    DeletionDoesNotWait,
    /// A function that works for an earlier attempt of a package takes a step of the next.
    StepsOfAnyAttempt,
    /// Every copy of the deletion is granted the lease.
    LeaseForAll,
}

/// A step that is written after the message.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeferredStep(Arc<Mutex<Option<(PackageId, Transition)>>>);

impl DeferredStep {
    /// Defers a step that a message follows, and no other. Returns whether it did.
    pub(crate) fn defer(&self, id: &PackageId, transition: &Transition) -> bool {
        let has_message = matches!(transition.step, Step::Fragmented { .. } | Step::Encrypted);
        if has_message {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((id.clone(), transition.clone()));
        }
        has_message
    }

    /// Takes the deferred step.
    pub(crate) fn take(&self) -> Option<(PackageId, Transition)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Applies a step in any status.
pub(crate) fn force(package: &mut Package, transition: &Transition) {
    let at = transition.at;
    let plan = package.state.plan().unwrap_or(Planned { at, work_units: 0 });
    let before = package.state.clone();
    package.state = match &transition.step {
        Step::Fragmented { work_units } => State::Fragmented(Planned { at, work_units: *work_units }),
        Step::Encrypted => State::Encrypted { plan, at },
        Step::Ready => State::Ready { plan, encrypted_at: at, at },
        Step::Failed(failure) => State::Failed { failure: failure.clone(), at, before: Box::new(before) },
        Step::Retried { .. } => before,
        Step::Deleting => State::Deleting { at, before: Box::new(before) },
    };
}
