//! Records of this version, of another version, and damaged ones, in a table of the local AWS.

use std::collections::HashMap;
use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};
use vpp_aws::{Aws, DynamoCatalog};
use vpp_pipeline::domain::listing::{ContentFilter, PackageFilter};
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::domain::unreadable::Listed;
use vpp_pipeline::ports::{Catalog, DeletionRecords, Listing};
use vpp_pipeline::testing::contract;

use crate::contract::create_table;
use crate::emulator::{Implementation, on_aws};

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

async fn scan(client: &Client) -> Vec<HashMap<String, AttributeValue>> {
    let items = client.scan().table_name("table").into_paginator().items().send();
    items.collect::<Result<Vec<_>, _>>().await.unwrap()
}

/// Sets an attribute of an item to a value that this version cannot read.
async fn damage(client: &Client, item: &HashMap<String, AttributeValue>, name: &str, value: AttributeValue) {
    let request = client.update_item().table_name("table");
    let request = request.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
    let request = request.update_expression("SET #name = :value").expression_attribute_names("#name", name);
    request.expression_attribute_values(":value", value).send().await.unwrap();
}

#[test]
fn a_record_that_cannot_be_read_is_listed_passed_and_deleted() {
    on_aws(&Implementation::MiniStack, async |config| {
        create_table(&config).await;
        let client = Client::new(&config);
        let catalog: DynamoCatalog = Aws::new(config).catalog("table".to_owned());
        contract::listing(&catalog, "contents").await;
        contract::listing_packages(&catalog, "packages").await;
        let number = || AttributeValue::N("7".to_owned());
        let damages = [
            (
                "package",
                vec![
                    ("status", text("Archived")),
                    ("kid", text("not a key id")),
                    ("scheme", text("cens")),
                    ("work_units_done", text("many")),
                    ("created_at", text("a time of another version")),
                ],
            ),
            (
                "content",
                vec![
                    ("status", text("Quarantined")),
                    ("bytes", text("many")),
                    ("etag", number()),
                    ("moov", number()),
                    ("created_at", text("a time of another version")),
                ],
            ),
        ];
        for (kind, damages) in damages {
            let items: Vec<_> = scan(&client).await.into_iter().filter(|item| item["sk"] == text(kind)).collect();
            assert!(items.len() >= damages.len());
            for (item, (name, value)) in items.iter().zip(damages) {
                damage(&client, item, name, value).await;
            }
        }
        let contents =
            contract::all_items(async |after| catalog.contents(&ContentFilter::default(), 1, after).await.unwrap());
        let unreadable: Vec<_> = contents.await.into_iter().filter_map(unreadable_id).collect();
        // The index of contents has no item whose `moov` is not a movie's: four contents of five can be damaged by it.
        assert!(unreadable.len() >= 4, "{unreadable:?}");
        let packages =
            contract::all_items(async |after| catalog.packages(&PackageFilter::default(), 1, after).await.unwrap());
        let unreadable: Vec<_> = packages.await.into_iter().filter_map(unreadable_id).collect();
        assert_eq!(unreadable.len(), 5, "{unreadable:?}");
        let at = Timestamp::from_unix_seconds(5_000_000_000);
        for id in unreadable {
            let id = id.parse().unwrap();
            let error = catalog.package(&id).await.unwrap_err();
            assert!(error.unreadable().is_some_and(|record| record.id == *id.as_str()), "{error:?}");
            let attempt = catalog.condemn_package(&id, at).await.unwrap().unwrap();
            let deletion = catalog.package_deletion(&id).await.unwrap().unwrap();
            assert_eq!((deletion.attempt, deletion.at_rest_since), (attempt, at));
            assert!(catalog.lease_deletion(&id, attempt, at, at).await.unwrap());
            catalog.purge_package(&id, attempt).await.unwrap();
            assert_eq!(catalog.package(&id).await.unwrap(), None);
        }
    });
}

fn unreadable_id<T>(item: Listed<T>) -> Option<String> {
    match item {
        Listed::Readable(_) => None,
        Listed::Unreadable(record) => Some(record.id),
    }
}

/// Writes the items that this version writes, in every state that the catalog's contract leaves behind, to `crates/aws/tests/records/<NAME>.json`, with:
///
/// ```text
/// NAME=0.9 cargo test --release -p vpp-aws --test suite write_the_records_of_this_version -- --ignored
/// ```
///
/// The items are those of the catalog's contract on the local AWS.
#[test]
#[ignore = "writes a fixture: run it once per release"]
fn write_the_records_of_this_version() {
    let name = std::env::var("NAME").expect("NAME is the name of the release");
    on_aws(&Implementation::MiniStack, async |config| {
        create_table(&config).await;
        let client = Client::new(&config);
        let catalog: DynamoCatalog = Aws::new(config).catalog("table".to_owned());
        contract::creates(&catalog, "creates").await;
        contract::refusals(&catalog, "refusals").await;
        contract::steps(&catalog, "steps").await;
        contract::failures(&catalog, "failures").await;
        contract::receipts(&catalog, "receipts").await;
        contract::stored_uploads(&catalog, "uploads").await;
        contract::retries_and_tombstones(&catalog, "retries").await;
        contract::request_records(&catalog, "records").await;
        contract::listing_packages(&catalog, "packages").await;
        contract::tombstones(&catalog, "tombstones").await;
        let items: Vec<Value> = scan(&client).await.iter().map(|item| to_json(item).into()).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/records/{name}.json"));
        std::fs::write(path, serde_json::to_string_pretty(&items).unwrap() + "\n").unwrap();
    });
}

/// Returns an item in DynamoDB's JSON.
fn to_json(item: &HashMap<String, AttributeValue>) -> Map<String, Value> {
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(digits) => json!({"N": digits}),
        AttributeValue::M(map) => json!({"M": to_json(map)}),
        AttributeValue::L(list) => json!({"L": list.iter().map(attribute).collect::<Vec<_>>()}),
        other => panic!("an attribute of another type: {other:?}"),
    }
}
