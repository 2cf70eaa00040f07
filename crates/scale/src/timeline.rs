//! Virtual time: an executor whose clock stands still while any future can go on, and then jumps to the next alarm.
//!
//! One thread polls everything, in the order in which it was woken, so a run is a function of what was spawned. A task is
//! spawned as the function that makes its future: the function may travel between threads, as ports must, and the future,
//! which the thread that runs makes, need not.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

type Task = Pin<Box<dyn Future<Output = ()>>>;
type Unborn = Box<dyn FnOnce() -> Task + Send>;

/// A clock, and the futures that live by it. Clones are the same timeline. Moments are durations since its start.
#[derive(Clone, Default)]
pub struct Timeline {
    state: Arc<Mutex<State>>,
    woken: Arc<Mutex<VecDeque<u64>>>,
}

#[derive(Default)]
struct State {
    now: Duration,
    /// Numbers tasks and alarms.
    count: u64,
    unborn: HashMap<u64, Unborn>,
    alarms: BinaryHeap<Reverse<Alarm>>,
}

struct Alarm {
    at: Duration,
    number: u64,
    waker: Waker,
}

impl std::fmt::Debug for Timeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Timeline at {:?}", self.now())
    }
}

impl Timeline {
    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Duration {
        lock(&self.state).now
    }

    /// Lets the future that `make` makes run.
    pub fn spawn<F: Future<Output = ()> + 'static>(&self, make: impl FnOnce() -> F + Send + 'static) {
        let mut state = lock(&self.state);
        state.count += 1;
        let number = state.count;
        state.unborn.insert(number, Box::new(|| Box::pin(make())));
        drop(state);
        lock(&self.woken).push_back(number);
    }

    /// Ends `duration` from now.
    #[must_use]
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.now() + duration)
    }

    /// Ends at the moment `at`.
    #[must_use]
    pub fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep { timeline: self.clone(), at }
    }

    /// Runs until nothing is left that could go on.
    pub fn run(&self) {
        let mut tasks = HashMap::new();
        loop {
            let next = lock(&self.woken).pop_front();
            if let Some(number) = next {
                self.poll(number, &mut tasks);
            } else if !self.jump() {
                return;
            }
        }
    }

    fn poll(&self, number: u64, tasks: &mut HashMap<u64, Task>) {
        let unborn = lock(&self.state).unborn.remove(&number);
        let Some(mut task) = unborn.map(|make| make()).or_else(|| tasks.remove(&number)) else { return };
        let waker = Waker::from(Arc::new(Woken { number, woken: Arc::clone(&self.woken) }));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            tasks.insert(number, task);
        }
    }

    /// Goes on to the next alarm.
    fn jump(&self) -> bool {
        let mut state = lock(&self.state);
        let Some(Reverse(alarm)) = state.alarms.pop() else { return false };
        state.now = state.now.max(alarm.at);
        drop(state);
        alarm.waker.wake();
        true
    }
}

/// A future that ends at its moment.
#[derive(Debug)]
pub struct Sleep {
    timeline: Timeline,
    at: Duration,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.timeline.state);
        if state.now >= self.at {
            return Poll::Ready(());
        }
        state.count += 1;
        let alarm = Alarm { at: self.at, number: state.count, waker: context.waker().clone() };
        state.alarms.push(Reverse(alarm));
        Poll::Pending
    }
}

struct Woken {
    number: u64,
    woken: Arc<Mutex<VecDeque<u64>>>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        lock(&self.woken).push_back(self.number);
    }
}

impl Alarm {
    fn key(&self) -> (Duration, u64) {
        (self.at, self.number)
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// A lock that a panicking test does not turn into a second panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_jumps_from_alarm_to_alarm_and_ties_keep_their_order() {
        let (timeline, seen) = (Timeline::default(), Arc::new(Mutex::new(Vec::new())));
        for (name, seconds) in [("b", 7_200), ("a", 1), ("c", 7_200)] {
            let (own, seen) = (timeline.clone(), Arc::clone(&seen));
            timeline.spawn(move || async move {
                own.sleep(Duration::from_secs(seconds)).await;
                lock(&seen).push((name, own.now().as_secs()));
            });
        }
        timeline.run();
        assert_eq!(*lock(&seen), [("a", 1), ("b", 7_200), ("c", 7_200)]);
    }

    #[test]
    fn what_a_task_spawns_runs_too() {
        let timeline = Timeline::default();
        let inner = timeline.clone();
        timeline.spawn(move || async move {
            let own = inner.clone();
            inner.spawn(move || async move { own.sleep(Duration::from_secs(3)).await });
        });
        timeline.run();
        assert_eq!(timeline.now(), Duration::from_secs(3));
    }
}
