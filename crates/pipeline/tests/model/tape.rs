//! A handler, stopped between any two of its calls.
//!
//! A future cannot be copied, and a search has to try more than one thing from the same point. But a handler is a function of
//! its message and of what its calls were answered: whoever keeps the answers can bring a fresh copy of the handler to the
//! same point by answering it the same. A [`Tape`] does that: it plays the answers that are on it, lets one more call reach
//! the ports, takes its answer down, and lets every further call wait for ever.

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

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done and answered.
    Done,
    /// It fails before it takes effect.
    Refused,
    /// It takes effect, and its answer is lost.
    AnswerLost,
}

/// Who sees a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nobody, and nobody can change its answer: when it happens makes no difference. It happens with the call after it.
    Own,
    /// It leaves something behind that nobody looks at before the end. It happens with the call after it.
    OwnWrite,
    /// It reads what others change.
    Read,
    /// It changes what others read.
    Write,
}

/// What a call was answered; nothing when it failed.
#[derive(Clone)]
pub(crate) struct Entry {
    answer: Option<Arc<dyn Any + Send + Sync>>,
    /// Of the answer's text: equal for equal answers.
    pub(crate) digest: u64,
}

impl Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.answer.is_some() { "answered" } else { "failed" })
    }
}

/// The answers of one handler so far.
#[derive(Debug, Clone)]
pub(crate) struct Tape(Arc<Mutex<Reel>>);

#[derive(Debug)]
struct Reel {
    entries: Vec<Entry>,
    next: usize,
    fate: Option<Fate>,
    wrote: bool,
}

enum Turn {
    Again(Entry),
    Now(Fate),
    Wait,
}

impl Tape {
    /// Plays `entries`, and then lets one more call meet `fate`, and those nobody sees before it.
    pub(crate) fn new(entries: Vec<Entry>, fate: Fate) -> Self {
        Self(Arc::new(Mutex::new(Reel { entries, next: 0, fate: Some(fate), wrote: false })))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Reel) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All that is on it now, and whether anything was changed since it was made.
    pub(crate) fn into_entries(self) -> (Vec<Entry>, bool) {
        self.with(|reel| (std::mem::take(&mut reel.entries), reel.wrote))
    }

    /// Whether no call was made yet.
    pub(crate) fn is_at_start(&self) -> bool {
        self.with(|reel| reel.next == 0)
    }

    fn turn(&self, reach: Reach) -> Turn {
        self.with(|reel| {
            let turn = match (reel.entries.get(reel.next), reach, reel.fate) {
                (Some(entry), ..) => Turn::Again(entry.clone()),
                (None, Reach::Own | Reach::OwnWrite, Some(_)) => Turn::Now(Fate::Done),
                (None, _, Some(fate)) => {
                    reel.fate = None;
                    Turn::Now(fate)
                }
                (None, _, None) => return Turn::Wait,
            };
            reel.wrote |= matches!(turn, Turn::Now(_)) && matches!(reach, Reach::Write | Reach::OwnWrite);
            reel.next += 1;
            turn
        })
    }

    /// A call: played, made, or left waiting.
    pub(crate) async fn play<T>(&self, reach: Reach, call: impl Future<Output = T> + Send) -> Result<T, Unavailable>
    where
        T: Clone + Debug + Send + Sync + 'static,
    {
        let answer = match self.turn(reach) {
            Turn::Wait => std::future::pending().await,
            Turn::Again(entry) => entry.answer.map(|answer| answer.downcast_ref::<T>().expect("the same call").clone()),
            Turn::Now(fate) => {
                let answer = if fate == Fate::Refused { None } else { Some(call.await) };
                let answer = answer.filter(|_| fate == Fate::Done);
                let digest = of_debug(&answer);
                let kept = answer.clone().map(|answer| Arc::new(answer) as Arc<dyn Any + Send + Sync>);
                self.with(|reel| reel.entries.push(Entry { answer: kept, digest }));
                answer
            }
        };
        answer.ok_or_else(failed)
    }

    /// A call to a store, whose errors cannot be copied.
    pub(crate) async fn play_store<T>(
        &self,
        reach: Reach,
        at: &Location,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError>
    where
        T: Clone + Debug + Send + Sync + 'static,
    {
        let played = self.play(reach, async { call.await.map_err(Kind::of) }).await;
        let answer = played.map_err(|source| StoreError::Unavailable { at: at.clone(), source })?;
        answer.map_err(|kind| kind.of_object(at))
    }

    /// A call to a catalog, whose errors cannot be copied.
    pub(crate) async fn play_catalog<T>(
        &self,
        reach: Reach,
        call: impl Future<Output = Result<T, Unavailable>> + Send,
    ) -> Result<T, Unavailable>
    where
        T: Clone + Debug + Send + Sync + 'static,
    {
        self.play(reach, async { call.await.map_err(|_| ()) }).await?.map_err(|()| failed())
    }
}

fn failed() -> Unavailable {
    Unavailable::new("Tape", "this call failed".into())
}

/// A store's error, but for its object.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Missing,
    Changed,
    DifferentBytes,
    UploadEnded,
    Unavailable,
}

impl Kind {
    #[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
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

/// Lets a future run until it is over or waits for what does not come.
pub(crate) fn run_until_waiting<T>(future: impl Future<Output = T>) -> Option<T> {
    let again = Arc::new(Again(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&again));
    let mut future = pin!(future);
    while again.0.swap(false, Ordering::Relaxed) {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(result);
        }
    }
    None
}

/// Whether the future asked to be polled again: some do, to let others in between.
struct Again(AtomicBool);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
