//! A queue of SQS.
//!
//! Every message carries its package as message group. A standard queue does not keep groups in order; it is fair to them: the
//! work units of a huge package, when they hold most of the consumers, let those of other packages by. And it carries the trace of what
//! it came of.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_pipeline::domain::message::Message;
use vpp_pipeline::ports::{DelayQueue, Queue, Unavailable};

use crate::error::unavailable;
use crate::retries::pauses;
use crate::trace;

/// Entries of a batch, by SQS's own bound.
const BATCH: usize = 10;
/// Seconds that a message can be kept for, by SQS's own bound.
const LONGEST_DELAY: i32 = 900;
/// Batches sent at a time: a film has thousands of work units.
const BATCHES: usize = 8;
/// Times the entries of a batch are sent that SQS did not take.
const TRIES: usize = 4;
/// Pause after the first.
const PAUSE: Duration = Duration::from_millis(50);

/// A queue of one kind of message.
#[derive(Debug)]
pub struct SqsQueue<M> {
    client: Client,
    url: String,
    message: PhantomData<fn(M)>,
}

impl<M> SqsQueue<M> {
    /// The queue at `url`.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url, message: PhantomData }
    }

    /// Sends a batch. A batch may be taken in part: what was not taken is sent again.
    async fn send_batch(&self, mut entries: Vec<SendMessageBatchRequestEntry>) -> Result<(), Unavailable> {
        for pause in pauses(PAUSE).take(TRIES) {
            let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.clone()));
            let answer = request.send().await.map_err(unavailable("SendMessageBatch"))?;
            if answer.failed().is_empty() {
                return Ok(());
            }
            entries.retain(|entry| answer.failed().iter().any(|failed| failed.id() == entry.id()));
            tokio::time::sleep(pause).await;
        }
        Err(Unavailable::new("SendMessageBatch", "some messages were not taken".into()))
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
    async fn send_later(&self, message: &M, wait: Duration) -> Result<(), Unavailable> {
        const CALL: &str = "SendMessage";
        let body = serde_json::to_string(message).map_err(|error| Unavailable::new(CALL, error.into()))?;
        let seconds = i32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(LONGEST_DELAY).min(LONGEST_DELAY);
        let request = self.client.send_message().queue_url(&self.url).message_body(body).delay_seconds(seconds);
        let request = request.set_message_system_attributes(traced());
        let sent = request.message_group_id(message.subject()).send().await;
        sent.map(|_| ()).map_err(unavailable(CALL))
    }
}

/// The trace that is worked under, as a message carries it.
fn traced() -> Option<HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>> {
    let value =
        MessageSystemAttributeValue::builder().data_type("String").string_value(trace::header()?).build().ok()?;
    Some(HashMap::from([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)]))
}

fn batch<M: Message>(messages: &[M]) -> Result<Vec<SendMessageBatchRequestEntry>, Unavailable> {
    let entry = |(position, message): (usize, &M)| {
        let body =
            serde_json::to_string(message).map_err(|error| Unavailable::new("SendMessageBatch", error.into()))?;
        let entry = SendMessageBatchRequestEntry::builder().id(position.to_string()).message_body(body);
        let entry = entry.set_message_system_attributes(traced()).message_group_id(message.subject()).build();
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
}
