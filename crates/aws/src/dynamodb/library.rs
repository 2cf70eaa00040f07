//! The lists, and the end, of contents and packages.
//!
//! A list is a query of an index, newest first. A filter is applied by DynamoDB to what the query has read, so a page may take
//! several queries; after [`QUERIES`] of them it is given out as it is, with a cursor. The index of packages holds what they are
//! filtered by and nothing that changes with every work unit; the packages of a page are then read as they are now.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, WriteRequest};
use vpp_pipeline::domain::content::Content;
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::state::Status;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::ports::{ContentFilter, Cursor, Library, PackageFilter, Page, Unavailable, VerdictKind};

use super::attributes::{Item, Malformed, Reader, Writer, number, string};
use super::{DynamoCatalog, FAILED_CONDITION_EXCEPTION, PAUSE, content_item, malformed, package_item};
use crate::error::{code, unavailable};
use crate::retries::pauses;

/// Queries made for one page.
const QUERIES: usize = 8;
/// Items that one query looks at, where a filter decides which of them are wanted.
const LOOKED_AT: i32 = 1_000;
/// Items that one request writes, by DynamoDB's own bound.
const BATCH: usize = 25;
/// Times a batch is sent that was not taken as a whole.
const TRIES: usize = 10;

/// What a list is filtered by: an expression with its names and values.
#[derive(Debug, Default)]
struct Filter {
    clauses: Vec<&'static str>,
    names: Vec<(&'static str, &'static str)>,
    values: Vec<(&'static str, String)>,
}

impl Filter {
    fn and(&mut self, clause: &'static str, name: Option<(&'static str, &'static str)>, value: (&'static str, &str)) {
        self.clauses.push(clause);
        self.names.extend(name);
        self.values.push((value.0, value.1.to_owned()));
    }

    fn of_contents(wanted: &ContentFilter) -> Self {
        const STATUS: Option<(&str, &str)> = Some(("#status", "status"));
        let mut filter = Self::default();
        match wanted.verdict {
            Some(VerdictKind::Ingested) => {
                filter.and("#status = :status AND attribute_not_exists(media)", STATUS, (":status", "Ingested"));
            }
            Some(VerdictKind::Subtitles) => filter.and("media = :media", None, (":media", content_item::SUBTITLES)),
            Some(VerdictKind::Refused) => filter.and("#status = :status", STATUS, (":status", "Refused")),
            None => {}
        }
        if let Some(origin) = &wanted.origin {
            filter.and("begins_with(input_content_origin, :origin)", None, (":origin", origin));
        }
        filter
    }

    fn of_packages(wanted: &PackageFilter) -> Self {
        let mut filter = Self::default();
        if let Some(status) = wanted.status {
            filter.and("#status = :status", Some(("#status", "status")), (":status", status.as_str()));
        }
        if let Some(content) = &wanted.content {
            filter.and("contains(#inputs, :content)", Some(("#inputs", "inputs")), (":content", content.as_str()));
        }
        filter
    }
}

