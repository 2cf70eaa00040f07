//! Publishes events about changes of contents and packages.
//!
//! The catalog's change stream delivers the changes of each item in order, at least once, and holds later ones back until
//! earlier ones succeed. A change that cannot be published now is therefore an error, and is delivered again. A change to a
//! record that cannot be read has no event: it is counted, and delays no other.

use crate::domain::event::{Changed, Event};
use crate::error::Error;
use crate::ports::EventBus;

/// The use case and its port.
#[derive(Debug)]
pub struct Announce<B> {
    /// The event bus.
    pub bus: B,
    /// Start of every stream's URL, without a trailing slash.
    pub delivery_url: String,
}

impl<B: EventBus> Announce<B> {
    /// Publishes the events of changes, in order.
    ///
    /// # Errors
    /// Transient errors only. Any of the events may have been published.
    pub async fn handle(&self, changes: &[Changed]) -> Result<Vec<Event>, Error> {
        let events: Vec<Event> = changes.iter().flat_map(|changed| Event::of(changed, &self.delivery_url)).collect();
        if !events.is_empty() {
            self.bus.put_all(&events).await.map_err(Error::unavailable("putting events on the bus"))?;
        }
        Ok(events)
    }
}
