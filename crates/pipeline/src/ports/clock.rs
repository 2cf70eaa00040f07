//! The time of day, for the times an item shows. No output byte depends on it.

use crate::domain::timestamp::Timestamp;

/// A clock.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}
