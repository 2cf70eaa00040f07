//! The deletion of contents and packages: tombstones, leases, and the deletion of the items of a package.

use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::state::Status;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::domain::unreadable::RecordKind;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{DeletedFile, DeletionRecords, PackageDeletion, Tombstone};

use super::attributes::{Item, Reader, number, string};
use super::table::{Condition, DynamoCatalog, condition, decode};
use super::{content_item, package_item};
use crate::error::unavailable;

impl DeletionRecords for DynamoCatalog {
    async fn mark_content_deleted(&self, id: &ContentId, tombstone: Tombstone) -> Result<(), Unavailable> {
        let request = self.client.update_item().table_name(&self.table);
        let request = request.key("pk", string(content_item::pk(id))).key("sk", string(content_item::SK));
        let request = request.condition_expression("attribute_exists(pk)");
        let request = request.update_expression(
            "SET deleted_at = if_not_exists(deleted_at, :at), forget_at = if_not_exists(forget_at, :forget) REMOVE #kind",
        );
        let request = request.expression_attribute_names("#kind", "kind");
        let request = request.expression_attribute_values(":at", string(tombstone.deleted_at.to_string()));
        let forget_at = number(tombstone.forget_at.unix_seconds());
        let written = request.expression_attribute_values(":forget", forget_at).send().await;
        condition(written, "UpdateItem").map(|_| ())
    }

    async fn deleted_file(&self, id: &ContentId) -> Result<Option<DeletedFile>, Unavailable> {
        let item = self.item(&content_item::pk(id), content_item::SK).await?;
        let read = item.map(|item| decode(&item, RecordKind::Content, content_item::read_deleted_file));
        // Without location there is no file to delete.
        Ok(read.and_then(Result::ok).flatten())
    }

    async fn condemn_package(&self, id: &PackageId, at: Timestamp) -> Result<Option<u64>, Unavailable> {
        let attempt = at.unix_millis();
        let request = self.client.update_item().table_name(&self.table);
        let request = request.key("pk", string(package_item::pk(id))).key("sk", string(package_item::SK));
        let request = request.condition_expression("attribute_exists(pk)");
        // Without the times of earlier states, functions may have started work until now.
        let request = request.update_expression(
            "SET #status = :deleting, #attempt = :attempt, deleting_at = :at REMOVE failed_at, ready_at, lease_until",
        );
        let request =
            request.expression_attribute_names("#status", "status").expression_attribute_names("#attempt", "attempt");
        let request = request.expression_attribute_values(":deleting", string(Status::Deleting.as_str()));
        let request = request.expression_attribute_values(":attempt", number(attempt));
        let written = request.expression_attribute_values(":at", string(at.to_string())).send().await;
        Ok(match condition(written, "UpdateItem")? {
            Condition::Held => Some(attempt),
            Condition::Failed => None,
        })
    }

    async fn package_deletion(&self, id: &PackageId) -> Result<Option<PackageDeletion>, Unavailable> {
        let (pk, sk) = (package_item::pk(id), package_item::SK);
        Ok(self.record(&pk, sk, RecordKind::Package, package_item::read_deletion).await?.flatten())
    }

    async fn lease_deletion(
        &self,
        id: &PackageId,
        attempt: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, Unavailable> {
        let request = self.client.update_item().table_name(&self.table);
        let request = request.key("pk", string(package_item::pk(id))).key("sk", string(package_item::SK));
        let request = request.condition_expression(
            "#status = :deleting AND #attempt = :attempt AND (attribute_not_exists(lease_until) OR lease_until < :now)",
        );
        let request = request.update_expression("SET lease_until = :until");
        let request =
            request.expression_attribute_names("#status", "status").expression_attribute_names("#attempt", "attempt");
        let request = request.expression_attribute_values(":deleting", string(Status::Deleting.as_str()));
        let request = request.expression_attribute_values(":attempt", number(attempt));
        let request = request.expression_attribute_values(":now", string(now.to_string()));
        let written = request.expression_attribute_values(":until", string(until.to_string())).send().await;
        Ok(condition(written, "UpdateItem")? == Condition::Held)
    }

    async fn purge_package(&self, id: &PackageId, attempt: u64) -> Result<(), Unavailable> {
        let pk = package_item::pk(id);
        let item = self.item(&pk, package_item::SK).await?;
        let is_deleting = |item: &Item| {
            let item = Reader(item);
            item.text("status") == Ok(Status::Deleting.as_str()) && item.number("attempt") == Ok(attempt)
        };
        if !item.as_ref().is_some_and(is_deleting) {
            return Ok(());
        }
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let request = request.key_condition_expression("pk = :pk").projection_expression("pk, sk");
        let mut items = request.expression_attribute_values(":pk", string(&pk)).into_paginator().items().send();
        let mut keys = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(unavailable("Query"))?;
            if Reader(&item).text("sk") != Ok(package_item::SK) {
                keys.push(item);
            }
        }
        self.delete_items(&keys).await?;
        let request = self.client.delete_item().table_name(&self.table);
        let request = request.key("pk", string(pk)).key("sk", string(package_item::SK));
        let request = request.condition_expression("#status = :deleting AND #attempt = :attempt");
        let request =
            request.expression_attribute_names("#status", "status").expression_attribute_names("#attempt", "attempt");
        let request = request.expression_attribute_values(":deleting", string(Status::Deleting.as_str()));
        let written = request.expression_attribute_values(":attempt", number(attempt)).send().await;
        condition(written, "DeleteItem").map(|_| ())
    }
}
