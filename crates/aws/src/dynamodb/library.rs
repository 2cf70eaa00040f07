//! The lists of contents and packages, and their deletion.

use vpp_pipeline::domain::content::Content;
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::listing::{ContentFilter, Cursor, PackageFilter, Page};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::state::Status;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{DeletionRecords, Listing};

use super::attributes::{Item, Reader, number, string};
use super::listing::{CONTENTS, Filter, PACKAGES, cursor};
use super::table::{Condition, DynamoCatalog, condition, malformed};
use super::{content_item, package_item};
use crate::error::unavailable;

impl Listing for DynamoCatalog {
    async fn contents(
        &self,
        filter: &ContentFilter,
        limit: u16,
        after: Option<&Cursor<ContentId>>,
    ) -> Result<Page<Content, ContentId>, Unavailable> {
        let after = after.map(content_item::index_key);
        let (items, next) = self.newest(CONTENTS, Filter::of_contents(filter), limit, after).await?;
        let items = items.iter().map(content_item::read).collect::<Result<_, _>>().map_err(malformed)?;
        Ok(Page { items, next: next.as_ref().map(cursor).transpose().map_err(malformed)? })
    }

    async fn packages(
        &self,
        filter: &PackageFilter,
        limit: u16,
        after: Option<&Cursor<PackageId>>,
    ) -> Result<Page<Package, PackageId>, Unavailable> {
        let after = after.map(package_item::index_key);
        let (listed, next) = self.newest(PACKAGES, Filter::of_packages(filter), limit, after).await?;
        let items = self.packages_of(&listed).await?;
        Ok(Page { items, next: next.as_ref().map(cursor).transpose().map_err(malformed)? })
    }
}

impl DeletionRecords for DynamoCatalog {
    async fn mark_content_deleted(&self, id: &ContentId, at: Timestamp) -> Result<(), Unavailable> {
        let request = self.client.update_item().table_name(&self.table);
        let request = request.key("pk", string(content_item::pk(id))).key("sk", string(content_item::SK));
        let request = request.condition_expression("attribute_exists(pk)");
        let request = request.update_expression("SET deleted_at = if_not_exists(deleted_at, :at) REMOVE #kind");
        let request = request.expression_attribute_names("#kind", "kind");
        let written = request.expression_attribute_values(":at", string(at.to_string())).send().await;
        condition(written, "UpdateItem").map(|_| ())
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
