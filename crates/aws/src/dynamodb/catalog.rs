//! Contents, packages, and the receipts of work units.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use vpp_pipeline::domain::content::{Content, INGEST_FAILED};
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::multipart::OutputUpload;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::receipt::{MadeSegment, Receipt};
use vpp_pipeline::domain::state::{Advance, Transition};
use vpp_pipeline::domain::unreadable::RecordKind;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{Catalog, CreateOutcome, ReceiptPage};

use super::attributes::{Item, number, string};
use super::table::{ABSENT, DynamoCatalog, Transacted, condition, decode, decoded, malformed};
use super::{content_item, multipart_uploads_item, package_item, receipt_item, transitions};
use crate::error::unavailable;

/// The condition for writing a content: it may replace a provisional content, or the tombstone of another version.
const NEW_CONTENT: &str = "attribute_not_exists(pk) OR #code = :provisional OR (attribute_exists(deleted_at) AND \
                           (attribute_not_exists(version_id) OR version_id <> :version))";
/// The same condition for a content in a bucket without versioning.
const NEW_CONTENT_WITHOUT_VERSION: &str = "attribute_not_exists(pk) OR #code = :provisional OR \
                                           (attribute_exists(deleted_at) AND attribute_exists(version_id))";

impl DynamoCatalog {
    pub(super) fn put_new(&self, item: Item) -> Result<Put, Unavailable> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(ABSENT).build();
        put.map_err(|error| Unavailable::new("PutItem", error.into()))
    }

    /// Returns an update of a package, if it exists.
    pub(super) fn update_package(&self, id: &PackageId) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.table).condition_expression("attribute_exists(pk)");
        update.key("pk", string(package_item::pk(id))).key("sk", string(package_item::SK))
    }

    fn put_content(&self, content: &Content) -> Result<Put, Unavailable> {
        let item = content_item::write(content).map_err(malformed)?;
        let version = content.version_id.as_deref();
        let condition = if version.is_some() { NEW_CONTENT } else { NEW_CONTENT_WITHOUT_VERSION };
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        let put = put.expression_attribute_names("#code", "code");
        let put = put.expression_attribute_values(":provisional", string(INGEST_FAILED));
        let put = version.into_iter().fold(put, |put, id| put.expression_attribute_values(":version", string(id)));
        put.build().map_err(|error| Unavailable::new("PutItem", error.into()))
    }
}

impl Catalog for DynamoCatalog {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<CreateOutcome<Content>, Unavailable> {
        // A package that exists without its content belongs to a provisional content: then only the content is new.
        for package in [package, None] {
            let mut puts = vec![self.put_content(content)?];
            if let Some(package) = package {
                puts.push(self.put_new(package_item::write(package).map_err(malformed)?)?);
            }
            let writes = puts.into_iter().map(|put| TransactWriteItem::builder().put(put).build()).collect();
            match self.transact(writes, 0).await? {
                Transacted::Committed => return Ok(CreateOutcome::Created),
                Transacted::ConditionFailed(0) => break,
                Transacted::ConditionFailed(_) => {}
            }
        }
        let existing = self.content(&content.id).await?;
        let gone = || Unavailable::new("GetItem", "the content was deleted meanwhile".into());
        existing.map(CreateOutcome::Existing).ok_or_else(gone)
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        self.record(&content_item::pk(id), content_item::SK, RecordKind::Content, content_item::read).await
    }

    async fn create_package(&self, package: &Package) -> Result<CreateOutcome<Package>, Unavailable> {
        let item = package_item::write(package).map_err(malformed)?;
        decoded(self.put_if_absent(item).await?, RecordKind::Package, package_item::read)
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        self.record(&package_item::pk(id), package_item::SK, RecordKind::Package, package_item::read).await
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        let update = transitions::advance(&self.table, id, transition);
        let update = update.map_err(|error| Unavailable::new("UpdateItem", error.into()))?;
        let writes = vec![TransactWriteItem::builder().update(update).build()];
        if self.transact(writes, 0).await? == Transacted::Committed {
            return Ok(Advance::Done);
        }
        let package = self.package(id).await?;
        let package = package.ok_or_else(|| Unavailable::new("UpdateItem", "there is no such package".into()))?;
        Ok(Advance::Stale(package.status()))
    }

    async fn make_ahead(&self, id: &PackageId) -> Result<(), Unavailable> {
        let update = self.update_package(id).update_expression("REMOVE #when");
        let update = update.expression_attribute_names("#when", package_item::WHEN);
        condition(update.send().await, "UpdateItem").map(drop)
    }

    async fn count_made(&self, id: &PackageId, made: &MadeSegment) -> Result<(), Unavailable> {
        let update = self.update_package(id);
        let update = update.update_expression("ADD #made :one, bytes_read :read, bytes_written :written");
        let update = update.expression_attribute_names("#made", package_item::SEGMENTS_MADE);
        let update = update.expression_attribute_values(":one", number(1));
        let update = update.expression_attribute_values(":read", number(made.bytes_read));
        let update = update.expression_attribute_values(":written", number(made.bytes_written));
        condition(update.send().await, "UpdateItem").map(drop)
    }

    async fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[OutputUpload],
    ) -> Result<CreateOutcome<Vec<OutputUpload>>, Unavailable> {
        let put = self.put_if_absent(multipart_uploads_item::write(id, uploads)).await?;
        decoded(put, RecordKind::OutputUploads, multipart_uploads_item::read)
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<OutputUpload>>, Unavailable> {
        let (pk, sk) = (package_item::pk(id), multipart_uploads_item::SK);
        self.record(&pk, sk, RecordKind::OutputUploads, multipart_uploads_item::read).await
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        let item = receipt_item::write(id, receipt).map_err(malformed)?;
        let count = transitions::count_work_unit(&self.table, id, receipt);
        let count = count.map_err(|error| Unavailable::new("UpdateItem", error.into()))?;
        let writes = vec![
            TransactWriteItem::builder().put(self.put_new(item)?).build(),
            TransactWriteItem::builder().update(count).build(),
        ];
        match self.transact(writes, receipt.work_unit).await? {
            // The receipt exists already.
            Transacted::Committed | Transacted::ConditionFailed(0) => Ok(()),
            Transacted::ConditionFailed(_) => Err(Unavailable::new("UpdateItem", "there is no such package".into())),
        }
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        Ok(self.item(&package_item::pk(id), &receipt_item::sk(work_unit)).await?.is_some())
    }

    async fn receipts(&self, id: &PackageId, after: Option<u32>) -> Result<ReceiptPage, Unavailable> {
        let pk = string(package_item::pk(id));
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let request = request.key_condition_expression("pk = :pk AND begins_with(sk, :unit)");
        let request = request.expression_attribute_values(":pk", pk.clone());
        let request = request.expression_attribute_values(":unit", string(receipt_item::PREFIX));
        let start = after.map(|work_unit| {
            Item::from([("pk".to_owned(), pk), ("sk".to_owned(), string(receipt_item::sk(work_unit)))])
        });
        let page = request.set_exclusive_start_key(start).send().await.map_err(unavailable("Query"))?;
        let is_last = page.last_evaluated_key().is_none();
        let items = page.items.unwrap_or_default();
        let receipts = items.into_iter().map(|item| decode(&item, RecordKind::Receipt, receipt_item::read));
        let receipts = receipts.collect::<Result<Vec<Receipt>, _>>()?;
        let next = receipts.last().filter(|_| !is_last).map(|last| last.work_unit);
        Ok(ReceiptPage { receipts, next })
    }
}
