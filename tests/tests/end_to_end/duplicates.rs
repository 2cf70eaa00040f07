//! Events and messages that arrive more than once, during the work and after it.

use std::collections::BTreeSet;

use serde_json::Value;
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::platform::{api, assert_matches_command, find_content, key_of, package_of_upload, text, upload};
use crate::stack::{eventually, stack};

/// The stages' queues.
const QUEUES: [&str; 3] = ["fragment_queue_url", "encrypt_queue_url", "dash_queue_url"];

/// Returns the messages that the stages have sent for a package: queue and body.
fn messages(package: &str) -> BTreeSet<(&'static str, String)> {
    let sent_to = |queue: &'static str| {
        let sent = aws::sent_messages(stack().output(queue)).into_iter();
        sent.filter(|body| body.contains(package)).map(move |body| (queue, body))
    };
    QUEUES.into_iter().flat_map(sent_to).collect()
}

/// The state of an upload and its package that a viewer, a caller or the next stage can observe.
#[derive(Debug, PartialEq)]
struct State {
    content: Value,
    answer: Value,
    items: Vec<Value>,
    output: Vec<aws::Object>,
    plan: Vec<aws::Object>,
}

fn state(key: &str, package: &str) -> State {
    State {
        content: find_content(key).expect("the content remains"),
        answer: api(&format!("/packaged_content/{package}")).json(),
        items: aws::partition(&format!("package#{package}")),
        output: aws::list(stack().output("output_bucket"), &format!("{package}/")),
        plan: aws::list(stack().output("work_bucket"), &format!("work/{package}/")),
    }
}

/// A film of several work units. Its event arrives three times, and every message again as soon as it is observed. After Ready,
/// every event and message arrives once more.
#[test]
fn repeated_events_and_messages_change_nothing() {
    let (movie, key) = (fixture("film-moov-last.mp4"), "duplicates/film.mp4");
    let (bucket, size) = (stack().output("uploads_bucket"), movie.metadata().unwrap().len());
    let etag = upload(key, &movie);
    let event = aws::object_created(bucket, key, &etag, size);
    aws::ingest(&event);
    let content = find_content(key).expect("a verdict");
    let package = package_of_upload(&content);

    let mut repeated = BTreeSet::new();
    let answer = eventually("the film to be Ready", || {
        aws::ingest(&event);
        for (queue, body) in messages(package).difference(&repeated.clone()) {
            aws::send_message(stack().output(queue), body);
            repeated.insert((*queue, body.clone()));
        }
        let answer = api(&format!("/packaged_content/{package}")).json();
        assert_ne!(answer["status"], "Failed", "{answer}");
        (answer["status"] == "Ready").then_some(answer)
    });
    let work_units = answer["progress"]["work_units_total"].as_u64().unwrap();
    let all = messages(package);
    assert!(work_units > 1);
    assert_eq!(all.len() as u64, work_units + 2, "a message for each stage and work unit: {all:?}");
    assert_eq!(answer["progress"]["work_units_done"], work_units, "each work unit counts once");

    let before = state(key, package);
    aws::ingest(&event);
    let replayed: Vec<_> =
        all.iter().map(|(queue, body)| (*queue, aws::send_message(stack().output(queue), body))).collect();
    for (queue, message) in &replayed {
        eventually("the replayed message to be handled", || aws::is_gone(stack().output(queue), message).then_some(()));
        let dead = queue.replace("_queue", "_dead_queue");
        assert!(aws::is_gone(stack().output(&dead), message), "{queue} dead-lettered a replayed message");
    }
    assert_eq!(state(key, package), before);
    assert_matches_command(package, &movie, &key_of(package), text(&answer, "kid"));
}
