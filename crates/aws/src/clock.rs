//! The system clock.

use std::time::SystemTime;

use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::ports::Clock;

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}
