//! A client upload as an item: a file that a caller is uploading with presigned URLs. DynamoDB deletes the item at the time in
//! `forget_at`.

use vpp_pipeline::domain::client_upload::{ClientMultipart, ClientUpload};
use vpp_pipeline::domain::id::ClientUploadId;
use vpp_pipeline::domain::multipart::UploadId;

use super::attributes::{Item, Malformed, Reader, Writer, number, string};

/// Sort key of a client upload.
pub(super) const SK: &str = "client_upload";

/// Returns the partition key of a client upload.
pub(super) fn pk(id: &ClientUploadId) -> String {
    format!("client_upload#{id}")
}

pub(super) fn write(upload: &ClientUpload) -> Item {
    let item = Writer::default()
        .set("pk", string(pk(&upload.id)))
        .set("sk", string(SK))
        .set("upload_id", string(upload.id.as_str()))
        .set("name", string(&upload.name))
        .set("bytes", number(upload.bytes))
        .set("location", string(upload.location.to_string()))
        .set("created_at", string(upload.created_at.to_string()))
        .set("forget_at", number(upload.expires_at().unix_seconds()));
    let item = upload.multipart.iter().fold(item, |item, parts| {
        item.set("parts_id", string(parts.upload.as_str())).set("part_bytes", number(parts.part_bytes))
    });
    item.finish()
}

pub(super) fn read(item: &Item) -> Result<ClientUpload, Malformed> {
    let item = Reader(item);
    let multipart = |item: Reader<'_>, name: &'static str| {
        Ok(ClientMultipart { upload: UploadId::new(item.text(name)?), part_bytes: item.number("part_bytes")? })
    };
    Ok(ClientUpload {
        id: item.parsed("upload_id")?,
        name: item.text("name")?.to_owned(),
        bytes: item.number("bytes")?,
        location: item.parsed("location")?,
        multipart: item.optional("parts_id", multipart)?,
        created_at: item.parsed("created_at")?,
    })
}
