//! Lists of contents and packages: queries of the shards of an index, newest first.
//!
//! DynamoDB applies a filter to the items that a query has read, so a page may take several queries of each shard. After
//! [`ROUNDS`] of them the page is returned as it is, with a cursor. The index of packages holds the attributes that filters use,
//! and no attribute that changes with every work unit. The packages of a page are then read from the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future::try_join_all;
use vpp_pipeline::domain::content::Content;
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::list_shard::{SHARDS, shards};
use vpp_pipeline::domain::listing::{ContentFilter, Cursor, PackageFilter, Page};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::unreadable::{Listed, RecordKind};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::Listing;

use super::attributes::{Item, Malformed, Reader, Writer, string};
use super::index_filter::{CONTENTS, Filter, Index, PACKAGES};
use super::merge::{Merge, Position, Shard};
use super::table::{BACKOFF, DynamoCatalog, decode, malformed};
use super::{content_item, package_item};
use crate::error::unavailable;
use crate::retries::BatchRetry;

/// Number of queries of each shard after which a page is returned as it is.
const ROUNDS: usize = 8;
/// Number of items that one query with a filter reads.
const FILTERED_ITEMS: i32 = 1_000;

impl DynamoCatalog {
    /// Returns at most `limit` items that follow `after`, and the position at which the next page starts, if there may be one.
    async fn newest(
        &self,
        index: Index,
        filter: Filter,
        limit: u16,
        after: Option<Position>,
    ) -> Result<(Vec<Item>, Option<Position>), Unavailable> {
        let page = usize::from(limit);
        let mut merge = Merge::new(index.list, shards(index.list), after);
        for round in 1.. {
            let queries = merge.open().map(async |(number, shard)| {
                let response = self.query(index, &filter, limit, merge.from(), shard).await?;
                Ok::<_, Unavailable>((number, response.items.unwrap_or_default(), response.last_evaluated_key))
            });
            for (number, items, next) in try_join_all(queries).await? {
                merge.add(number, items, next).map_err(malformed)?;
            }
            let is_long = round >= ROUNDS && merge.has_advanced().map_err(malformed)?;
            if is_long || merge.has(page).map_err(malformed)? {
                break;
            }
        }
        merge.page(page).map_err(malformed)
    }

    /// Reads the next page of a shard, from the time `from` on, inclusive.
    async fn query(
        &self,
        index: Index,
        filter: &Filter,
        limit: u16,
        from: Option<&str>,
        shard: &Shard,
    ) -> Result<QueryOutput, Unavailable> {
        let request = self.client.query().table_name(&self.table).index_name(index.name).scan_index_forward(false);
        let key = if from.is_some() { "#shard = :shard AND created_at <= :from" } else { "#shard = :shard" };
        let request = request.key_condition_expression(key).expression_attribute_names("#shard", index.shard);
        let mut request = request.expression_attribute_values(":shard", string(&shard.name));
        if let Some(from) = from {
            request = request.expression_attribute_values(":from", string(from));
        }
        let clauses = Some(filter.clauses.join(" AND ")).filter(|clauses| !clauses.is_empty());
        // Without a filter, a query reads twice the shard's share of the page.
        let share = (i32::from(limit) / i32::from(SHARDS)).saturating_mul(2).saturating_add(1);
        let request = request.limit(if clauses.is_some() { FILTERED_ITEMS } else { share });
        let mut request = request.set_filter_expression(clauses).set_exclusive_start_key(shard.next.clone());
        for (placeholder, name) in &filter.names {
            request = request.expression_attribute_names(*placeholder, *name);
        }
        for (placeholder, value) in &filter.values {
            request = request.expression_attribute_values(*placeholder, string(value));
        }
        request.send().await.map_err(unavailable("Query"))
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
        let after = after.map(|after| position(content_item::LIST, after));
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
        let after = after.map(|after| position(package_item::LIST, after));
        let (listed, next) = self.newest(PACKAGES, Filter::of_packages(filter), limit, after).await?;
        let items = self.packages_of(&listed).await?;
        Ok(Page { items, next: next.as_ref().map(cursor).transpose().map_err(malformed)? })
    }
}

/// Returns the position of a cursor in a list.
fn position<I>(list: &str, cursor: &Cursor<I>) -> Position {
    Position { created_at: cursor.created_at().to_owned(), pk: format!("{list}#{}", cursor.id()) }
}

/// Returns the cursor of a position. It holds texts, whatever they are: a list continues after an item that cannot be read.
fn cursor<I>(position: &Position) -> Result<Cursor<I>, Malformed> {
    let (_, id) = position.pk.split_once('#').ok_or(Malformed("pk"))?;
    Ok(Cursor::after(&position.created_at, id))
}
