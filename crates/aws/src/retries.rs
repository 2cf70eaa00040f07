//! Trying again at once, before giving a message back.
//!
//! A message that is given back comes again when its visibility timeout has passed, which is six times the function's own:
//! minutes. What makes an error transient is usually over in seconds. So a handler, which may run twice anyway, is run
//! again here, while the time of the invocation allows it.

use std::time::{Duration, Instant, SystemTime};

use tracing::warn;
use vpp_pipeline::Error;
use vpp_pipeline::error::chain;

/// Pauses between tries.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];

/// The longest pause between two tries of one call.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The pauses between the tries of one call: each is twice as long as the one before, to a second.
pub(crate) fn pauses(first: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(first), |pause| Some((*pause * 2).min(LONGEST_PAUSE)))
}

/// Runs `attempt` until it succeeds, has had its tries, or could not finish before `deadline`.
pub(crate) async fn try_again<T>(
    deadline: SystemTime,
    attempt: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Error> {
    for pause in PAUSES {
        let start = Instant::now();
        let error = match attempt().await {
            Err(error) if error.is_transient() => error,
            ended => return ended,
        };
        // As long as this try took, with as much again to spare.
        let needed = pause + start.elapsed() * 2;
        if deadline.duration_since(SystemTime::now()).unwrap_or_default() < needed {
            return Err(error);
        }
        warn!("trying again in {} ms: {}", pause.as_millis(), chain(&error));
        tokio::time::sleep(pause).await;
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn tries(deadline: SystemTime, succeeds_at: u32, transient: bool) -> (u32, bool) {
        let tries = Cell::new(0);
        let attempt = async || {
            tries.set(tries.get() + 1);
            match (tries.get() == succeeds_at, transient) {
                (true, _) => Ok(()),
                (_, true) => Err(Error::Transient { operation: "trying", source: "no".into() }),
                (_, false) => Err(Error::Permanent { code: "no", message: "no".to_owned(), source: None }),
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let ended = runtime.block_on(try_again(deadline, attempt));
        (tries.get(), ended.is_ok())
    }

    #[test]
    fn pauses_double_to_a_second() {
        let millis: Vec<_> = pauses(Duration::from_millis(300)).take(4).map(|pause| pause.as_millis()).collect();
        assert_eq!(millis, [300, 600, 1_000, 1_000]);
    }

    #[test]
    fn a_transient_error_is_tried_again_while_there_is_time() {
        let later = SystemTime::now() + Duration::from_mins(1);
        assert_eq!(tries(later, 2, true), (2, true));
        assert_eq!(tries(SystemTime::now(), 2, true), (1, false), "no time is left");
    }

    #[test]
    fn a_permanent_error_is_not() {
        assert_eq!(tries(SystemTime::now() + Duration::from_mins(1), 2, false), (1, false));
    }
}
