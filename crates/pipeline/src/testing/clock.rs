//! A clock for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use crate::domain::timestamp::Timestamp;
use crate::ports::Clock;

/// A clock that advances by a millisecond each time it is read. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct TickingClock(Arc<AtomicU64>);

impl TickingClock {
    /// Advances the clock.
    pub fn pass(&self, time: Duration) {
        self.0.fetch_add(time.as_millis().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// The time at which every test starts.
const START: Duration = Duration::from_hours(489_957);

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        let ticks = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from(UNIX_EPOCH + START + Duration::from_millis(ticks))
    }
}
