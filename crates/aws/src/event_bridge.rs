//! An `EventBridge` event bus.

use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use vpp_pipeline::domain::event::Event;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::EventBus;

use crate::error::unavailable;
use crate::retries::{Backoff, BatchRetry};

const CALL: &str = "PutEvents";
/// The `source` of every event, which rules match.
const SOURCE: &str = "video-packaging-platform";
/// Maximum number of entries in a request: the limit of `EventBridge`.
const BATCH: usize = 10;
/// Retries of the entries that the bus did not accept.
const BACKOFF: Backoff = Backoff { first_pause: Duration::from_millis(50), calls: 4 };

/// An event bus.
#[derive(Debug, Clone)]
pub struct BridgeBus {
    client: Client,
    name: String,
}

impl BridgeBus {
    /// Uses the bus called `name`.
    #[must_use]
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    fn entry(&self, event: &Event) -> Result<PutEventsRequestEntry, Unavailable> {
        let detail = serde_json::to_string(event).map_err(|error| Unavailable::new(CALL, error.into()))?;
        let entry = PutEventsRequestEntry::builder().event_bus_name(&self.name).source(SOURCE);
        Ok(entry.detail_type(event.kind()).detail(detail).build())
    }

    async fn put(&self, entries: Vec<PutEventsRequestEntry>) -> Result<(), Unavailable> {
        let mut batch = BatchRetry::new(CALL, BACKOFF, entries);
        while let Some(entries) = batch.next().await? {
            let request = self.client.put_events().set_entries(Some(entries.clone()));
            let response = request.send().await.map_err(unavailable(CALL))?;
            let mut results = response.entries().iter();
            // An entry without a result was not accepted either.
            let is_rejected =
                |_: &PutEventsRequestEntry| results.next().is_none_or(|result| result.event_id().is_none());
            batch.retry(entries.into_iter().filter(is_rejected));
        }
        Ok(())
    }
}

impl EventBus for BridgeBus {
    async fn put_all(&self, events: &[Event]) -> Result<(), Unavailable> {
        for batch in events.chunks(BATCH) {
            self.put(batch.iter().map(|event| self.entry(event)).collect::<Result<_, _>>()?).await?;
        }
        Ok(())
    }
}
