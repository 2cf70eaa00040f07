//! Record and replay: stops a handler between any two of its calls.
//!
//! A future cannot be cloned, and the search has to explore several events from the same point. But a handler is a function of
//! its message and of the answers to its calls: a new instance reaches the same point when it gets the same answers. A
//! [`Replay`] replays the recorded answers, lets one more call reach the ports, records its answer, and suspends every further
//! call.

use std::any::Any;
use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use vpp_pipeline::domain::object::Location;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::StoreError;

use crate::digest::of_debug;

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// It takes effect and is answered.
    Done,
    /// It fails before it takes effect.
    Failed,
    /// It takes effect, and its answer is lost.
    AnswerLost,
}

/// Whether other functions can observe a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// No function can observe it or change its answer, so its order does not matter. It runs with the call after it.
    Private,
    /// It writes what no function reads before the end. It runs with the call after it.
    PrivateWrite,
    /// It reads what other functions write.
    Read,
    /// It writes what other functions read.
    Write,
}

/// The answer of a call; `None` when it failed.
#[derive(Clone)]
pub(crate) struct RecordedAnswer {
    answer: Option<Arc<dyn Any + Send + Sync>>,
    /// The digest of the answer's text: equal for equal answers.
    pub(crate) digest: u64,
}

impl Debug for RecordedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.answer.is_some() { "answered" } else { "failed" })
    }
}

/// The recorded answers of one handler.
#[derive(Debug, Clone)]
pub(crate) struct Replay(Arc<Mutex<Recording>>);

#[derive(Debug)]
struct Recording {
    entries: Vec<RecordedAnswer>,
    next: usize,
    outcome: Option<CallOutcome>,
    wrote: bool,
}

enum Turn {
    Replay(RecordedAnswer),
    Now(CallOutcome),
    Wait,
}

impl Replay {
    /// Replays `entries`, then lets one more call have `outcome`, and the private calls before it.
    pub(crate) fn new(entries: Vec<RecordedAnswer>, outcome: CallOutcome) -> Self {
        Self(Arc::new(Mutex::new(Recording { entries, next: 0, outcome: Some(outcome), wrote: false })))
    }

    fn with<T>(&self, observed: impl FnOnce(&mut Recording) -> T) -> T {
        observed(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the recorded answers, and whether a call of this replay has written.
    pub(crate) fn into_entries(self) -> (Vec<RecordedAnswer>, bool) {
        self.with(|recording| (std::mem::take(&mut recording.entries), recording.wrote))
    }

    /// Returns whether a call has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.with(|recording| recording.entries.iter().any(|entry| entry.answer.is_none()))
    }

    /// Returns whether the handler has made no call yet.
    pub(crate) fn is_at_start(&self) -> bool {
        self.with(|recording| recording.next == 0)
    }

    fn turn(&self, visibility: Visibility) -> Turn {
        self.with(|recording| {
            let turn = match (recording.entries.get(recording.next), visibility, recording.outcome) {
                (Some(entry), ..) => Turn::Replay(entry.clone()),
                (None, Visibility::Private | Visibility::PrivateWrite, Some(_)) => Turn::Now(CallOutcome::Done),
                (None, _, Some(outcome)) => {
                    recording.outcome = None;
                    Turn::Now(outcome)
                }
                (None, _, None) => return Turn::Wait,
            };
            recording.wrote |=
                matches!(turn, Turn::Now(_)) && matches!(visibility, Visibility::Write | Visibility::PrivateWrite);
            recording.next += 1;
            turn
        })
    }

    /// Makes a call: it is replayed, executed, or suspended.
    pub(crate) async fn call<T>(
        &self,
        visibility: Visibility,
        call: impl Future<Output = T> + Send,
    ) -> Result<T, Unavailable>
    where
        T: Clone + Debug + Send + Sync + 'static,
    {
        let answer = match self.turn(visibility) {
            Turn::Wait => std::future::pending().await,
            Turn::Replay(entry) => {
                entry.answer.map(|answer| answer.downcast_ref::<T>().expect("the same call").clone())
            }
            Turn::Now(outcome) => {
                let answer = if outcome == CallOutcome::Failed { None } else { Some(call.await) };
                let answer = answer.filter(|_| outcome == CallOutcome::Done);
                let digest = of_debug(&answer);
                let recorded = answer.clone().map(|answer| Arc::new(answer) as Arc<dyn Any + Send + Sync>);
                self.with(|recording| recording.entries.push(RecordedAnswer { answer: recorded, digest }));
                answer
            }
        };
        answer.ok_or_else(failed)
    }

    /// Makes a call to a store, whose errors cannot be cloned.
    pub(crate) async fn store_call<T>(
        &self,
        visibility: Visibility,
        at: &Location,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError>
    where
        T: Clone + Debug + Send + Sync + 'static,
    {
        let replayed = self.call(visibility, async { call.await.map_err(Kind::of) }).await;
        let answer = replayed.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?;
        answer.map_err(|kind| kind.of_object(at))
    }

    /// Makes a call to a catalog, whose errors cannot be cloned.
    pub(crate) async fn catalog_call<T>(
        &self,
        visibility: Visibility,
        call: impl Future<Output = Result<T, Unavailable>> + Send,
    ) -> Result<T, Unavailable>
    where
        T: Clone + Debug + Send + Sync + 'static,
    {
        self.call(visibility, async { call.await.map_err(|_| ()) }).await?.map_err(|()| failed())
    }
}

fn failed() -> Unavailable {
    Unavailable::new("Replay", "this call failed".into())
}

/// A store's error, without its object.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Missing,
    Changed,
    DifferentBytes,
    UploadEnded,
    Unavailable,
}

impl Kind {
    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    fn of(error: StoreError) -> Self {
        match error {
            StoreError::Missing { .. } => Self::Missing,
            StoreError::Changed { .. } => Self::Changed,
            StoreError::DifferentBytes { .. } => Self::DifferentBytes,
            StoreError::UploadEnded { .. } => Self::UploadEnded,
            StoreError::Unavailable { .. } => Self::Unavailable,
        }
    }

    fn of_object(self, at: &Location) -> StoreError {
        let at = at.clone();
        match self {
            Self::Missing => StoreError::Missing { at },
            Self::Changed => StoreError::Changed { at },
            Self::DifferentBytes => StoreError::DifferentBytes { at },
            Self::UploadEnded => StoreError::UploadEnded { at },
            Self::Unavailable => StoreError::Unavailable { at, source: failed() },
        }
    }
}

/// Polls a future until it completes or is suspended.
pub(crate) fn run_until_waiting<T>(future: impl Future<Output = T>) -> Option<T> {
    let again = Arc::new(Redeliver(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&again));
    let mut future = pin!(future);
    while again.0.swap(false, Ordering::Relaxed) {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(result);
        }
    }
    None
}

/// Whether the future has asked to be polled again: some yield to others.
struct Redeliver(AtomicBool);

impl Wake for Redeliver {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
