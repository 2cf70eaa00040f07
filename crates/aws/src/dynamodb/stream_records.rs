//! The records of the table's DynamoDB stream, as Lambda delivers them.
//!
//! A record has the old and the new image of an item, in DynamoDB JSON. Both images are decoded like the items of the table.
//! Only contents and packages have events; the filter of the event source mapping drops the other items already.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde_json::{Map, Value};
use vpp_pipeline::domain::event::{Change, Changed};
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::domain::unreadable::{RecordKind, UnreadableRecord};

use super::attributes::{Item, Malformed};
use super::table::unreadable;
use super::{content_item, package_item};

/// A batch of changes, in order for each item.
#[derive(Debug, Deserialize)]
pub(crate) struct StreamBatch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    dynamodb: StreamRecord,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamRecord {
    keys: Map<String, Value>,
    #[serde(default)]
    old_image: Option<Map<String, Value>>,
    #[serde(default)]
    new_image: Option<Map<String, Value>>,
    #[serde(default)]
    approximate_creation_date_time: f64,
    #[serde(default)]
    sequence_number: String,
}

impl StreamBatch {
    /// Decodes the records. Returns the changes, and the items that cannot be read after their change.
    pub(crate) fn decode(self) -> (Vec<Changed>, Vec<UnreadableRecord>) {
        let (mut changes, mut unreadable) = (Vec::new(), Vec::new());
        for Record { dynamodb: record } in self.records {
            match record.changed() {
                Ok(changed) => changes.extend(changed),
                Err(record) => unreadable.push(record),
            }
        }
        (changes, unreadable)
    }
}

impl StreamRecord {
    fn key(&self, name: &str) -> &str {
        self.keys.get(name).and_then(|value| value["S"].as_str()).unwrap_or_default()
    }

    fn changed(&self) -> Result<Option<Changed>, UnreadableRecord> {
        Ok(match self.key("sk") {
            content_item::SK => self.change(RecordKind::Content, content_item::read)?.map(Changed::Content),
            package_item::SK => self.change(RecordKind::Package, package_item::read)?.map(Changed::Package),
            _ => None,
        })
    }

    /// Returns the change; `None` for the deletion of an item that cannot be read. An item that could not be read before the
    /// change counts as new.
    fn change<T>(
        &self,
        kind: RecordKind,
        read: impl Fn(&Item) -> Result<T, Malformed>,
    ) -> Result<Option<Change<T>>, UnreadableRecord> {
        let image = |image: &Option<Map<String, Value>>| {
            image.as_ref().map(|image| read(&item(image)?).map(Box::new)).transpose()
        };
        let seconds = Duration::try_from_secs_f64(self.approximate_creation_date_time).unwrap_or_default();
        let at = Timestamp::from(UNIX_EPOCH + seconds);
        let after = image(&self.new_image).map_err(|malformed| {
            let problem = format!("{malformed}, in the change {}", self.sequence_number);
            unreadable(kind, self.key("pk"), None, problem)
        })?;
        let before = image(&self.old_image).unwrap_or_default();
        Ok((before.is_some() || after.is_some()).then_some(Change { before, after, at }))
    }
}

/// Decodes an item from `DynamoDB`'s JSON.
pub(super) fn item(image: &Map<String, Value>) -> Result<Item, Malformed> {
    image.iter().map(|(name, value)| Ok((name.clone(), attribute(value)?))).collect()
}

