//! The catalog port over a table of the model: latencies, capacity, and transactions that meet.

use std::time::Duration;

use vpp_pipeline::domain::content::Content;
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::multipart::OutputUpload;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::receipt::Receipt;
use vpp_pipeline::domain::state::{Advance, Step, Transition};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{Catalog, CreateOutcome};

use crate::cloud::{Partition, State};
use crate::limits::Rate;
use crate::parameters::DynamoDb;
use crate::ports::Host;

/// Bytes of a write unit, and of a strongly consistent read unit.
const WRITE_UNIT: u64 = 1_024;
const READ_UNIT: u64 = 4_096;
/// Bytes of a page of a query.
const PAGE: u64 = 1_048_576;
/// The partition of the index in which all contents are.
const BY_KIND: &str = "by_kind";

impl State {
    fn partition(&mut self, key: &str, dynamodb: &DynamoDb) -> &mut Partition {
        self.partitions.entry(key.to_owned()).or_insert_with(|| Partition {
            writes: Rate::per_second(dynamodb.partition_writes),
            reads: Rate::per_second(dynamodb.partition_reads),
            held_until: Duration::ZERO,
        })
    }
}

impl Host {
    fn dynamodb(&self) -> &DynamoDb {
        &self.cloud().parameters.dynamodb
    }

    async fn reads(&self, key: &str, bytes: u64) -> Result<(), Unavailable> {
        let units = bytes.div_ceil(READ_UNIT).max(1);
        let ask = |state: &mut State, now: Duration| {
            state.partition(key, self.dynamodb()).reads.take(units, now) && state.table_reads.take(units, now)
        };
        let item = self.dynamodb().item;
        self.admitted("GetItem", (item, self.dynamodb().retries), ask, |ledger| &mut ledger.throttled).await?;
        self.with(|state, _| state.ledger.read_units += units);
        self.wait(item).await;
        Ok(())
    }

    async fn writes(&self, key: &str, units: u64) -> Result<(), Unavailable> {
        let ask = |state: &mut State, now: Duration| {
            state.partition(key, self.dynamodb()).writes.take(units, now) && state.table_writes.take(units, now)
        };
        let item = self.dynamodb().item;
        self.admitted("write", (item, self.dynamodb().retries), ask, |ledger| &mut ledger.throttled).await?;
        self.with(|state, _| state.ledger.write_units += units);
        Ok(())
    }

    /// Makes a transaction on the package's item, again while it meets others, as the adapter does.
    async fn transact(&self, id: &PackageId, units: u64, spread: u32) -> Result<(), Unavailable> {
        let dynamodb = self.dynamodb();
        let mut pause = dynamodb.conflicts.first + Duration::from_millis(u64::from(spread % 16));
        for _ in 0..dynamodb.conflicts.tries {
            self.writes(id.as_str(), units).await?;
            let met = self.with(|state, now| {
                let partition = state.partition(id.as_str(), dynamodb);
                let met = partition.held_until > now;
                if met {
                    state.ledger.conflicts += 1;
                } else {
                    partition.held_until = now + dynamodb.held;
                }
                met
            });
            self.wait(dynamodb.transaction).await;
            if !met {
                return Ok(());
            }
            self.wait(pause).await;
            pause = (pause * 2).min(dynamodb.conflicts.longest);
        }
        Err(Unavailable::new("TransactWriteItems", "other writes kept coming first".into()))
    }

    fn item_units(&self) -> u64 {
        self.dynamodb().item_bytes.div_ceil(WRITE_UNIT)
    }

    fn receipt_bytes(&self, receipt: &Receipt) -> u64 {
        self.dynamodb().receipt_bytes + receipt.segments.len() as u64 * self.dynamodb().segment_bytes
    }
}

impl Catalog for Host {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<CreateOutcome<Content>, Unavailable> {
        // Both items in a transaction, which costs twice, and the content once more in the index.
        self.writes(content.id.as_str(), self.item_units() * 2 * (1 + u64::from(package.is_some()))).await?;
        self.writes(BY_KIND, self.item_units()).await?;
        self.wait(self.dynamodb().transaction).await;
        self.cloud().catalog.create_content(content, package).await
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        self.reads(id.as_str(), self.dynamodb().item_bytes).await?;
        self.cloud().catalog.content(id).await
    }

    async fn create_package(&self, package: &Package) -> Result<CreateOutcome<Package>, Unavailable> {
        self.writes(package.id.as_str(), self.item_units()).await?;
        self.wait(self.dynamodb().item).await;
        self.cloud().catalog.create_package(package).await
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        self.reads(id.as_str(), self.dynamodb().item_bytes).await?;
        self.cloud().catalog.package(id).await
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        self.transact(id, self.item_units() * 2, 0).await?;
        let advance = self.cloud().catalog.advance(id, transition).await?;
        if let (Step::Ready { .. }, Advance::Done) = (&transition.step, advance)
            && let Some(package) = self.cloud().catalog.package(id).await?
        {
            self.with(|state, now| state.ready.insert(package.source.location.key().to_owned(), now));
        }
        Ok(advance)
    }

    async fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[OutputUpload],
    ) -> Result<CreateOutcome<Vec<OutputUpload>>, Unavailable> {
        self.writes(id.as_str(), self.item_units()).await?;
        self.wait(self.dynamodb().item).await;
        self.cloud().catalog.put_uploads(id, uploads).await
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<OutputUpload>>, Unavailable> {
        self.reads(id.as_str(), self.dynamodb().item_bytes).await?;
        self.cloud().catalog.uploads(id).await
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        let units = self.receipt_bytes(receipt).div_ceil(WRITE_UNIT) + self.item_units();
        self.transact(id, units * 2, receipt.work_unit).await?;
        self.cloud().catalog.put_receipt(id, receipt).await
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        self.reads(id.as_str(), self.dynamodb().receipt_bytes).await?;
        self.cloud().catalog.has_receipt(id, work_unit).await
    }

    async fn receipts(&self, id: &PackageId) -> Result<Vec<Receipt>, Unavailable> {
        let receipts = self.cloud().catalog.receipts(id).await?;
        let mut left: u64 = receipts.iter().map(|receipt| self.receipt_bytes(receipt)).sum();
        loop {
            self.reads(id.as_str(), left.min(PAGE)).await?;
            if left <= PAGE {
                return Ok(receipts);
            }
            left -= PAGE;
        }
    }
}
