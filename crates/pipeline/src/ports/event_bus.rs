//! The event bus.

use std::future::Future;

use crate::domain::event::Event;
use crate::error::Unavailable;

/// Delivers events to every subscriber, at least once.
pub trait EventBus: Send + Sync {
    /// Puts all of `events` on the bus. After an error, any of them may have been accepted.
    fn put_all(&self, events: &[Event]) -> impl Future<Output = Result<(), Unavailable>> + Send;
}
