//! The table, and the reads and writes that all its items share.
//!
//! Work units of one package finish at the same time and all update its item, so their transactions conflict. A transaction
//! that lost a conflict is retried with exponential backoff. The pauses differ between work units.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{DeleteRequest, TransactWriteItem, WriteRequest};
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::domain::unreadable::{RecordKind, UnreadableRecord};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::CreateOutcome;

use super::attributes::{Item, Malformed, Reader, number, string};
use crate::emf;
use crate::error::{code, unavailable};
use crate::retries::{Backoff, BatchRetry};

/// Retries of a transaction that conflicts with another, and of a batch that was accepted in part.
pub(super) const BACKOFF: Backoff = Backoff { first_pause: Duration::from_millis(10), calls: 10 };
/// Number of items that one batch request writes: the limit of DynamoDB.
const WRITE_BATCH: usize = 25;

/// The cancellation reason of a write whose condition does not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailed";
/// The error code of a single write whose condition does not hold.
const CONDITION_FAILED_EXCEPTION: &str = "ConditionalCheckFailedException";
/// The condition of a write that creates an item.
pub(super) const ABSENT: &str = "attribute_not_exists(pk)";
/// DynamoDB deletes expired items "within a few days of their expiration" (developer guide, "Using time to live"), so they are
/// replaced.
const ABSENT_OR_EXPIRED: &str = "attribute_not_exists(pk) OR forget_at <= :now";

/// A table that holds contents, packages and receipts.
#[derive(Debug, Clone)]
pub struct DynamoCatalog {
    pub(super) client: Client,
    pub(super) table: String,
}

/// The result of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transacted {
    Committed,
    /// The condition of the write at this position does not hold.
    ConditionFailed(usize),
}

impl DynamoCatalog {
    /// Uses the table called `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads an item.
    pub(super) async fn item(&self, pk: &str, sk: &str) -> Result<Option<Item>, Unavailable> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        let response = request.key("pk", string(pk)).key("sk", string(sk)).send().await;
        Ok(response.map_err(unavailable("GetItem"))?.item)
    }

    /// Writes an item unless one with its key exists, and returns the existing item.
    pub(super) async fn put_if_absent(&self, item: Item) -> Result<CreateOutcome<Item>, Unavailable> {
        self.put(item, |request| request.condition_expression(ABSENT)).await
    }

    /// Writes an item, unless its key exists and has not expired `now`.
    pub(super) async fn put_if_absent_or_expired(
        &self,
        item: Item,
        now: Timestamp,
    ) -> Result<CreateOutcome<Item>, Unavailable> {
        let now = number(now.unix_seconds());
        let absent = |request: PutItemFluentBuilder| request.condition_expression(ABSENT_OR_EXPIRED);
        self.put(item, |request| absent(request).expression_attribute_values(":now", now)).await
    }

    async fn put(
        &self,
        item: Item,
        condition_of: impl FnOnce(PutItemFluentBuilder) -> PutItemFluentBuilder,
    ) -> Result<CreateOutcome<Item>, Unavailable> {
        let key = |name| Reader(&item).text(name).map(str::to_owned).map_err(malformed);
        let (pk, sk) = (key("pk")?, key("sk")?);
        let request = condition_of(self.client.put_item().table_name(&self.table));
        match condition(request.set_item(Some(item)).send().await, "PutItem")? {
            Condition::Held => Ok(CreateOutcome::Created),
            Condition::Failed => {
                let existing = self.item(&pk, &sk).await?;
                let gone = || Unavailable::new("GetItem", "the item was deleted meanwhile".into());
                existing.map(CreateOutcome::Existing).ok_or_else(gone)
            }
        }
    }

    /// Commits all of `writes` or none, and retries while they conflict with other transactions. `spread` varies the pauses.
    pub(super) async fn transact(
        &self,
        writes: Vec<TransactWriteItem>,
        spread: u32,
    ) -> Result<Transacted, Unavailable> {
        const CALL: &str = "TransactWriteItems";
        let first_pause = BACKOFF.first_pause + Duration::from_millis(u64::from(spread % 16));
        for pause in (Backoff { first_pause, ..BACKOFF }).pauses() {
            let request = self.client.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = request.send().await else { return Ok(Transacted::Committed) };
            let reasons = cancellation_reasons(&error);
            if let Some(failed) = reasons.iter().position(|reason| reason == CONDITION_FAILED) {
                return Ok(Transacted::ConditionFailed(failed));
            }
            if reasons.is_empty() {
                return Err(unavailable(CALL)(error));
            }
            tokio::time::sleep(pause).await;
        }
        Err(Unavailable::new(CALL, "other transactions kept conflicting".into()))
    }

    /// Reads and decodes an item.
    pub(super) async fn record<T>(
        &self,
        pk: &str,
        sk: &str,
        kind: RecordKind,
        read: impl Fn(&Item) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Unavailable> {
        let item = self.item(pk, sk).await?;
        Ok(item.map(|item| decode(&item, kind, read)).transpose()?)
    }

    /// Deletes the items with these keys.
    pub(super) async fn delete_items(&self, keys: &[Item]) -> Result<(), Unavailable> {
        const CALL: &str = "BatchWriteItem";
        for keys in keys.chunks(WRITE_BATCH) {
            let delete = |key: &Item| {
                let delete = DeleteRequest::builder().set_key(Some(key.clone())).build();
                delete.map(|delete| WriteRequest::builder().delete_request(delete).build())
            };
            let writes: Result<Vec<_>, _> = keys.iter().map(delete).collect();
            let writes = writes.map_err(|error| Unavailable::new(CALL, error.into()))?;
            let mut batch = BatchRetry::new(CALL, BACKOFF, writes);
            while let Some(writes) = batch.next().await? {
                let response = self.client.batch_write_item().request_items(&self.table, writes).send().await;
                let unprocessed = response.map_err(unavailable(CALL))?.unprocessed_items.unwrap_or_default();
                batch.retry(unprocessed.into_values().flatten());
            }
        }
        Ok(())
    }
}

