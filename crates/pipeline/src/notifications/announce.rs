//! Publishes events about changes of contents and packages.
//!
//! The catalog's change stream delivers the changes of each item in order, at least once, and holds later ones back until
//! earlier ones succeed. A change that cannot be published now is therefore an error, and is delivered again. A change that
//! cannot be parsed would block all changes that follow, so it is sent to a dead-letter queue.

use serde::{Deserialize, Serialize};

use crate::domain::event::{Changed, Event};
use crate::domain::message::{Message, Schema};
use crate::error::Error;
use crate::ports::{EventBus, Queue};

/// A change that could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableChange {
    schema: Schema,
    /// The item's partition key.
    pub item: String,
    /// The change's sequence number in the stream.
    pub sequence: String,
    /// The problem with the change.
    pub problem: String,
}

impl UnreadableChange {
    /// Returns the change at `sequence` of `item`.
    #[must_use]
    pub fn new(item: String, sequence: String, problem: String) -> Self {
        Self { schema: Schema, item, sequence, problem }
    }
}

impl Message for UnreadableChange {
    fn subject(&self) -> &str {
        &self.item
    }
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Announce<B, Q> {
    /// The event bus.
    pub bus: B,
    /// The dead-letter queue of unreadable changes.
    pub dead_letters: Q,
    /// Start of every stream's URL, without a trailing slash.
    pub delivery_url: String,
}

impl<B: EventBus, Q: Queue<UnreadableChange>> Announce<B, Q> {
    /// Publishes the events of changes, in order.
    ///
    /// # Errors
    /// Transient errors only. Any of the events may have been published.
    pub async fn handle(&self, changes: &[Changed], unreadable: &[UnreadableChange]) -> Result<Vec<Event>, Error> {
        if !unreadable.is_empty() {
            let sent = self.dead_letters.send_all(unreadable).await;
            sent.map_err(Error::unavailable("dead-lettering unreadable changes"))?;
        }
        let events: Vec<Event> = changes.iter().filter_map(|changed| Event::of(changed, &self.delivery_url)).collect();
        if !events.is_empty() {
            self.bus.put_all(&events).await.map_err(Error::unavailable("putting events on the bus"))?;
        }
        Ok(events)
    }
}
