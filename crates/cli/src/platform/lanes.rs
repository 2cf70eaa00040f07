//! Work on a few threads, where each piece of work may bring more.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Pieces of work that wait, and how many are being done.
struct Waiting<J> {
    jobs: VecDeque<J>,
    underway: usize,
}

struct Lanes<J> {
    waiting: Mutex<Waiting<J>>,
    changed: Condvar,
}

/// Does `first` in order, at most `parallel` pieces at a time. What a piece brings comes before what has waited: a file that was
/// begun is ended before the next is begun.
pub(crate) fn run<J: Send>(parallel: usize, first: Vec<J>, work: impl Fn(J) -> Vec<J> + Sync) {
    let lanes = Lanes { waiting: Mutex::new(Waiting { jobs: first.into(), underway: 0 }), changed: Condvar::new() };
    thread::scope(|scope| {
        for _ in 0..parallel {
            scope.spawn(|| {
                while let Some(job) = lanes.next() {
                    let mut end = End { lanes: &lanes, brought: Vec::new() };
                    end.brought = work(job);
                }
            });
        }
    });
}

impl<J> Lanes<J> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<J>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece, or nothing when all is done.
    fn next(&self) -> Option<J> {
        let mut waiting = self.waiting();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                waiting.underway += 1;
                return Some(job);
            }
            if waiting.underway == 0 {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The end of a piece, however it ends.
struct End<'l, J> {
    lanes: &'l Lanes<J>,
    brought: Vec<J>,
}

impl<J> Drop for End<'_, J> {
    fn drop(&mut self) {
        let mut waiting = self.lanes.waiting();
        waiting.underway -= 1;
        for job in self.brought.drain(..).rev() {
            waiting.jobs.push_front(job);
        }
        self.lanes.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn all_is_done_once_and_never_more_at_a_time_than_allowed() {
        let (now, most, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        run(3, vec![5_usize, 4, 0], |job| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            done.fetch_add(1, Ordering::SeqCst);
            now.fetch_sub(1, Ordering::SeqCst);
            // 5 brings 0 to 4, and so on: each number n is 2^n pieces in all.
            (0..job).collect()
        });
        assert_eq!(done.into_inner(), 32 + 16 + 1);
        assert!(most.into_inner() <= 3);
    }

    #[test]
    fn what_a_piece_brings_comes_before_what_has_waited() {
        let order = Mutex::new(Vec::new());
        run(1, vec!["a", "b"], |job| {
            order.lock().unwrap().push(job);
            if job == "a" { vec!["a1", "a2"] } else { Vec::new() }
        });
        assert_eq!(order.into_inner().unwrap(), ["a", "a1", "a2", "b"]);
    }
}
