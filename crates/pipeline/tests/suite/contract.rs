//! The in-memory ports pass the contract suite.

use futures_executor::block_on;
use vpp_pipeline::domain::id::ContentId;
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::testing::{MemoryCatalog, MemorySigner, MemoryStore, MemoryVault, contract};

#[test]
fn the_object_store_keeps_its_contract() {
    let store = MemoryStore::default();
    // The memory store's ETag is a function of the bytes, so uploading the same bytes returns it.
    let etag = async |at: &Location| -> ETag {
        let bytes = store.bucket(at.bucket())[at.key()].bytes.clone();
        store.upload(at, &bytes)
    };
    block_on(contract::object_store(&store, "output", "run", etag));
    block_on(contract::client_uploads(&store, "uploads", "client uploads", &store));
    block_on(contract::removals(&store, "output", "removals", etag));
}

#[test]
fn the_object_store_keeps_its_contract_of_multipart_uploads() {
    block_on(contract::uploads(&MemoryStore::default(), "output", "run"));
    block_on(contract::ended_uploads(&MemoryStore::default(), "output", "run"));
}

#[test]
fn the_catalog_keeps_its_contract() {
    let catalog = MemoryCatalog::default();
    block_on(async {
        contract::creates(&catalog, "creates").await;
        contract::refusals(&catalog, "refusals").await;
        contract::steps(&catalog, "steps").await;
        contract::steps_of_attempts(&catalog, "runs").await;
        contract::failures(&catalog, "failures").await;
        contract::receipts(&catalog, "receipts").await;
        contract::made_on_demand(&catalog, "made on demand").await;
        contract::stored_uploads(&catalog, "uploads").await;
        contract::retries_and_tombstones(&catalog, "retries").await;
        contract::purging(&catalog, "forgetting").await;
        contract::request_records(&catalog, "records").await;
        contract::revisions(&catalog, "revisions").await;
        contract::listing(&catalog, "listing").await;
        contract::listing_packages(&catalog, "packages").await;
        contract::tombstones(&catalog, "tombstones").await;
        contract::expiry(&catalog, "expiry", &async |id: &ContentId| catalog.forget_at(id)).await;
    });
}

#[test]
fn the_token_signer_keeps_its_contract() {
    block_on(contract::token_signer(&MemorySigner));
}

#[test]
fn the_vault_keeps_its_contract() {
    block_on(contract::key_vault(&MemoryVault::default(), "run"));
}
