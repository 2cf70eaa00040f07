//! The multipart uploads of a package's files as an item: a list of representations and upload ids.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::multipart::{OutputUpload, UploadId};

use super::attributes::{Item, Malformed, Writer, string};
use super::package_item::pk;

/// Sort key of the item.
pub(super) const SK: &str = "uploads";

/// The attribute that holds the list.
const UPLOADS: &str = "uploads";

pub(super) fn write(id: &PackageId, uploads: &[OutputUpload]) -> Item {
    let write_upload = |upload: &OutputUpload| {
        let representation = upload.representation.to_string();
        let names = [("representation", representation.as_str()), ("upload_id", upload.id.as_str())];
        AttributeValue::M(names.map(|(name, value)| (name.to_owned(), string(value))).into())
    };
    let uploads = uploads.iter().map(write_upload).collect();
    Writer::default().set("pk", string(pk(id))).set("sk", string(SK)).set(UPLOADS, AttributeValue::L(uploads)).finish()
}

pub(super) fn read(item: &Item) -> Result<Vec<OutputUpload>, Malformed> {
    let uploads = item.get(UPLOADS).and_then(|uploads| uploads.as_l().ok()).ok_or(Malformed(UPLOADS))?;
    let text = |map: &HashMap<String, AttributeValue>, name: &str| map.get(name)?.as_s().ok().cloned();
    let read_upload = |value: &AttributeValue| {
        let map = value.as_m().ok()?;
        let representation = text(map, "representation")?.parse().ok()?;
        Some(OutputUpload { representation, id: UploadId::new(text(map, "upload_id")?) })
    };
    uploads.iter().map(|value| read_upload(value).ok_or(Malformed(UPLOADS))).collect()
}
