//! Retries: of a handler after a transient error, and of the entries of a batch that a service did not accept.
//!
//! A message that the function reports as failed is delivered again after its visibility timeout, which is six times the
//! timeout of the function: minutes. Most transient errors last seconds. So the handler, which may run twice in any case, is
//! first retried here, while the invocation has time left.

use std::time::{Duration, Instant, SystemTime};

use tracing::warn;
use vpp_pipeline::Error;
use vpp_pipeline::error::{Unavailable, chain};

/// Pauses before the retries of a handler.
const HANDLER_PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];

/// Longest pause of an exponential backoff.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// An exponential backoff: the number of calls, and the pauses between them, which double each time, up to a second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// The pause after the first call.
    pub(crate) first_pause: Duration,
    /// The total number of calls.
    pub(crate) calls: usize,
}

impl Backoff {
    /// Returns the pause after each call.
    pub(crate) fn pauses(self) -> impl Iterator<Item = Duration> {
        std::iter::successors(Some(self.first_pause), |pause| Some(doubled(*pause))).take(self.calls)
    }
}

fn doubled(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}

/// Runs `handle` until it succeeds, fails with a permanent error, has used up its retries, or could not finish before
/// `deadline`.
pub(crate) async fn retry_transient<T>(
    deadline: SystemTime,
    handle: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Error> {
    for pause in HANDLER_PAUSES {
        let start = Instant::now();
        let error = match handle().await {
            Err(error) if error.is_transient() => error,
            result => return result,
        };
        // The retry may take as long as this call. The margin is the same time again.
        let needed = pause + start.elapsed() * 2;
        if deadline.duration_since(SystemTime::now()).unwrap_or_default() < needed {
            return Err(error);
        }
        warn!("retrying in {} ms: {}", pause.as_millis(), chain(&error));
        tokio::time::sleep(pause).await;
    }
    handle().await
}

/// The entries of a batch call that may accept only some of them. The call is repeated with the rest until all are accepted:
///
/// ```ignore
/// let mut batch = BatchRetry::new("PutEvents", BACKOFF, entries);
/// while let Some(entries) = batch.next().await? {
///     let rejected = put_events(entries).await?;
///     batch.retry(rejected);
/// }
/// ```
#[derive(Debug)]
pub(crate) struct BatchRetry<T> {
    call: &'static str,
    entries: Vec<T>,
    backoff: Backoff,
    is_retry: bool,
}

impl<T> BatchRetry<T> {
    pub(crate) fn new(call: &'static str, backoff: Backoff, entries: Vec<T>) -> Self {
        Self { call, entries, backoff, is_retry: false }
    }

    /// Returns the entries to send next, after a pause if they are sent again. Returns `None` when all are accepted.
    ///
    /// # Errors
    /// When some entries are still not accepted after the last call.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<T>>, Unavailable> {
        if self.entries.is_empty() {
            return Ok(None);
        }
        let Some(calls) = self.backoff.calls.checked_sub(1) else {
            let cause = format!("{} entries of the batch were not accepted", self.entries.len());
            return Err(Unavailable::new(self.call, cause.into()));
        };
        if self.is_retry {
            tokio::time::sleep(self.backoff.first_pause).await;
            self.backoff.first_pause = doubled(self.backoff.first_pause);
        }
        self.backoff.calls = calls;
        self.is_retry = true;
        Ok(Some(std::mem::take(&mut self.entries)))
    }

    /// Adds entries that the last call did not accept.
    pub(crate) fn retry(&mut self, rejected: impl IntoIterator<Item = T>) {
        self.entries.extend(rejected);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    fn calls(deadline: SystemTime, succeeds_at: u32, transient: bool) -> (u32, bool) {
        let calls = Cell::new(0);
        let handle = async || {
            calls.set(calls.get() + 1);
            match (calls.get() == succeeds_at, transient) {
                (true, _) => Ok(()),
                (_, true) => Err(Error::Transient { operation: "test", source: "no".into() }),
                (_, false) => Err(Error::Permanent { code: "no", message: "no".to_owned(), source: None }),
            }
        };
        let result = block_on(retry_transient(deadline, handle));
        (calls.get(), result.is_ok())
    }

    #[test]
    fn pauses_double_to_a_second() {
        let backoff = Backoff { first_pause: Duration::from_millis(300), calls: 4 };
        let millis: Vec<_> = backoff.pauses().map(|pause| pause.as_millis()).collect();
        assert_eq!(millis, [300, 600, 1_000, 1_000]);
    }

    #[test]
    fn a_transient_error_is_retried_while_there_is_time() {
        let later = SystemTime::now() + Duration::from_mins(1);
        assert_eq!(calls(later, 2, true), (2, true));
        assert_eq!(calls(SystemTime::now(), 2, true), (1, false), "no time is left");
    }

    #[test]
    fn a_permanent_error_is_not_retried() {
        assert_eq!(calls(SystemTime::now() + Duration::from_mins(1), 2, false), (1, false));
    }

    #[test]
    fn only_the_entries_that_were_not_accepted_are_sent_again() {
        let backoff = Backoff { first_pause: Duration::from_millis(1), calls: 3 };
        let sent = |accepted_per_call: usize| {
            let mut batch = BatchRetry::new("Test", backoff, vec![1, 2, 3, 4]);
            let mut calls = Vec::new();
            let result = block_on(async {
                while let Some(entries) = batch.next().await? {
                    batch.retry(entries.iter().skip(accepted_per_call).copied());
                    calls.push(entries);
                }
                Ok::<(), Unavailable>(())
            });
            (calls, result.is_ok())
        };
        assert_eq!(sent(2), (vec![vec![1, 2, 3, 4], vec![3, 4]], true));
        assert_eq!(sent(1), (vec![vec![1, 2, 3, 4], vec![2, 3, 4], vec![3, 4]], false));
    }
}