/// Whether the condition of a write held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Held,
    Failed,
}

/// Converts the result of the conditional write `call`.
pub(super) fn condition<T, E, R>(
    result: Result<T, SdkError<E, R>>,
    call: &'static str,
) -> Result<Condition, Unavailable>
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: std::error::Error + Send + Sync + 'static,
{
    match result {
        Ok(_) => Ok(Condition::Held),
        Err(error) if code(&error) == Some(CONDITION_FAILED_EXCEPTION) => Ok(Condition::Failed),
        Err(error) => Err(unavailable(call)(error)),
    }
}

/// Returns the cancellation reason of each write of a cancelled transaction; empty for any other error.
fn cancellation_reasons<R>(error: &SdkError<TransactWriteItemsError, R>) -> Vec<String> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let reasons = cancelled.cancellation_reasons();
            reasons.iter().map(|reason| reason.code().unwrap_or_default().to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// Decodes the item that a conditional write found.
pub(super) fn decoded<T>(
    created: CreateOutcome<Item>,
    kind: RecordKind,
    read: impl Fn(&Item) -> Result<T, Malformed>,
) -> Result<CreateOutcome<T>, Unavailable> {
    Ok(match created {
        CreateOutcome::Created => CreateOutcome::Created,
        CreateOutcome::Existing(item) => CreateOutcome::Existing(decode(&item, kind, read)?),
    })
}

/// Decodes an item. One that cannot be decoded was written by another version, or is damaged: it is logged and counted.
pub(super) fn decode<T>(
    item: &Item,
    kind: RecordKind,
    read: impl Fn(&Item) -> Result<T, Malformed>,
) -> Result<T, UnreadableRecord> {
    read(item).map_err(|malformed| {
        let text = |name| Reader(item).text(name).ok();
        let record = unreadable(kind, text("pk").unwrap_or_default(), text("created_at"), malformed.to_string());
        emf::count_unreadable(&record);
        record
    })
}

/// Describes an item with the partition key `pk` that cannot be read.
pub(super) fn unreadable(kind: RecordKind, pk: &str, created_at: Option<&str>, problem: String) -> UnreadableRecord {
    let id = pk.split_once('#').map_or(pk, |(_, id)| id).to_owned();
    UnreadableRecord { kind, id, created_at: created_at.map(str::to_owned), problem }
}

/// Converts the error of an item that cannot be encoded or has no key.
pub(super) fn malformed(error: Malformed) -> Unavailable {
    Unavailable::new("PutItem", Box::new(error))
}
