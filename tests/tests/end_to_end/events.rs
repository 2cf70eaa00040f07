//! Events: from a change in the table through the bus to a webhook receiver. An independent library verifies the signatures.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use serde_json::{Value, json};
use vpp_tests::fixtures::fixture;
use vpp_tests::npm;

use crate::aws;
use crate::platform::{call, content, ingested, package_of_upload, ready, text, upload};
use crate::stack::{eventually, stack};
use crate::webhook_receiver::{Delivery, REDIRECTED, receiver};

/// Held for writing while the secret is replaced: a delivery is verified with the secret that is current when it is sent.
static SECRET_IN_USE: RwLock<()> = RwLock::new(());

/// Keeps the secret that signs webhooks from being replaced.
fn keep_secret() -> RwLockReadGuard<'static, ()> {
    SECRET_IN_USE.read().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the current secret that signs webhooks.
fn secret() -> String {
    let secret: Value = serde_json::from_str(&aws::secret(stack().output("webhook_secret"))).unwrap();
    text(&secret, "current").to_owned()
}

/// Waits for an event of type `last` with `subject` in it. Returns all deliveries with `subject`.
fn delivered(subject: &str, last: &str) -> Vec<Delivery> {
    eventually(&format!("{last} of {subject}"), || {
        let deliveries = receiver().deliveries_with(subject);
        deliveries
            .iter()
            .any(|delivery| delivery.event()["type"] == last && delivery.answer == 204)
            .then_some(deliveries)
    })
}

/// Returns the types of events in the order of their times, each id once.
fn types_in_order(events: &[Value]) -> Vec<&str> {
    let mut known = BTreeSet::new();
    let mut events: Vec<&Value> = events.iter().filter(|event| known.insert(text(event, "id"))).collect();
    events.sort_by_key(|event| (text(event, "at"), text(event, "id")));
    events.iter().map(|event| text(event, "type")).collect()
}

#[test]
fn every_change_of_state_is_notified_once_and_arrives_signed() {
    let _kept = keep_secret();
    let content = ingested("events/notified.mp4", &fixture("sample.mp4"));
    let package = package_of_upload(&content);
    ready(package);
    assert_eq!(call("DELETE", &format!("/packaged_content/{package}"), "").status, 202);
    let statuses = ["queued", "fragmented", "playable", "encrypted", "ready", "deleting", "deleted"];
    let expected = statuses.map(|status| format!("package.{status}"));

    let name = format!("package-{package}");
    let deliveries = delivered(&name, "package.deleted");
    let on_the_bus: Vec<Value> =
        aws::events().into_iter().filter(|event| text(event, "id").starts_with(&name)).collect();
    assert_eq!(types_in_order(&on_the_bus), expected);
    let delivered_ids: BTreeSet<String> =
        deliveries.iter().map(|delivery| text(&delivery.event(), "id").to_owned()).collect();
    assert_eq!(delivered_ids, on_the_bus.iter().map(|event| text(event, "id").to_owned()).collect());
    for delivery in &deliveries {
        let event = delivery.event();
        assert_eq!(
            (delivery.line.as_str(), delivery.header("content-type")),
            ("POST /hook HTTP/1.1", "application/json")
        );
        assert_eq!(delivery.header("webhook-id"), text(&event, "id"));
    }
    let signed: Vec<Value> = deliveries.iter().map(|delivery| delivery.with_secret(&secret())).collect();
    assert_eq!(npm::event_errors(&on_the_bus, &signed), Vec::<String>::new());
    let mut forged = signed[0].clone();
    forged["body"] = json!(text(&forged, "body").replace("package.", "content."));
    assert!(!npm::event_errors(&[], &[forged]).is_empty(), "another body has another signature");

    let deliveries = delivered(text(&content, "input_content_id"), "content.ingested");
    let event = deliveries.iter().map(Delivery::event).find(|event| event["type"] == "content.ingested").unwrap();
    assert_eq!(event["content"]["packaged_content_id"], package);
    assert_eq!(event["content"]["input_content_origin"], content["input_content_origin"]);
}

#[test]
fn a_webhook_that_is_not_confirmed_is_sent_again_and_redirects_are_not_followed() {
    let _kept = keep_secret();
    let key = format!("events/{REDIRECTED}.mp4");
    upload(&key, &fixture("moov-missing.mp4"));
    assert_eq!(content(&key)["status"], "Refused");
    let deliveries = delivered(&key, "content.refused");
    assert_eq!(deliveries.iter().map(|delivery| delivery.answer).collect::<Vec<_>>(), [307, 204]);
    let [first, again] = &deliveries[..] else { panic!("two deliveries") };
    assert_eq!((first.header("webhook-id"), &first.body), (again.header("webhook-id"), &again.body));
    let seconds = |delivery: &Delivery| delivery.header("webhook-timestamp").parse::<u64>().expect("a number");
    assert!(seconds(again) >= seconds(first) + 5, "the function sets the pause, not the queue");
    assert!(
        receiver().deliveries().iter().all(|delivery| delivery.line.starts_with("POST /hook ")),
        "no redirect is followed"
    );
    assert_eq!(npm::event_errors(&[], &[again.with_secret(&secret())]), Vec::<String>::new());
}

#[test]
fn a_secret_is_replaced_while_the_receiver_changes_over() {
    let _replacing = SECRET_IN_USE.write().unwrap_or_else(PoisonError::into_inner);
    let (old, new) = (secret(), "N".repeat(64));
    aws::put_secret(stack().output("webhook_secret"), &json!({"current": new, "previous": old}).to_string());
    let example: Vec<Value> = serde_json::from_str(include_str!("../../../infra/events.examples.json")).unwrap();
    let mut event = example.into_iter().find(|event| event["type"] == "package.ready").expect("an example");
    let mut attempt = 0;
    let delivery = eventually("the new secret to be used", || {
        attempt += 1;
        event["package"]["attempt"] = json!(attempt);
        event["id"] = json!(format!("package-{}-{attempt}-ready", "r".repeat(26)));
        aws::put_event(stack().output("event_bus_name"), &event);
        let delivery = delivered(text(&event, "id"), "package.ready").remove(0);
        (delivery.header("webhook-signature").split(' ').count() == 2).then_some(delivery)
    });
    for secret in [old, new] {
        assert_eq!(npm::event_errors(&[], &[delivery.with_secret(&secret)]), Vec::<String>::new());
    }
}
