//! Virtual time: a single-threaded executor. Its clock does not move while any task is runnable, and then advances to the next timer.
//!
//! Tasks are polled in the order in which they were woken, so that a simulation is deterministic. A task is spawned as a function
//! that returns its future: the function is `Send`, because ports require it; the future, which is created on the executor's
//! thread, need not be.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

type Task = Pin<Box<dyn Future<Output = ()>>>;
type TaskFactory = Box<dyn FnOnce() -> Task + Send>;

/// A virtual clock and the tasks that use it. Clones share both. Times are durations since the start.
#[derive(Clone, Default)]
pub struct Timeline {
    state: Arc<Mutex<State>>,
    runnable: Arc<Mutex<VecDeque<u64>>>,
}

#[derive(Default)]
struct State {
    now: Duration,
    /// The last number of a task or timer.
    last_number: u64,
    spawned: HashMap<u64, TaskFactory>,
    timers: BinaryHeap<Reverse<Timer>>,
}

struct Timer {
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
    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> Duration {
        lock(&self.state).now
    }

    /// Returns the time since an earlier time.
    #[must_use]
    pub fn since(&self, earlier: Duration) -> Duration {
        // Exact, because the clock never goes back.
        self.now().saturating_sub(earlier)
    }

    /// Spawns the future that `task` returns.
    pub fn spawn<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce() -> F + Send + 'static) {
        let mut state = lock(&self.state);
        state.last_number += 1;
        let number = state.last_number;
        state.spawned.insert(number, Box::new(|| Box::pin(task())));
        drop(state);
        lock(&self.runnable).push_back(number);
    }

    /// Returns a future that completes after `duration`.
    #[must_use]
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.now() + duration)
    }

    /// Returns a future that completes at time `at`.
    #[must_use]
    pub fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep { timeline: self.clone(), at }
    }

    /// Runs until no task is runnable and no timer is pending.
    pub fn run(&self) {
        let mut tasks = HashMap::new();
        loop {
            let next = lock(&self.runnable).pop_front();
            if let Some(number) = next {
                self.poll(number, &mut tasks);
            } else if !self.advance() {
                return;
            }
        }
    }

    fn poll(&self, number: u64, tasks: &mut HashMap<u64, Task>) {
        let spawned = lock(&self.state).spawned.remove(&number);
        let Some(mut task) = spawned.map(|task| task()).or_else(|| tasks.remove(&number)) else { return };
        let waker = Waker::from(Arc::new(TaskWaker { number, runnable: Arc::clone(&self.runnable) }));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            tasks.insert(number, task);
        }
    }

    /// Advances the clock to the next timer and wakes its task. Returns false if no timer is pending.
    fn advance(&self) -> bool {
        let mut state = lock(&self.state);
        let Some(Reverse(timer)) = state.timers.pop() else { return false };
        state.now = state.now.max(timer.at);
        drop(state);
        timer.waker.wake();
        true
    }
}

/// A future that completes at a point in time.
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
        state.last_number += 1;
        let timer = Timer { at: self.at, number: state.last_number, waker: context.waker().clone() };
        state.timers.push(Reverse(timer));
        Poll::Pending
    }
}

struct TaskWaker {
    number: u64,
    runnable: Arc<Mutex<VecDeque<u64>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        lock(&self.runnable).push_back(self.number);
    }
}

impl Timer {
    fn key(&self) -> (Duration, u64) {
        (self.at, self.number)
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// Locks a mutex, even after a panic, so that a failing test does not cause a second panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_advances_from_timer_to_timer_and_equal_times_keep_their_order() {
        let (timeline, seen) = (Timeline::default(), Arc::new(Mutex::new(Vec::new())));
        for (name, seconds) in [("b", 7_200), ("a", 1), ("c", 7_200)] {
            let (clock, seen) = (timeline.clone(), Arc::clone(&seen));
            timeline.spawn(move || async move {
                clock.sleep(Duration::from_secs(seconds)).await;
                lock(&seen).push((name, clock.now().as_secs()));
            });
        }
        timeline.run();
        assert_eq!(*lock(&seen), [("a", 1), ("b", 7_200), ("c", 7_200)]);
    }

    #[test]
    fn a_task_can_spawn_tasks() {
        let timeline = Timeline::default();
        let outer = timeline.clone();
        timeline.spawn(move || async move {
            let inner = outer.clone();
            outer.spawn(move || async move { inner.sleep(Duration::from_secs(3)).await });
        });
        timeline.run();
        assert_eq!(timeline.now(), Duration::from_secs(3));
    }
}
