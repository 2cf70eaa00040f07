//! The adapters of S3, DynamoDB, SQS and KMS fulfil the contract of the ports, like the in-memory adapters.

use std::collections::BTreeSet;
use std::future::Future;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use vpp_aws::{Aws, DynamoCatalog};
use vpp_pipeline::domain::message::{Section, WorkUnitMessage};
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::ports::Queue;
use vpp_pipeline::testing::contract;

use crate::emulator::Emulator;

/// Runs a test against a separate emulator.
fn on_local_aws<F: Future<Output = ()>>(test: impl FnOnce(SdkConfig) -> F) {
    let emulator = Emulator::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { test(emulator.config().await).await });
}

#[test]
fn s3_fulfils_the_contract_of_an_object_store() {
    on_local_aws(async |config| {
        let client = aws_sdk_s3::Client::new(&config);
        client.create_bucket().bucket("output").send().await.unwrap();
        let etag = async |at: &Location| -> ETag {
            let head = client.head_object().bucket(at.bucket()).key(at.key()).send().await.unwrap();
            ETag::new(head.e_tag().unwrap())
        };
        let store = Aws::new(config.clone()).object_store();
        contract::object_store(&store, "output", "run", &etag).await;
        contract::client_uploads(&Aws::new(config.clone()).client_uploads(), "output", "client uploads", &store).await;
        contract::removals(&store, "output", "removals", &etag).await;
        contract::uploads(&Aws::new(config.clone()).object_store(), "output", "uploads").await;
    });
}

#[test]
fn dynamodb_fulfils_the_contract_of_a_catalog() {
    on_local_aws(async |config| {
        create_table(&config).await;
        let catalog: DynamoCatalog = Aws::new(config).catalog("table".to_owned());
        contract::creates(&catalog, "creates").await;
        contract::refusals(&catalog, "refusals").await;
        contract::steps(&catalog, "steps").await;
        contract::steps_of_attempts(&catalog, "runs").await;
        contract::failures(&catalog, "failures").await;
        contract::receipts(&catalog, "receipts").await;
        contract::stored_uploads(&catalog, "uploads").await;
        contract::retries_and_tombstones(&catalog, "retries").await;
        contract::purging(&catalog, "purging").await;
        contract::request_records(&catalog, "records").await;
        contract::listing(&catalog, "listing").await;
        contract::listing_packages(&catalog, "packages").await;
        contract::tombstones(&catalog, "tombstones").await;
    });
}

#[test]
fn kms_fulfils_the_contract_of_a_key_vault() {
    on_local_aws(async |config| {
        let key = aws_sdk_kms::Client::new(&config).create_key().send().await.unwrap();
        let key_id = key.key_metadata().unwrap().key_id().to_owned();
        contract::key_vault(&Aws::new(config).key_vault(key_id), "run").await;
    });
}

#[test]
fn kms_fulfils_the_contract_of_a_token_signer() {
    on_local_aws(async |config| {
        let request = aws_sdk_kms::Client::new(&config).create_key().key_spec(KeySpec::Hmac256);
        let key = request.key_usage(KeyUsageType::GenerateVerifyMac).send().await.unwrap();
        let key_id = key.key_metadata().unwrap().key_id().to_owned();
        contract::token_signer(&Aws::new(config).token_signer(key_id)).await;
    });
}

#[test]
fn sqs_accepts_every_message_of_a_long_list() {
    on_local_aws(async |config| {
        let client = aws_sdk_sqs::Client::new(&config);
        let queue = client.create_queue().queue_name("encrypt").send().await.unwrap();
        let url = queue.queue_url().unwrap();
        let message = |work_unit| {
            let id = "abcdefghijklmnopqrstuvwxyz".parse().unwrap();
            WorkUnitMessage::new(id, work_unit, Section { offset: u64::from(work_unit) * 100, length: 100 })
        };
        let messages: Vec<WorkUnitMessage> = (0..123).map(message).collect();
        Aws::new(config).queue::<WorkUnitMessage>(url.to_owned()).send_all(&messages).await.unwrap();

        let mut received = BTreeSet::new();
        while received.len() < messages.len() {
            let response = client.receive_message().queue_url(url).max_number_of_messages(10).send().await.unwrap();
            assert!(!response.messages().is_empty(), "{} of {} received", received.len(), messages.len());
            for message in response.messages() {
                let message: WorkUnitMessage = serde_json::from_str(message.body().unwrap()).unwrap();
                assert_eq!(message, messages[usize::try_from(message.work_unit).unwrap()]);
                received.insert(message.work_unit);
            }
        }
    });
}

/// Creates the table of the template.
async fn create_table(config: &SdkConfig) {
    let attribute = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let by_kind = GlobalSecondaryIndex::builder()
        .index_name("by_kind")
        .key_schema(key("kind", KeyType::Hash))
        .key_schema(key("created_at", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::All).build());
    let included = ["status", "inputs"].map(str::to_owned).into();
    let included =
        Projection::builder().projection_type(ProjectionType::Include).set_non_key_attributes(Some(included));
    let packages_by_time = GlobalSecondaryIndex::builder()
        .index_name("packages_by_time")
        .key_schema(key("listed", KeyType::Hash))
        .key_schema(key("created_at", KeyType::Range))
        .projection(included.build());
    aws_sdk_dynamodb::Client::new(config)
        .create_table()
        .table_name("table")
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(["pk", "sk", "kind", "listed", "created_at"].map(attribute).into()))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(by_kind.build().unwrap())
        .global_secondary_indexes(packages_by_time.build().unwrap())
        .send()
        .await
        .unwrap();
}
