//! The catalog port: DynamoDB with its latencies, capacity and transaction conflicts.

use std::time::Duration;

use vpp_pipeline::domain::content::Content;
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::list_shard::shard;
use vpp_pipeline::domain::multipart::OutputUpload;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::receipt::{MadeSegment, Receipt};
use vpp_pipeline::domain::revision::{Publication, Revision};
use vpp_pipeline::domain::state::{Advance, Step, Transition};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{Catalog, Commit, CreateOutcome, ReceiptPage, Revisions};

use crate::account::{Partition, State};
use crate::execution_environment::ExecutionEnvironment;
use crate::limits::TokenBucket;
use crate::parameters::DynamoDb;

/// Bytes of a write unit.
const WRITE_UNIT_BYTES: u64 = 1_024;
/// Bytes of a strongly consistent read unit.
const READ_UNIT_BYTES: u64 = 4_096;
/// Bytes of a page of a query.
const PAGE_BYTES: u64 = 1_048_576;
/// Write units of a package in its index, which projects few attributes.
const LISTED_PACKAGE_UNITS: u64 = 1;

impl State {
    fn partition(&mut self, key: &str, dynamodb: &DynamoDb) -> &mut Partition {
        self.partitions.entry(key.to_owned()).or_insert_with(|| Partition {
            writes: TokenBucket::per_second(dynamodb.partition_writes),
            reads: TokenBucket::per_second(dynamodb.partition_reads),
            locked_until: Duration::ZERO,
        })
    }
}

impl ExecutionEnvironment {
    fn dynamodb(&self) -> &DynamoDb {
        &self.account().parameters.dynamodb
    }

    async fn read(&self, key: &str, bytes: u64) -> Result<(), Unavailable> {
        let units = bytes.div_ceil(READ_UNIT_BYTES).max(1);
        let is_admitted = |state: &mut State, now: Duration| {
            state.partition(key, self.dynamodb()).reads.take(units, now) && state.table_reads.take(units, now)
        };
        let item = self.dynamodb().item;
        self.admit("GetItem", (item, self.dynamodb().retries), is_admitted, |usage| &mut usage.throttled).await?;
        self.with_state(|state, _| state.usage.read_units += units);
        self.sleep(item).await;
        Ok(())
    }

    async fn write(&self, key: &str, units: u64) -> Result<(), Unavailable> {
        let is_admitted = |state: &mut State, now: Duration| {
            state.partition(key, self.dynamodb()).writes.take(units, now) && state.table_writes.take(units, now)
        };
        let item = self.dynamodb().item;
        self.admit("write", (item, self.dynamodb().retries), is_admitted, |usage| &mut usage.throttled).await?;
        self.with_state(|state, _| state.usage.write_units += units);
        Ok(())
    }

    /// Writes a transaction on the package's item and retries it after conflicts, as the adapter does. `spread` varies the pause.
    async fn transact(&self, id: &PackageId, units: u64, spread: u32) -> Result<(), Unavailable> {
        let dynamodb = self.dynamodb();
        let mut pause = dynamodb.conflicts.first + Duration::from_millis(u64::from(spread % 16));
        for _ in 0..=dynamodb.conflicts.retries {
            self.write(id.as_str(), units).await?;
            let conflicts = self.with_state(|state, now| {
                let partition = state.partition(id.as_str(), dynamodb);
                let conflicts = partition.locked_until > now;
                if conflicts {
                    state.usage.transaction_conflicts += 1;
                } else {
                    partition.locked_until = now + dynamodb.item_lock;
                }
                conflicts
            });
            self.sleep(dynamodb.transaction).await;
            if !conflicts {
                return Ok(());
            }
            self.sleep(pause).await;
            pause = (pause * 2).min(dynamodb.conflicts.longest);
        }
        Err(Unavailable::new("TransactWriteItems", "transaction conflicts".into()))
    }

    /// Writes a package to the shard of its index. The index projects the status, and is written with each.
    async fn write_listed(&self, id: &PackageId) -> Result<(), Unavailable> {
        self.write(&shard("package", id.as_str()), LISTED_PACKAGE_UNITS).await
    }

    fn item_units(&self) -> u64 {
        self.dynamodb().item_bytes.div_ceil(WRITE_UNIT_BYTES)
    }

    fn receipt_bytes(&self, receipt: &Receipt) -> u64 {
        self.dynamodb().receipt_bytes + receipt.segments.len() as u64 * self.dynamodb().segment_bytes
    }
}

