//! Queues: how long their oldest message waits, and what is in the dead-letter queues.

use serde_json::json;

use super::Checkup;
use super::metrics::Metric;
use crate::doctor::finding::Code;
use crate::doctor::stack::Resource;

/// How long the oldest message of a queue may wait. The alarms of the template have the same values.
const MAX_AGE_SECONDS: [(&str, u32); 2] = [("EncryptQueue", 3600), ("DeletionQueue", 86_400)];
/// The same of every other queue that is not listed.
const DEFAULT_MAX_AGE_SECONDS: u32 = 900;
/// A webhook's message waits for its next attempt, for up to two days in all.
const WAITS_BY_DESIGN: &str = "WebhookQueue";

/// Checks every queue of the stack.
pub(super) fn check(checkup: &mut Checkup<'_>) {
    let stack = checkup.stack;
    for queue in stack.of_kind("AWS::SQS::Queue") {
        let Some(messages) = visible_messages(checkup, queue) else { continue };
        if queue.logical_id.ends_with("DeadQueue") {
            dead_letters(checkup, queue, messages);
        } else if queue.logical_id != WAITS_BY_DESIGN {
            age(checkup, queue, messages);
        }
    }
}

fn visible_messages(checkup: &mut Checkup<'_>, queue: &Resource) -> Option<u64> {
    let name = "ApproximateNumberOfMessages";
    let request = json!({"QueueUrl": queue.physical_id, "AttributeNames": [name]});
    let result = checkup.account.json("sqs", "AmazonSQS.GetQueueAttributes", &request);
    let attributes = checkup.received("sqs:GetQueueAttributes", queue, result)?;
    attributes["Attributes"][name].as_str()?.parse().ok()
}

fn dead_letters(checkup: &mut Checkup<'_>, queue: &Resource, messages: u64) {
    if messages > 0 {
        let noun = if messages == 1 { "message" } else { "messages" };
        let what = format!("{messages} {noun}, whose retries are exhausted");
        let mend =
            "find the reason in the log of the stage, mend it, and put the work back with `make redrive STACK=… YES=1`";
        checkup.report(Code::DeadLetters, queue.location(), what, mend);
    }
}

fn age(checkup: &mut Checkup<'_>, queue: &Resource, messages: u64) {
    let name = queue.physical_id.rsplit('/').next().unwrap_or_default();
    let metric = Metric { namespace: "AWS/SQS", name: "ApproximateAgeOfOldestMessage", dimension: ("QueueName", name) };
    let points = match metric.datapoints(checkup.account, "Maximum") {
        Ok(points) => points,
        Err(error) => return checkup.unanswered("cloudwatch:GetMetricStatistics", &queue.location(), &error),
    };
    let limit = MAX_AGE_SECONDS.iter().find(|(id, _)| *id == queue.logical_id);
    let limit = limit.map_or(DEFAULT_MAX_AGE_SECONDS, |(_, seconds)| *seconds);
    let Some(age) = points.last().filter(|age| **age > f64::from(limit)) else { return };
    let what =
        format!("the oldest message waits for {age:.0} s, more than {limit} s; {messages} are ready to be received");
    let mend = "look at the errors and throttles of the function that reads the queue, and at its event source mapping";
    checkup.report(Code::QueueStuck, queue.location(), what, mend);
}