/// An index: its name, and the attribute and value that all its items share.
type Index = (&'static str, &'static str, &'static str);

const CONTENTS: Index = (content_item::INDEX, "kind", content_item::KIND);
const PACKAGES: Index = (package_item::INDEX, "listed", package_item::LISTED);

impl DynamoCatalog {
    /// At most `limit` items behind `after`, and the place to go on from, if there may be more.
    async fn newest(
        &self,
        (index, partition, shared): Index,
        filter: Filter,
        limit: u16,
        after: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Unavailable> {
        let limit = usize::from(limit);
        let (mut found, mut place): (Vec<Item>, _) = (Vec::new(), after);
        for _ in 0..QUERIES {
            let one_more = i32::try_from(limit.saturating_add(1).saturating_sub(found.len())).unwrap_or(LOOKED_AT);
            let request = self.client.query().table_name(&self.table).index_name(index).scan_index_forward(false);
            let request = request.key_condition_expression("#partition = :partition");
            let request = request.expression_attribute_names("#partition", partition);
            let request = request.expression_attribute_values(":partition", string(shared));
            let clauses = Some(filter.clauses.join(" AND ")).filter(|clauses| !clauses.is_empty());
            let request = request.limit(if clauses.is_some() { LOOKED_AT } else { one_more });
            let mut request = request.set_filter_expression(clauses).set_exclusive_start_key(place);
            for (placeholder, name) in &filter.names {
                request = request.expression_attribute_names(*placeholder, *name);
            }
            for (placeholder, value) in &filter.values {
                request = request.expression_attribute_values(*placeholder, string(value));
            }
            let answer = request.send().await.map_err(unavailable("Query"))?;
            found.extend(answer.items.unwrap_or_default());
            place = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if found.len() > limit || place.is_none() {
                break;
            }
        }
        if found.len() > limit {
            found.truncate(limit);
            place = found.last().cloned();
        }
        Ok((found, place))
    }

    /// The packages at these places, as they are now; without those that are gone.
    async fn packages_at(&self, places: &[Item]) -> Result<Vec<Package>, Unavailable> {
        const CALL: &str = "BatchGetItem";
        let key = |item: &Item| -> Result<Item, Malformed> {
            let item = Reader(item);
            let key = Writer::default().set("pk", string(item.text("pk")?));
            Ok(key.set("sk", string(item.text("sk")?)).finish())
        };
        let mut keys = places.iter().map(key).collect::<Result<Vec<_>, _>>().map_err(malformed)?;
        let mut found: HashMap<String, Package> = HashMap::new();
        for pause in pauses(PAUSE).take(TRIES) {
            if keys.is_empty() {
                break;
            }
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| Unavailable::new(CALL, error.into()))?;
            let answer = self.client.batch_get_item().request_items(&self.table, wanted).send().await;
            let answer = answer.map_err(unavailable(CALL))?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                let package = package_item::read(&item).map_err(malformed)?;
                found.insert(package_item::pk(&package.id), package);
            }
            let left = answer.unprocessed_keys.unwrap_or_default();
            keys = left.into_values().flat_map(|left| left.keys).collect();
            if !keys.is_empty() {
                tokio::time::sleep(pause).await;
            }
        }
        if !keys.is_empty() {
            return Err(Unavailable::new(CALL, "some keys were not read".into()));
        }
        Ok(places.iter().filter_map(|item| found.remove(Reader(item).text("pk").ok()?)).collect())
    }

    /// Deletes the items with these keys.
    async fn delete_items(&self, keys: &[Item]) -> Result<(), Unavailable> {
        const CALL: &str = "BatchWriteItem";
        for keys in keys.chunks(BATCH) {
            let delete = |key: &Item| {
                let delete = DeleteRequest::builder().set_key(Some(key.clone())).build();
                delete.map(|delete| WriteRequest::builder().delete_request(delete).build())
            };
            let writes: Result<Vec<_>, _> = keys.iter().map(delete).collect();
            let mut writes = writes.map_err(|error| Unavailable::new(CALL, error.into()))?;
            for pause in pauses(PAUSE).take(TRIES) {
                let answer = self.client.batch_write_item().request_items(&self.table, writes).send().await;
                let left = answer.map_err(unavailable(CALL))?.unprocessed_items.unwrap_or_default();
                writes = left.into_values().flatten().collect();
                if writes.is_empty() {
                    break;
                }
                tokio::time::sleep(pause).await;
            }
            if !writes.is_empty() {
                return Err(Unavailable::new(CALL, "some items were not deleted".into()));
            }
        }
        Ok(())
    }
}

/// The place in a list that an item of an index, or its key, is at.
fn cursor<I: std::str::FromStr>(item: &Item) -> Result<Cursor<I>, Malformed> {
    let item = Reader(item);
    let id = item.text("pk")?.split_once('#').map(|(_, id)| id).ok_or(Malformed("pk"))?;
    Ok(Cursor { created_at: item.parsed("created_at")?, id: id.parse().map_err(|_| Malformed("pk"))? })
}

impl Library for DynamoCatalog {
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
        let (places, next) = self.newest(PACKAGES, Filter::of_packages(filter), limit, after).await?;
        let items = self.packages_at(&places).await?;
        Ok(Page { items, next: next.as_ref().map(cursor).transpose().map_err(malformed)? })
    }

    async fn bury_content(&self, id: &ContentId, at: Timestamp) -> Result<(), Unavailable> {
        let request = self.client.update_item().table_name(&self.table);
        let request = request.key("pk", string(content_item::pk(id))).key("sk", string(content_item::SK));
        let request = request.condition_expression("attribute_exists(pk)");
        let request = request.update_expression("SET deleted_at = if_not_exists(deleted_at, :at) REMOVE #kind");
        let request = request.expression_attribute_names("#kind", "kind");
        match request.expression_attribute_values(":at", string(at.to_string())).send().await {
            Err(error) if code(&error) != Some(FAILED_CONDITION_EXCEPTION) => Err(unavailable("UpdateItem")(error)),
            _ => Ok(()),
        }
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
        match request.expression_attribute_values(":until", string(until.to_string())).send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(FAILED_CONDITION_EXCEPTION) => Ok(false),
            Err(error) => Err(unavailable("UpdateItem")(error)),
        }
    }

    async fn forget_package(&self, id: &PackageId, attempt: u64) -> Result<(), Unavailable> {
        let pk = package_item::pk(id);
        let known = self.item(pk.clone(), package_item::SK).await?;
        let is_doomed = |item: &Item| {
            let item = Reader(item);
            item.text("status") == Ok(Status::Deleting.as_str()) && item.number("attempt") == Ok(attempt)
        };
        if !known.as_ref().is_some_and(is_doomed) {
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
        match request.expression_attribute_values(":attempt", number(attempt)).send().await {
            Err(error) if code(&error) != Some(FAILED_CONDITION_EXCEPTION) => Err(unavailable("DeleteItem")(error)),
            _ => Ok(()),
        }
    }
}