impl Catalog for ExecutionEnvironment {
    async fn create_content(
        &self,
        content: &Content,
        package: Option<&Package>,
    ) -> Result<CreateOutcome<Content>, Unavailable> {
        // A transaction of both items, which consumes twice the write units, and the content's entry in the index.
        self.write(content.id.as_str(), self.item_units() * 2 * (1 + u64::from(package.is_some()))).await?;
        self.write(&shard("content", content.id.as_str()), self.item_units()).await?;
        if let Some(package) = package {
            self.write_listed(&package.id).await?;
        }
        self.sleep(self.dynamodb().transaction).await;
        self.account().catalog.create_content(content, package).await
    }

    async fn content(&self, id: &ContentId) -> Result<Option<Content>, Unavailable> {
        self.read(id.as_str(), self.dynamodb().item_bytes).await?;
        self.account().catalog.content(id).await
    }

    async fn create_package(&self, package: &Package) -> Result<CreateOutcome<Package>, Unavailable> {
        self.write(package.id.as_str(), self.item_units()).await?;
        self.write_listed(&package.id).await?;
        self.sleep(self.dynamodb().item).await;
        self.account().catalog.create_package(package).await
    }

    async fn package(&self, id: &PackageId) -> Result<Option<Package>, Unavailable> {
        self.read(id.as_str(), self.dynamodb().item_bytes).await?;
        self.account().catalog.package(id).await
    }

    async fn advance(&self, id: &PackageId, transition: &Transition) -> Result<Advance, Unavailable> {
        self.transact(id, self.item_units() * 2, 0).await?;
        self.write_listed(id).await?;
        let advance = self.account().catalog.advance(id, transition).await?;
        if let (Step::Ready, Advance::Done) = (&transition.step, advance)
            && let Some(package) = self.account().catalog.package(id).await?
        {
            self.with_state(|state, now| state.ready.insert(package.source.location.key().to_owned(), now));
        }
        Ok(advance)
    }

    async fn make_ahead(&self, id: &PackageId) -> Result<(), Unavailable> {
        self.write(id.as_str(), self.item_units()).await?;
        self.sleep(self.dynamodb().item).await;
        self.account().catalog.make_ahead(id).await
    }

    async fn count_made(&self, id: &PackageId, made: &MadeSegment) -> Result<(), Unavailable> {
        self.write(id.as_str(), self.item_units()).await?;
        self.sleep(self.dynamodb().item).await;
        self.account().catalog.count_made(id, made).await
    }

    async fn put_uploads(
        &self,
        id: &PackageId,
        uploads: &[OutputUpload],
    ) -> Result<CreateOutcome<Vec<OutputUpload>>, Unavailable> {
        self.write(id.as_str(), self.item_units()).await?;
        self.sleep(self.dynamodb().item).await;
        self.account().catalog.put_uploads(id, uploads).await
    }

    async fn uploads(&self, id: &PackageId) -> Result<Option<Vec<OutputUpload>>, Unavailable> {
        self.read(id.as_str(), self.dynamodb().item_bytes).await?;
        self.account().catalog.uploads(id).await
    }

    async fn put_receipt(&self, id: &PackageId, receipt: &Receipt) -> Result<(), Unavailable> {
        let units = self.receipt_bytes(receipt).div_ceil(WRITE_UNIT_BYTES) + self.item_units();
        self.transact(id, units * 2, receipt.work_unit).await?;
        self.account().catalog.put_receipt(id, receipt).await
    }

    async fn has_receipt(&self, id: &PackageId, work_unit: u32) -> Result<bool, Unavailable> {
        self.read(id.as_str(), self.dynamodb().receipt_bytes).await?;
        self.account().catalog.has_receipt(id, work_unit).await
    }

    async fn receipts(&self, id: &PackageId, after: Option<u32>) -> Result<ReceiptPage, Unavailable> {
        let mut page = ReceiptPage { receipts: Vec::new(), next: after };
        let mut bytes = 0;
        // The pages in memory are smaller.
        loop {
            let ReceiptPage { receipts, next } = self.account().catalog.receipts(id, page.next).await?;
            bytes += receipts.iter().map(|receipt| self.receipt_bytes(receipt)).sum::<u64>();
            page.receipts.extend(receipts);
            page.next = next;
            if next.is_none() || bytes >= PAGE_BYTES {
                break;
            }
        }
        self.read(id.as_str(), bytes).await?;
        Ok(page)
    }
}

impl Revisions for ExecutionEnvironment {
    async fn commit_revision(&self, id: &PackageId, attempt: u64, revision: &Revision) -> Result<Commit, Unavailable> {
        self.account().catalog.commit_revision(id, attempt, revision).await
    }

    async fn revision(&self, id: &PackageId, number: u32) -> Result<Option<Revision>, Unavailable> {
        self.account().catalog.revision(id, number).await
    }

    async fn settle_revision(
        &self,
        id: &PackageId,
        attempt: u64,
        publication: &Publication,
    ) -> Result<(), Unavailable> {
        self.account().catalog.settle_revision(id, attempt, publication).await
    }
}
