//! Upgrades: this release handles the messages of earlier releases.

use serde_json::{Value, json};
use vpp_pipeline::domain::ingest_message::IngestMessage;
use vpp_pipeline::domain::message::{DashMessage, DeletionMessage, FragmentMessage, Message, WorkUnitMessage};

const ID: &str = "abcdefghijklmnopqrstuvwxyz";

fn parses<M: Message>(body: &Value) -> bool {
    serde_json::from_value::<M>(body.clone()).is_ok_and(|message| message.subject() == ID)
}

/// Every message format that a release has sent. Formats are never removed: such messages may still be in a queue.
#[test]
fn messages_of_every_earlier_release_are_parsed() {
    let section = json!({"offset": 1, "length": 2});
    for body in
        [json!({"schema": 1, "packaged_content_id": ID}), json!({"schema": 1, "packaged_content_id": ID, "attempt": 7})]
    {
        assert!(parses::<FragmentMessage>(&body) && parses::<DashMessage>(&body), "{body}");
    }
    for body in [
        json!({"schema": 1, "packaged_content_id": ID, "work_unit": 3, "section": section}),
        json!({"schema": 1, "packaged_content_id": ID, "attempt": 7, "work_unit": 3, "section": section, "spans": []}),
    ] {
        assert!(parses::<WorkUnitMessage>(&body), "{body}");
    }
    let upload = json!({"schema": 1, "input_content_id": ID, "bucket": "b", "key": "k", "etag": "e", "bytes": 5});
    assert!(parses::<IngestMessage>(&upload));
    for body in
        [json!({"schema": 1, "packaged_content_id": ID, "attempt": 7}), json!({"schema": 1, "input_content_id": ID})]
    {
        assert!(parses::<DeletionMessage>(&body), "{body}");
    }
}

/// Fields that a later release adds are ignored, so that a rollback is safe. A changed format has another schema version.
#[test]
fn added_fields_are_ignored_and_another_schema_version_is_refused() {
    let added = json!({"schema": 1, "packaged_content_id": ID, "attempt": 7, "priority": "high"});
    assert!(parses::<FragmentMessage>(&added) && parses::<DashMessage>(&added));
    let other = json!({"schema": 2, "packaged_content_id": ID, "attempt": 7});
    assert!(!parses::<FragmentMessage>(&other) && !parses::<DashMessage>(&other) && !parses::<DeletionMessage>(&other));
}
