//! The catalog in one DynamoDB table.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | content | `content#<id>` | `content` |
//! | package | `package#<id>` | `package` |
//! | receipt | `package#<id>` | `unit#<8 digits>` |
//! | uploads | `package#<id>` | `uploads` |
//! | file on its way | `incoming#<id>` | `incoming` |
//! | idempotency key | `claim#<hash>` | `claim` |
//!
//! The index `by_kind` lists contents by time, and `packages_by_time` packages. Every other read is consistent. State moves by
//! conditional write: the
//! condition of a step is the list of statuses that the step itself says it starts from.
//!
//! Work units of one package finish at the same time and all add to its item, so transactions meet. One that lost to another is
//! made again, after a pause that grows and differs from work unit to work unit.

mod attributes;
pub(crate) mod changes;
mod content_item;
mod library;
mod package_item;
mod receipt_item;
mod request_records;
mod transitions;
mod uploads_item;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use vpp_pipeline::domain::content::{Content, INGEST_FAILED};
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::state::{Advance, Transition};
use vpp_pipeline::ports::{Catalog, Created, Receipt, Unavailable, Upload};

use crate::error::{code, unavailable};
use crate::retries::pauses;
use attributes::{Item, Malformed, string};

/// Times a write is made that meets others on the same item.
const CONFLICTS: usize = 10;
/// Pause after the first meeting, or after a batch that was taken in part.
const PAUSE: Duration = Duration::from_millis(10);

const FAILED_CONDITION: &str = "ConditionalCheckFailed";
const FAILED_CONDITION_EXCEPTION: &str = "ConditionalCheckFailedException";
const NEW: &str = "attribute_not_exists(pk)";
/// A content may take the place of a provisional one, and of the tombstone of another version.
const NEW_CONTENT: &str = "attribute_not_exists(pk) OR #code = :provisional OR (attribute_exists(deleted_at) AND \
                           (attribute_not_exists(version_id) OR version_id <> :version))";
/// The same of a content whose version has no name.
const NEW_CONTENT_WITHOUT_VERSION: &str = "attribute_not_exists(pk) OR #code = :provisional OR \
                                           (attribute_exists(deleted_at) AND attribute_exists(version_id))";

/// A table that holds contents, packages and receipts.
#[derive(Debug, Clone)]
pub struct DynamoCatalog {
    client: Client,
    table: String,
}

/// What came of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Yes,
    /// The condition of the write at this position did not hold.
    ConditionFailed(usize),
}

impl DynamoCatalog {
    /// The table called `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    async fn item(&self, pk: String, sk: &str) -> Result<Option<Item>, Unavailable> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = request.key("pk", string(pk)).key("sk", string(sk)).send().await;
        Ok(answer.map_err(unavailable("GetItem"))?.item)
    }

    fn put_new(&self, item: Item) -> Result<Put, Unavailable> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(NEW).build();
        put.map_err(|error| Unavailable::new("PutItem", error.into()))
    }

    fn put_content(&self, content: &Content) -> Result<Put, Unavailable> {
        let item = content_item::write(content).map_err(malformed)?;
        let version = content.version_id.as_deref();
        let condition = if version.is_some() { NEW_CONTENT } else { NEW_CONTENT_WITHOUT_VERSION };
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        let put = put.expression_attribute_names("#code", "code");
        let put = put.expression_attribute_values(":provisional", string(INGEST_FAILED));
        let put = version.into_iter().fold(put, |put, own| put.expression_attribute_values(":version", string(own)));
        put.build().map_err(|error| Unavailable::new("PutItem", error.into()))
    }

    /// Makes all of `writes` or none, again and again while they meet other writes.
    async fn transact(&self, writes: Vec<TransactWriteItem>, spread: u32) -> Result<Written, Unavailable> {
        const CALL: &str = "TransactWriteItems";
        for pause in pauses(PAUSE + Duration::from_millis(u64::from(spread % 16))).take(CONFLICTS) {
            let request = self.client.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = request.send().await else { return Ok(Written::Yes) };
            let reasons = cancellations(&error);
            if let Some(failed) = reasons.iter().position(|reason| reason == FAILED_CONDITION) {
                return Ok(Written::ConditionFailed(failed));
            }
            if reasons.is_empty() {
                return Err(unavailable(CALL)(error));
            }
            tokio::time::sleep(pause).await;
        }
        Err(Unavailable::new(CALL, "other writes kept coming first".into()))
    }
}

