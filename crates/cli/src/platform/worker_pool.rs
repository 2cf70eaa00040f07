//! A pool of worker threads whose jobs may add further jobs.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The jobs that wait, and the number of jobs in progress.
struct Queue<J> {
    jobs: VecDeque<J>,
    in_progress: usize,
}

struct Pool<J> {
    queue: Mutex<Queue<J>>,
    changed: Condvar,
}

/// Runs the jobs in order, at most `parallel` at a time. The jobs that `work` returns run before those that already wait, so that
/// a file whose upload has started is completed before the next file starts.
pub(crate) fn run<J: Send>(parallel: usize, jobs: Vec<J>, work: impl Fn(J) -> Vec<J> + Sync) {
    let pool = Pool { queue: Mutex::new(Queue { jobs: jobs.into(), in_progress: 0 }), changed: Condvar::new() };
    thread::scope(|scope| {
        for _ in 0..parallel {
            scope.spawn(|| {
                while let Some(job) = pool.next() {
                    let mut completion = Completion { pool: &pool, added: Vec::new() };
                    completion.added = work(job);
                }
            });
        }
    });
}

impl<J> Pool<J> {
    fn queue(&self) -> MutexGuard<'_, Queue<J>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the next job; `None` once no job waits or is in progress.
    fn next(&self) -> Option<J> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                queue.in_progress += 1;
                return Some(job);
            }
            if queue.in_progress == 0 {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A guard that completes a job when it is dropped, even when the job panics.
struct Completion<'p, J> {
    pool: &'p Pool<J>,
    added: Vec<J>,
}

impl<J> Drop for Completion<'_, J> {
    fn drop(&mut self) {
        let mut queue = self.pool.queue();
        queue.in_progress -= 1;
        for job in self.added.drain(..).rev() {
            queue.jobs.push_front(job);
        }
        self.pool.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_job_runs_once_and_no_more_in_parallel_than_allowed() {
        let (running, peak, completed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        run(3, vec![5_usize, 4, 0], |job| {
            peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            completed.fetch_add(1, Ordering::SeqCst);
            running.fetch_sub(1, Ordering::SeqCst);
            // Job 5 adds jobs 0 to 4, and so on: job n leads to 2^n jobs in total.
            (0..job).collect()
        });
        assert_eq!(completed.into_inner(), 32 + 16 + 1);
        assert!(peak.into_inner() <= 3);
    }

    #[test]
    fn added_jobs_run_before_waiting_ones() {
        let order = Mutex::new(Vec::new());
        run(1, vec!["a", "b"], |job| {
            order.lock().unwrap().push(job);
            if job == "a" { vec!["a1", "a2"] } else { Vec::new() }
        });
        assert_eq!(order.into_inner().unwrap(), ["a", "a1", "a2", "b"]);
    }
}
