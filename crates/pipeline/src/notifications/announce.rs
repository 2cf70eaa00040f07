//! Telling others what has changed.
//!
//! The catalog delivers changes in the order of each item, at least once, and holds the later ones back until the earlier ones are
//! told. So what cannot be told now is an error, and comes again; but what cannot even be read would hold back all that follow,
//! and goes to a dead-letter queue instead, by the name of its item.

use serde::{Deserialize, Serialize};

use crate::domain::event::{Changed, Event};
use crate::domain::message::{Message, Schema};
use crate::error::Error;
use crate::ports::{EventBus, Queue};

/// A change that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unannounced {
    schema: Schema,
    /// The item's partition key.
    pub item: String,
    /// The change's place in what the catalog delivers.
    pub sequence: String,
    /// What was wrong with it.
    pub problem: String,
}

impl Unannounced {
    /// The change at `sequence` of `item`.
    #[must_use]
    pub fn new(item: String, sequence: String, problem: String) -> Self {
        Self { schema: Schema, item, sequence, problem }
    }
}

impl Message for Unannounced {
    fn subject(&self) -> &str {
        &self.item
    }
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Announce<B, Q> {
    /// Takes the events.
    pub bus: B,
    /// Takes what could not be read.
    pub dead: Q,
}

impl<B: EventBus, Q: Queue<Unannounced>> Announce<B, Q> {
    /// Tells of changes, in their order.
    ///
    /// # Errors
    /// Transient ones. Any of the changes may then have been told.
    pub async fn handle(&self, changes: &[Changed], unreadable: &[Unannounced]) -> Result<Vec<Event>, Error> {
        if !unreadable.is_empty() {
            self.dead.send_all(unreadable).await.map_err(Error::unavailable("giving up on unreadable changes"))?;
        }
        let events: Vec<Event> = changes.iter().filter_map(Event::of).collect();
        if !events.is_empty() {
            self.bus.put_all(&events).await.map_err(Error::unavailable("putting events on the bus"))?;
        }
        Ok(events)
    }
}