/// Decodes an attribute of one of the types that the items of this table use.
fn attribute(value: &Value) -> Result<AttributeValue, Malformed> {
    const UNKNOWN: Malformed = Malformed("of an unknown type");
    let (kind, value) = value.as_object().and_then(|typed| typed.iter().next()).ok_or(UNKNOWN)?;
    Ok(match (kind.as_str(), value) {
        ("S", Value::String(text)) => AttributeValue::S(text.clone()),
        ("N", Value::String(digits)) => AttributeValue::N(digits.clone()),
        ("BOOL", Value::Bool(value)) => AttributeValue::Bool(*value),
        ("M", Value::Object(map)) => AttributeValue::M(item(map)?),
        ("L", Value::Array(list)) => AttributeValue::L(list.iter().map(attribute).collect::<Result<_, _>>()?),
        _ => return Err(UNKNOWN),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vpp_pipeline::domain::event::Event;

    use super::*;

    const ID: &str = "abcdefghijklmnopqrstuvwxyz";

    fn package(status: &str, work_units: u32) -> Value {
        json!({
            "pk": {"S": format!("package#{ID}")}, "sk": {"S": "package"}, "packaged_content_id": {"S": ID},
            "input_content_id": {"S": ID}, "input_content_origin": {"S": "s3://uploads/movie.mp4"}, "etag": {"S": "e"},
            "source_bytes": {"N": "9"}, "moov": {"M": {"offset": {"N": "0"}, "length": {"N": "4"}}},
            "created_at": {"S": "2026-11-22T21:08:00.250Z"}, "attempt": {"N": "1795381680250"},
            "work_units_done": {"N": work_units.to_string()}, "work_units_total": {"N": "3"}, "bytes_read": {"N": "0"},
            "bytes_written": {"N": "0"}, "status": {"S": status}, "fragmented_at": {"S": "2026-11-22T21:08:01.000Z"},
            "encrypted_at": {"S": "2026-11-22T21:08:02.000Z"}, "segment_ms": {"N": "6000"}, "scheme": {"S": "clear"},
            "encrypt": {"S": "none"}, "listed": {"S": "package"}, "inputs": {"S": ID},
        })
    }

    fn record(old: Option<Value>, new: Option<Value>) -> Value {
        let keys = json!({"pk": {"S": format!("package#{ID}")}, "sk": {"S": "package"}});
        let mut stream = json!({"Keys": keys, "ApproximateCreationDateTime": 1_795_381_690.0, "SequenceNumber": "7"});
        stream["OldImage"] = old.unwrap_or_default();
        stream["NewImage"] = new.unwrap_or_default();
        json!({"eventName": "MODIFY", "dynamodb": stream})
    }

    fn decode(records: &[Value]) -> (Vec<Changed>, Vec<UnreadableRecord>) {
        serde_json::from_value::<StreamBatch>(json!({"Records": records})).unwrap().decode()
    }

    #[test]
    fn a_change_of_status_is_an_event_and_a_counted_work_unit_is_not() {
        let moved = record(Some(package("Fragmented", 3)), Some(package("Encrypted", 3)));
        let counted = record(Some(package("Fragmented", 1)), Some(package("Fragmented", 2)));
        let gone = record(Some(package("Encrypted", 3)), None);
        let (changes, undecodable) = decode(&[moved, counted, gone]);
        let events: Vec<Event> = changes.iter().flat_map(|changed| Event::of(changed, "https://cdn.example")).collect();
        let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
        assert_eq!((kinds, undecodable), (vec!["package.encrypted", "package.deleted"], vec![]));
        let json = serde_json::to_value(&events).unwrap();
        assert_eq!(json[0]["at"], "2026-11-22T21:08:02.000Z");
        assert_eq!(json[1]["at"], "2026-11-22T21:08:10.000Z");
    }

    #[test]
    fn a_record_that_cannot_be_decoded_is_named_and_delays_no_other() {
        let mut damaged = package("Queued", 0);
        damaged["created_at"] = json!({"S": "yesterday"});
        let fine = record(None, Some(package("Encrypted", 3)));
        let (changes, undecodable) = decode(&[record(None, Some(damaged)), fine]);
        assert_eq!(changes.len(), 1);
        assert_eq!(undecodable[0].id, ID);
        assert!(undecodable[0].problem.ends_with("created_at is missing or malformed, in the change 7"));
    }

    #[test]
    fn a_record_that_becomes_readable_is_announced_and_one_that_is_deleted_is_not() {
        let unknown = package("Archived", 3);
        let repaired = record(Some(unknown.clone()), Some(package("Encrypted", 3)));
        let (changes, unreadable) = decode(&[repaired, record(Some(unknown), None)]);
        let kinds: Vec<String> = changes
            .iter()
            .flat_map(|changed| Event::of(changed, "https://cdn.example"))
            .map(|event| event.kind().to_owned())
            .collect();
        let expected = ["package.encrypted", "package.playable"].map(str::to_owned);
        assert_eq!((kinds, unreadable), (expected.to_vec(), vec![]));
    }

    #[test]
    fn items_of_other_kinds_are_ignored() {
        let keys = json!({"pk": {"S": format!("package#{ID}")}, "sk": {"S": "unit#00000001"}});
        let receipt = json!({"dynamodb": {"Keys": keys, "NewImage": {"segments": {"S": "[]"}}}});
        assert_eq!(decode(&[receipt]), (vec![], vec![]));
    }
}
