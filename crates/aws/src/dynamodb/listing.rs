//! Lists of contents and packages: queries of an index, newest first.
//!
//! DynamoDB applies a filter to the items that a query has read, so a page may take several queries. After [`QUERIES`] queries
//! the page is returned as it is, with a cursor. The index of packages holds the attributes that filters use, and no attribute
//! that changes with every work unit. The packages of a page are then read from the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use vpp_pipeline::domain::content::Content;
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::listing::{ContentFilter, Cursor, PackageFilter, Page};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::unreadable::{Listed, RecordKind};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::Listing;

use super::attributes::{Item, Malformed, Reader, Writer, string};
use super::index_filter::{CONTENTS, Filter, Index, PACKAGES};
use super::table::{BACKOFF, DynamoCatalog, decode, malformed};
use super::{content_item, package_item};
use crate::error::unavailable;
use crate::retries::BatchRetry;

/// Maximum number of queries for one page.
const QUERIES: usize = 8;
/// Number of items that one query with a filter reads.
const FILTERED_ITEMS: i32 = 1_000;

impl DynamoCatalog {
    /// Returns at most `limit` items that follow `after`, and the key after which the next page starts, if there may be one.
    async fn newest(
        &self,
        index: Index,
        filter: Filter,
        limit: u16,
        after: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Unavailable> {
        let (name, value) = index.partition_key;
        let page = usize::from(limit);
        let (mut found, mut position): (Vec<Item>, _) = (Vec::new(), after);
        for _ in 0..QUERIES {
            let request = self.client.query().table_name(&self.table).index_name(index.name);
            let request = request.scan_index_forward(false).key_condition_expression("#partition = :partition");
            let request = request.expression_attribute_names("#partition", name);
            let request = request.expression_attribute_values(":partition", string(value));
            let clauses = Some(filter.clauses.join(" AND ")).filter(|clauses| !clauses.is_empty());
            // Without a filter, one extra item shows whether another page follows.
            let request = request.limit(if clauses.is_some() { FILTERED_ITEMS } else { i32::from(limit) + 1 });
            let mut request = request.set_filter_expression(clauses).set_exclusive_start_key(position);
            for (placeholder, name) in &filter.names {
                request = request.expression_attribute_names(*placeholder, *name);
            }
            for (placeholder, value) in &filter.values {
                request = request.expression_attribute_values(*placeholder, string(value));
            }
            let response = request.send().await.map_err(unavailable("Query"))?;
            found.extend(response.items.unwrap_or_default());
            position = response.last_evaluated_key.filter(|key| !key.is_empty());
            if found.len() > page || position.is_none() {
                break;
            }
        }
        if found.len() > page {
            found.truncate(page);
            position = found.last().cloned();
        }
        Ok((found, position))
    }

    /// Reads the packages of these index items from the table. Omits packages that were deleted meanwhile.
    async fn packages_of(&self, listed: &[Item]) -> Result<Vec<Listed<Package>>, Unavailable> {
        const CALL: &str = "BatchGetItem";
        let key = |item: &Item| -> Result<Item, Malformed> {
            let item = Reader(item);
            let key = Writer::default().set("pk", string(item.text("pk")?));
            Ok(key.set("sk", string(item.text("sk")?)).finish())
        };
        let keys = listed.iter().map(key).collect::<Result<Vec<_>, _>>().map_err(malformed)?;
        let mut found: HashMap<String, Listed<Package>> = HashMap::new();
        let mut batch = BatchRetry::new(CALL, BACKOFF, keys);
        while let Some(keys) = batch.next().await? {
            let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let keys = keys.map_err(|error| Unavailable::new(CALL, error.into()))?;
            let response = self.client.batch_get_item().request_items(&self.table, keys).send().await;
            let response = response.map_err(unavailable(CALL))?;
            for item in response.responses.unwrap_or_default().into_values().flatten() {
                let pk = Reader(&item).text("pk").map_err(malformed)?.to_owned();
                found.insert(pk, decode(&item, RecordKind::Package, package_item::read).into());
            }
            let unprocessed = response.unprocessed_keys.unwrap_or_default();
            batch.retry(unprocessed.into_values().flat_map(|unprocessed| unprocessed.keys));
        }
        Ok(listed.iter().filter_map(|item| found.remove(Reader(item).text("pk").ok()?)).collect())
    }
}

impl Listing for DynamoCatalog {
    async fn contents(
        &self,
        filter: &ContentFilter,
        limit: u16,
        after: Option<&Cursor<ContentId>>,
    ) -> Result<Page<Content, ContentId>, Unavailable> {
        let after = after.map(content_item::index_key);
        let (items, next) = self.newest(CONTENTS, Filter::of_contents(filter), limit, after).await?;
        let items = items.iter().map(|item| decode(item, RecordKind::Content, content_item::read).into()).collect();
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

/// Returns the cursor of an index item, or of its key. It holds texts, whatever they are: a list continues after an item that
/// cannot be read.
fn cursor<I>(item: &Item) -> Result<Cursor<I>, Malformed> {
    let item = Reader(item);
    let id = item.text("pk")?.split_once('#').map(|(_, id)| id).ok_or(Malformed("pk"))?;
    Ok(Cursor::after(item.text("created_at")?, id))
}
