//! Where events go.

use std::future::Future;

use crate::domain::event::Event;
use crate::ports::Unavailable;

/// Hands events on to all who have asked for them, at least once.
pub trait EventBus: Send + Sync {
    /// Takes all of `events`. When it returns an error, any of them may have been taken.
    fn put_all(&self, events: &[Event]) -> impl Future<Output = Result<(), Unavailable>> + Send;
}
