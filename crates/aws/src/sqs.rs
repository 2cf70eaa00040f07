//! An SQS queue.
//!
//! Every message carries its group: the id of its package, or one group for all packages with many segments for their size. A
//! standard queue does not order groups; it is fair to them: when the work units of one group occupy most consumers, SQS prefers
//! the work units of others. Every message also carries the trace header of the work that sent it.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_pipeline::domain::message::Message;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{DelayQueue, Queue};

use crate::error::unavailable;
use crate::retries::{Backoff, BatchRetry};
use crate::trace;

/// Maximum number of entries in a batch: the limit of SQS.
const BATCH: usize = 10;
/// Maximum number of batches in flight: a film has thousands of work units.
const BATCHES: usize = 8;
/// Longest delay of a message, in seconds: the limit of SQS.
const LONGEST_DELAY: u64 = 900;
/// Longest visibility timeout of a received message, in seconds. The limit of SQS is twelve hours from the receipt, so a message
/// that has been received for a while cannot be hidden for all of them.
const LONGEST_VISIBILITY_TIMEOUT: u64 = 43_000;
/// Retries of the entries of a batch that SQS did not accept.
const BACKOFF: Backoff = Backoff { first_pause: Duration::from_millis(50), calls: 4 };

/// A queue of one kind of message.
#[derive(Debug)]
pub struct SqsQueue<M> {
    client: Client,
    url: String,
    message: PhantomData<fn(M)>,
}

impl<M> SqsQueue<M> {
    /// Uses the queue at `url`.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url, message: PhantomData }
    }

    /// Hides a received message for `delay`, after which SQS delivers it again.
    pub(crate) async fn hide(&self, receipt_handle: &str, delay: Duration) -> Result<(), Unavailable> {
        const CALL: &str = "ChangeMessageVisibility";
        let request = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt_handle);
        let request = request.visibility_timeout(whole_seconds(delay, LONGEST_VISIBILITY_TIMEOUT));
        request.send().await.map(|_| ()).map_err(unavailable(CALL))
    }

    async fn send_batch(&self, entries: Vec<SendMessageBatchRequestEntry>) -> Result<(), Unavailable> {
        const CALL: &str = "SendMessageBatch";
        let mut batch = BatchRetry::new(CALL, BACKOFF, entries);
        while let Some(entries) = batch.next().await? {
            let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.clone()));
            let response = request.send().await.map_err(unavailable(CALL))?;
            let is_rejected =
                |entry: &SendMessageBatchRequestEntry| response.failed().iter().any(|failed| failed.id() == entry.id());
            batch.retry(entries.into_iter().filter(is_rejected));
        }
        Ok(())
    }
}

impl<M: Message> Queue<M> for SqsQueue<M> {
    async fn send_all(&self, messages: &[M]) -> Result<(), Unavailable> {
        let batches = messages.chunks(BATCH).map(batch).collect::<Result<Vec<_>, _>>()?;
        let sent = stream::iter(batches.into_iter().map(|batch| self.send_batch(batch)));
        sent.buffer_unordered(BATCHES).try_collect().await
    }
}

impl<M: Message> DelayQueue<M> for SqsQueue<M> {
    async fn send_delayed(&self, message: &M, wait: Duration) -> Result<(), Unavailable> {
        const CALL: &str = "SendMessage";
        let body = serde_json::to_string(message).map_err(|error| Unavailable::new(CALL, error.into()))?;
        let request = self.client.send_message().queue_url(&self.url).message_body(body);
        let request = request.delay_seconds(whole_seconds(wait, LONGEST_DELAY));
        let request = request.set_message_system_attributes(trace_attribute());
        let sent = request.message_group_id(message.group()).send().await;
        sent.map(|_| ()).map_err(unavailable(CALL))
    }
}

/// Rounds a duration up to whole seconds, and limits it to `longest`.
fn whole_seconds(duration: Duration, longest: u64) -> i32 {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    // `longest` is a limit of SQS, and fits.
    i32::try_from(seconds.min(longest)).unwrap_or(i32::MAX)
}

/// Returns the trace header of the current work, as a system attribute of a message.
fn trace_attribute() -> Option<HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>> {
    let value =
        MessageSystemAttributeValue::builder().data_type("String").string_value(trace::header()?).build().ok()?;
    Some(HashMap::from([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)]))
}

fn batch<M: Message>(messages: &[M]) -> Result<Vec<SendMessageBatchRequestEntry>, Unavailable> {
    let entry = |(position, message): (usize, &M)| {
        let body =
            serde_json::to_string(message).map_err(|error| Unavailable::new("SendMessageBatch", error.into()))?;
        let entry = SendMessageBatchRequestEntry::builder().id(position.to_string()).message_body(body);
        let entry = entry.set_message_system_attributes(trace_attribute());
        let entry = entry.message_group_id(message.group()).build();
        entry.map_err(|error| Unavailable::new("SendMessageBatch", error.into()))
    };
    messages.iter().enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use vpp_pipeline::domain::message::{Section, WorkUnitMessage};

    use super::*;

    #[test]
    fn a_message_names_its_package_as_its_group() -> Result<(), Box<dyn std::error::Error>> {
        let section = Section { offset: 0, length: 1 };
        let ids = ["abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba"];
        let work_units = ids.map(|id| id.parse().map(|id| WorkUnitMessage::new(id, 0, section)));
        let work_units = work_units.into_iter().collect::<Result<Vec<_>, _>>()?;
        let groups: Vec<_> =
            batch(&work_units)?.iter().map(|entry| entry.message_group_id().map(str::to_owned)).collect();
        assert_eq!(groups, ids.map(|id| Some(id.to_owned())));
        Ok(())
    }

    #[test]
    fn a_delay_is_rounded_up_to_seconds_and_limited() {
        for (millis, seconds) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (900_001, 900)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis), LONGEST_DELAY), seconds, "{millis}");
        }
        assert_eq!(whole_seconds(Duration::MAX, LONGEST_DELAY), 900);
    }
}
