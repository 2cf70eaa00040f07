//! Upgrades: this version reads the items of every release. `crates/aws/tests/records` has them, one file per release;
//! `write_the_records_of_this_version` of the test suite writes them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::attributes::{Item, Malformed, Reader};
use super::stream_records::item;
use super::{client_upload_item, content_item, idempotency_item, multipart_uploads_item, package_item, receipt_item};

fn items() -> Vec<(String, Item)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let items: Vec<Map<String, Value>> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        items.into_iter().map(move |image| (path.display().to_string(), item(&image).unwrap())).collect::<Vec<_>>()
    };
    files.flat_map(read).collect()
}

/// Reads an item, and returns the text by which its own attributes identify it.
fn identity(item: &Item) -> Result<(&'static str, String), Malformed> {
    let sk = Reader(item).text("sk")?;
    Ok(match sk {
        content_item::SK => ("content", content_item::read(item)?.id.to_string()),
        package_item::SK => {
            let package = package_item::read(item)?;
            ("package", format!("{} {}", package.id, package.status()))
        }
        multipart_uploads_item::SK => ("uploads", multipart_uploads_item::read(item)?.len().to_string()),
        client_upload_item::SK => ("client upload", client_upload_item::read(item)?.id.to_string()),
        idempotency_item::SK => ("idempotency key", idempotency_item::read(item)?),
        _ => ("receipt", receipt_item::read(item)?.work_unit.to_string()),
    })
}

#[test]
fn items_of_every_earlier_release_are_read() {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut statuses: Vec<String> = Vec::new();
    for (file, item) in items() {
        let (kind, read) = identity(&item).unwrap_or_else(|error| panic!("{file}: {error}: {item:?}"));
        *kinds.entry(kind).or_default() += 1;
        let text = |name: &str| item[name].as_s().unwrap();
        match kind {
            "content" => assert_eq!(&read, text("input_content_id")),
            "package" => {
                assert_eq!(read, format!("{} {}", text("packaged_content_id"), text("status")));
                statuses.push(text("status").clone());
            }
            "client upload" => assert_eq!(&read, text("upload_id")),
            "idempotency key" => assert_eq!(&read, text("answer")),
            "receipt" => assert_eq!(&read, item["work_unit"].as_n().unwrap()),
            _ => assert_eq!(read, item["uploads"].as_l().unwrap().len().to_string()),
        }
    }
    let kinds: Vec<&str> = kinds.into_keys().collect();
    assert_eq!(kinds, ["client upload", "content", "idempotency key", "package", "receipt", "uploads"]);
    statuses.sort_unstable();
    statuses.dedup();
    // An Encrypted package has the attributes of a Ready one but the last.
    assert_eq!(statuses, ["Deleting", "Failed", "Fragmented", "Queued", "Ready"]);
}
