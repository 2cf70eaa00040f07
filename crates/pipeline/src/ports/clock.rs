//! The time of day, for timestamps of items. No output byte depends on it.

use crate::domain::timestamp::Timestamp;

/// A clock.
pub trait Clock: Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}
