//! What is remembered of callers' requests: files on their way, and idempotency keys. Both are forgotten by the table itself, by
//! the time in `forget_at`.

use vpp_pipeline::api::uploads::{ClientMultipart, ClientUpload};
use vpp_pipeline::domain::id::ClientUploadId;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::ports::{Created, RequestRecords, Unavailable, UploadId};

use super::attributes::{Item, Malformed, Reader, Writer, number, string};
use super::{DynamoCatalog, FAILED_CONDITION_EXCEPTION, NEW, malformed};
use crate::error::{code, unavailable};

/// Sort key of a file on its way.
const INCOMING: &str = "incoming";
/// Sort key of an idempotency key.
const CLAIM: &str = "claim";

fn incoming_pk(id: &ClientUploadId) -> String {
    format!("incoming#{id}")
}

fn claim_pk(key: &str) -> String {
    format!("claim#{key}")
}

fn write(incoming: &ClientUpload) -> Item {
    let item = Writer::default()
        .set("pk", string(incoming_pk(&incoming.id)))
        .set("sk", string(INCOMING))
        .set("upload_id", string(incoming.id.as_str()))
        .set("name", string(&incoming.name))
        .set("bytes", number(incoming.bytes))
        .set("location", string(incoming.location.to_string()))
        .set("created_at", string(incoming.created_at.to_string()))
        .set("forget_at", number(incoming.forget_at().unix_seconds()));
    let item = incoming.parts.iter().fold(item, |item, parts| {
        item.set("parts_id", string(parts.upload.as_str())).set("part_bytes", number(parts.part_bytes))
    });
    item.finish()
}

fn read(item: &Item) -> Result<ClientUpload, Malformed> {
    let item = Reader(item);
    let in_parts = |item: Reader<'_>, name: &'static str| {
        Ok(ClientMultipart { upload: UploadId::new(item.text(name)?), part_bytes: item.number("part_bytes")? })
    };
    Ok(ClientUpload {
        id: item.parsed("upload_id")?,
        name: item.text("name")?.to_owned(),
        bytes: item.number("bytes")?,
        location: item.parsed("location")?,
        parts: item.maybe("parts_id", in_parts)?,
        created_at: item.parsed("created_at")?,
    })
}

impl DynamoCatalog {
    /// Puts an item unless one of its key is there; says which one was.
    async fn put_once(&self, item: Item, pk: String, sk: &str) -> Result<Created<Item>, Unavailable> {
        let request = self.client.put_item().table_name(&self.table).condition_expression(NEW);
        match request.set_item(Some(item)).send().await {
            Ok(_) => Ok(Created::Now),
            Err(error) if code(&error) == Some(FAILED_CONDITION_EXCEPTION) => {
                let known = self.item(pk, sk).await?;
                known.map(Created::Before).ok_or_else(|| Unavailable::new("GetItem", "the item is gone".into()))
            }
            Err(error) => Err(unavailable("PutItem")(error)),
        }
    }
}

impl RequestRecords for DynamoCatalog {
    async fn put_upload(&self, incoming: &ClientUpload) -> Result<Created<ClientUpload>, Unavailable> {
        Ok(match self.put_once(write(incoming), incoming_pk(&incoming.id), INCOMING).await? {
            Created::Now => Created::Now,
            Created::Before(item) => Created::Before(read(&item).map_err(malformed)?),
        })
    }

    async fn incoming(&self, id: &ClientUploadId) -> Result<Option<ClientUpload>, Unavailable> {
        let item = self.item(incoming_pk(id), INCOMING).await?;
        item.map(|item| read(&item).map_err(malformed)).transpose()
    }

    async fn forget_upload(&self, id: &ClientUploadId) -> Result<(), Unavailable> {
        let request = self.client.delete_item().table_name(&self.table);
        let request = request.key("pk", string(incoming_pk(id))).key("sk", string(INCOMING));
        request.send().await.map(|_| ()).map_err(unavailable("DeleteItem"))
    }

    async fn claim(&self, key: &str, answer: &str, forget_at: Timestamp) -> Result<Created<String>, Unavailable> {
        let item = Writer::default()
            .set("pk", string(claim_pk(key)))
            .set("sk", string(CLAIM))
            .set("answer", string(answer))
            .set("forget_at", number(forget_at.unix_seconds()))
            .finish();
        Ok(match self.put_once(item, claim_pk(key), CLAIM).await? {
            Created::Now => Created::Now,
            Created::Before(item) => Created::Before(Reader(&item).text("answer").map_err(malformed)?.to_owned()),
        })
    }
}
