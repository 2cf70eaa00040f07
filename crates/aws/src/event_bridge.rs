//! An event bus of `EventBridge`.

use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use vpp_pipeline::domain::event::Event;
use vpp_pipeline::ports::{EventBus, Unavailable};

use crate::error::unavailable;

const CALL: &str = "PutEvents";
/// Who sends the events, as rules name it.
const SOURCE: &str = "video-packaging-platform";
/// Entries of a request, by `EventBridge`'s own bound.
const BATCH: usize = 10;
/// Times the entries of a request are put that the bus did not take.
const TRIES: u32 = 4;

/// An event bus.
#[derive(Debug, Clone)]
pub struct BridgeBus {
    client: Client,
    name: String,
}

impl BridgeBus {
    /// The bus called `name`.
    #[must_use]
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    fn entry(&self, event: &Event) -> Result<PutEventsRequestEntry, Unavailable> {
        let detail = serde_json::to_string(event).map_err(|error| Unavailable::new(CALL, error.into()))?;
        let entry = PutEventsRequestEntry::builder().event_bus_name(&self.name).source(SOURCE);
        Ok(entry.detail_type(event.kind()).detail(detail).build())
    }

    /// Puts a request's worth. A request may be taken in part: what was not taken is put again.
    async fn put(&self, mut entries: Vec<PutEventsRequestEntry>) -> Result<(), Unavailable> {
        for attempt in 0..TRIES {
            let request = self.client.put_events().set_entries(Some(entries.clone()));
            let answer = request.send().await.map_err(unavailable(CALL))?;
            let mut results = answer.entries().iter();
            // An entry without an answer was not taken either.
            entries.retain(|_| results.next().is_none_or(|result| result.event_id().is_none()));
            if entries.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
        }
        Err(Unavailable::new(CALL, "some events were not taken".into()))
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
