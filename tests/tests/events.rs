//! The schema, the examples and the documentation of events agree. `vpp-pipeline` tests the code against the examples.

#![expect(clippy::expect_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use vpp_tests::fixtures::root;
use vpp_tests::npm;

fn read(name: &str) -> String {
    fs::read_to_string(root().join("infra").join(name)).expect(name)
}

fn examples() -> Vec<Value> {
    serde_json::from_str(&read("events.examples.json")).expect("a list")
}

/// Collects the names of all members of objects, at any depth.
fn members(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.keys().cloned());
            object.values().for_each(|value| members(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| members(value, found)),
        _ => {}
    }
}

/// Collects the names of all properties of a schema.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        found.extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(object) => object.values().for_each(|value| properties(value, found)),
        Value::Array(list) => list.iter().for_each(|value| properties(value, found)),
        _ => {}
    }
}

#[test]
fn the_schema_allows_every_example_and_names_nothing_that_none_shows() {
    assert_eq!(npm::event_errors(&examples(), &[]), Vec::<String>::new());
    let (mut named, mut shown) = (BTreeSet::new(), BTreeSet::new());
    properties(&serde_json::from_str(&read("events.schema.json")).unwrap(), &mut named);
    examples().iter().for_each(|event| members(event, &mut shown));
    assert_eq!(named, shown);
}

#[test]
fn the_schema_allows_nothing_else() {
    let example = |kind: &str| examples().into_iter().find(|event| event["type"] == kind).expect(kind);
    let changed = |kind: &str, pointer: &str, value: Value| {
        let mut event = example(kind);
        match event.pointer_mut(pointer) {
            Some(member) => *member = value,
            None => event["package"][pointer] = value,
        }
        event
    };
    for event in [
        changed("package.ready", "/type", "package.played".into()),
        changed("package.ready", "/type", "content.ingested".into()),
        changed("package.ready", "/schema", 2.into()),
        changed("package.ready", "/at", "yesterday".into()),
        changed("package.ready", "/package/attempt", "1".into()),
        changed("package.ready", "/package/status", "ready".into()),
        changed("package.ready", "video_key", "AQICAHh".into()),
        changed("package.failed", "/package/failure/stage", "upload".into()),
    ] {
        assert!(!npm::event_errors(std::slice::from_ref(&event), &[]).is_empty(), "{event}");
    }
}

#[test]
fn the_text_lists_every_type_and_shows_an_example() {
    let text = read("../docs/events.md");
    let (_, shown) = text.split_once("```json\n").expect("an example");
    let shown: Value = serde_json::from_str(shown.split("```").next().unwrap()).expect("JSON");
    assert!(examples().contains(&shown));
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let listed: BTreeSet<&str> = rows.filter(|kind| kind.contains('.')).collect();
    let examples = examples();
    assert_eq!(listed, examples.iter().map(|event| event["type"].as_str().unwrap()).collect());
}
