//! Events: from a change in the table over the bus to a receiver that nobody here has made the signature check of.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vpp_tests::fixtures::fixture;
use vpp_tests::npm;

use crate::aws;
use crate::platform::{call, content, ingested, own_package, ready, text, upload};
use crate::receiver::{Delivery, LED_ELSEWHERE, receiver};
use crate::stack::{eventually, stack};

/// What webhooks are signed with now.
fn secret() -> String {
    let held: Value = serde_json::from_str(&aws::secret(stack().output("webhook_secret"))).unwrap();
    text(&held, "current").to_owned()
}

/// What was delivered about something, once there is an event of type `last` among it.
fn delivered(about: &str, last: &str) -> Vec<Delivery> {
    eventually(&format!("{last} of {about}"), || {
        let deliveries = receiver().about(about);
        deliveries.iter().any(|own| own.event()["type"] == last && own.answer == 204).then_some(deliveries)
    })
}

/// Types of events in the order of their moments, each id once.
fn story(events: &[Value]) -> Vec<&str> {
    let mut known = BTreeSet::new();
    let mut events: Vec<&Value> = events.iter().filter(|event| known.insert(text(event, "id"))).collect();
    events.sort_by_key(|event| text(event, "at"));
    events.iter().map(|event| text(event, "type")).collect()
}

#[test]
fn every_change_of_state_is_notified_once_and_arrives_signed() {
    let content = ingested("events/told.mp4", &fixture("sample.mp4"));
    let package = own_package(&content);
    ready(package);
    assert_eq!(call("DELETE", &format!("/packaged_content/{package}"), "").status, 202);
    let road = ["queued", "fragmented", "encrypted", "ready", "deleting", "deleted"];
    let road = road.map(|status| format!("package.{status}"));

    let name = format!("package-{package}");
    let deliveries = delivered(&name, "package.deleted");
    let on_the_bus: Vec<Value> = aws::events().into_iter().filter(|own| text(own, "id").starts_with(&name)).collect();
    assert_eq!(story(&on_the_bus), road);
    let told: BTreeSet<String> = deliveries.iter().map(|own| text(&own.event(), "id").to_owned()).collect();
    assert_eq!(told, on_the_bus.iter().map(|own| text(own, "id").to_owned()).collect());
    for delivery in &deliveries {
        let event = delivery.event();
        assert_eq!(
            (delivery.line.as_str(), delivery.header("content-type")),
            ("POST /hook HTTP/1.1", "application/json")
        );
        assert_eq!(delivery.header("webhook-id"), text(&event, "id"));
    }
    let signed: Vec<Value> = deliveries.iter().map(|own| own.with_secret(&secret())).collect();
    assert_eq!(npm::complaints(&on_the_bus, &signed), Vec::<String>::new());
    let mut forged = signed[0].clone();
    forged["body"] = json!(text(&forged, "body").replace("package.", "content."));
    assert!(!npm::complaints(&[], &[forged]).is_empty(), "another body has another signature");

    let about = delivered(text(&content, "input_content_id"), "content.ingested");
    let own = about.iter().map(Delivery::event).find(|event| event["type"] == "content.ingested").unwrap();
    assert_eq!(own["content"]["packaged_content_id"], package);
    assert_eq!(own["content"]["input_content_origin"], content["input_content_origin"]);
}

#[test]
fn a_webhook_that_is_not_confirmed_is_sent_again_and_redirects_are_not_followed() {
    let key = format!("events/{LED_ELSEWHERE}.mp4");
    upload(&key, &fixture("moov-missing.mp4"));
    assert_eq!(content(&key)["status"], "Refused");
    let deliveries = delivered(&key, "content.refused");
    assert_eq!(deliveries.iter().map(|own| own.answer).collect::<Vec<_>>(), [307, 204]);
    let [first, again] = &deliveries[..] else { panic!("two deliveries") };
    assert_eq!((first.header("webhook-id"), &first.body), (again.header("webhook-id"), &again.body));
    let seconds = |own: &Delivery| own.header("webhook-timestamp").parse::<u64>().expect("a number");
    assert!(seconds(again) >= seconds(first) + 5, "the pauses are the function's, not the queue's");
    assert!(receiver().deliveries().iter().all(|own| own.line.starts_with("POST /hook ")), "nobody was led elsewhere");
    assert_eq!(npm::complaints(&[], &[again.with_secret(&secret())]), Vec::<String>::new());
}

#[test]
fn a_secret_is_replaced_while_the_receiver_changes_over() {
    let (old, new) = (secret(), "N".repeat(64));
    aws::put_secret(stack().output("webhook_secret"), &json!({"current": new, "previous": old}).to_string());
    let example: Vec<Value> = serde_json::from_str(include_str!("../../../infra/events.examples.json")).unwrap();
    let mut event = example.into_iter().find(|event| event["type"] == "package.ready").expect("an example");
    let mut run = 0;
    let both = eventually("the new secret to be used", || {
        run += 1;
        event["package"]["attempt"] = json!(run);
        event["id"] = json!(format!("package-{}-{run}-ready", "r".repeat(26)));
        aws::put_event(stack().output("event_bus_name"), &event);
        let arrived = delivered(text(&event, "id"), "package.ready").remove(0);
        (arrived.header("webhook-signature").split(' ').count() == 2).then_some(arrived)
    });
    for secret in [old, new] {
        assert_eq!(npm::complaints(&[], &[both.with_secret(&secret)]), Vec::<String>::new());
    }
}
