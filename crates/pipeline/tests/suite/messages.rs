//! Upgrades: what was queued by an earlier release is worked on by this one.

use serde_json::{Value, json};
use vpp_pipeline::domain::message::{DashMessage, DeletionMessage, FragmentMessage, Message, WorkUnitMessage};

const ID: &str = "abcdefghijklmnopqrstuvwxyz";

fn reads<M: Message>(body: &Value) -> bool {
    serde_json::from_value::<M>(body.clone()).is_ok_and(|message| message.subject() == ID)
}

/// Every shape that a release has sent. Nothing is ever taken out of this list: what is in it may lie in a queue.
#[test]
fn messages_of_every_earlier_version_are_read() {
    let section = json!({"offset": 1, "length": 2});
    for body in
        [json!({"schema": 1, "packaged_content_id": ID}), json!({"schema": 1, "packaged_content_id": ID, "attempt": 7})]
    {
        assert!(reads::<FragmentMessage>(&body) && reads::<DashMessage>(&body), "{body}");
    }
    for body in [
        json!({"schema": 1, "packaged_content_id": ID, "work_unit": 3, "section": section}),
        json!({"schema": 1, "packaged_content_id": ID, "attempt": 7, "work_unit": 3, "section": section, "spans": []}),
    ] {
        assert!(reads::<WorkUnitMessage>(&body), "{body}");
    }
    for body in
        [json!({"schema": 1, "packaged_content_id": ID, "attempt": 7}), json!({"schema": 1, "input_content_id": ID})]
    {
        assert!(reads::<DeletionMessage>(&body), "{body}");
    }
}

/// What a later release adds is passed over, so that going back is safe too; what it changes is not guessed at.
#[test]
fn what_a_later_version_adds_is_passed_over_and_another_schema_is_refused() {
    let added = json!({"schema": 1, "packaged_content_id": ID, "attempt": 7, "priority": "high"});
    assert!(reads::<FragmentMessage>(&added) && reads::<DashMessage>(&added));
    let other = json!({"schema": 2, "packaged_content_id": ID, "attempt": 7});
    assert!(!reads::<FragmentMessage>(&other) && !reads::<DashMessage>(&other) && !reads::<DeletionMessage>(&other));
}