/// Why each write of a cancelled transaction was not made; nothing for any other error.
fn cancellations<R>(error: &SdkError<TransactWriteItemsError, R>) -> Vec<String> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let reasons = cancelled.cancellation_reasons();
            reasons.iter().map(|reason| reason.code().unwrap_or_default().to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

impl Catalog for DynamoCatalog {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<Created<Content>, Unavailable> {
        // A package without its content was left by a provisional verdict: then only the content is new.
        for package in [package, None] {
            let mut puts = vec![self.put_content(content)?];
            if let Some(package) = package {
                puts.push(self.put_new(package_item::write(package))?);
            }
            let writes = puts.into_iter().map(|put| TransactWriteItem::builder().put(put).build()).collect();
            match self.transact(writes, 0).await? {
                Written::Yes => return Ok(Created::Now),
                Written::ConditionFailed(0) => break,
                Written::ConditionFailed(_) => {}
            }
        }
        let known = self.content(&content.id).await?;
        known.map(Created::Before).ok_or_else(|| Unavailable::new("GetItem", "the content is gone".into()))
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        let item = self.item(content_item::pk(id), content_item::SK).await?;
        item.map(|item| content_item::read(&item).map_err(malformed)).transpose()
    }

    async fn create_package(&self, package: &Package) -> Result<Created<Package>, Unavailable> {
        let request = self.client.put_item().table_name(&self.table).condition_expression(NEW);
        let answer = request.set_item(Some(package_item::write(package))).send().await;
        match answer {
            Ok(_) => Ok(Created::Now),
            Err(error) if code(&error) == Some(FAILED_CONDITION_EXCEPTION) => {
                let known = self.package(&package.id).await?;
                known.map(Created::Before).ok_or_else(|| Unavailable::new("GetItem", "the package is gone".into()))
            }
            Err(error) => Err(unavailable("PutItem")(error)),
        }
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        let item = self.item(package_item::pk(id), package_item::SK).await?;
        item.map(|item| package_item::read(&item).map_err(malformed)).transpose()
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        let update = transitions::advance(&self.table, id, transition);
        let update = update.map_err(|error| Unavailable::new("UpdateItem", error.into()))?;
        let writes = vec![TransactWriteItem::builder().update(update).build()];
        if self.transact(writes, 0).await? == Written::Yes {
            return Ok(Advance::Done);
        }
        let package = self.package(id).await?;
        let package = package.ok_or_else(|| Unavailable::new("UpdateItem", "there is no such package".into()))?;
        Ok(Advance::Stale(package.status()))
    }

    async fn put_uploads(&self, id: &PackageId, uploads: &[Upload]) -> Result<Created<Vec<Upload>>, Unavailable> {
        let request = self.client.put_item().table_name(&self.table).condition_expression(NEW);
        let answer = request.set_item(Some(uploads_item::write(id, uploads))).send().await;
        match answer {
            Ok(_) => Ok(Created::Now),
            Err(error) if code(&error) == Some(FAILED_CONDITION_EXCEPTION) => {
                let known = self.uploads(id).await?;
                known.map(Created::Before).ok_or_else(|| Unavailable::new("GetItem", "the uploads are gone".into()))
            }
            Err(error) => Err(unavailable("PutItem")(error)),
        }
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<Upload>>, Unavailable> {
        let item = self.item(package_item::pk(id), uploads_item::SK).await?;
        item.map(|item| uploads_item::read(&item).map_err(malformed)).transpose()
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        let item = receipt_item::write(id, receipt).map_err(malformed)?;
        let count = transitions::count(&self.table, id, receipt);
        let count = count.map_err(|error| Unavailable::new("UpdateItem", error.into()))?;
        let writes = vec![
            TransactWriteItem::builder().put(self.put_new(item)?).build(),
            TransactWriteItem::builder().update(count).build(),
        ];
        match self.transact(writes, receipt.work_unit).await? {
            // It was kept before.
            Written::Yes | Written::ConditionFailed(0) => Ok(()),
            Written::ConditionFailed(_) => Err(Unavailable::new("UpdateItem", "there is no such package".into())),
        }
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        Ok(self.item(package_item::pk(id), &receipt_item::sk(work_unit)).await?.is_some())
    }

    async fn receipts(&self, id: &PackageId) -> Result<Vec<Receipt>, Unavailable> {
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let request = request.key_condition_expression("pk = :pk AND begins_with(sk, :work unit)");
        let request = request.expression_attribute_values(":pk", string(package_item::pk(id)));
        let request = request.expression_attribute_values(":unit", string(receipt_item::PREFIX));
        let mut items = request.into_paginator().items().send();
        let mut receipts = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(unavailable("Query"))?;
            receipts.push(receipt_item::read(&item).map_err(malformed)?);
        }
        Ok(receipts)
    }
}

/// An item that does not read as what it should be: it was written by another version, or by hand.
fn malformed(error: Malformed) -> Unavailable {
    Unavailable::new("GetItem", Box::new(error))
}
