//! The adapters of S3, DynamoDB, SQS and KMS fulfil the contract of the ports, like the in-memory adapters.
//!
//! Each contract runs against several implementations of AWS. Where they disagree, at most one is right: the difference is a gap of
//! an implementation, with its reason in [`KNOWN_GAPS`], or a fault of the adapter.

use std::any::Any;
use std::collections::BTreeSet;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use vpp_aws::{Aws, DynamoCatalog, S3Store};
use vpp_pipeline::domain::id::ContentId;
use vpp_pipeline::domain::message::{Section, WorkUnitMessage};
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::ports::Queue;
use vpp_pipeline::testing::contract;

use crate::emulator::{Implementation, on_aws};

/// A contract that an implementation of AWS does not fulfil.
struct Gap {
    implementation: Implementation,
    contract: &'static str,
    /// A part of the failure, so that another failure of the same contract is noticed.
    failure: &'static str,
    /// What AWS does, and what the implementation does instead.
    reason: &'static str,
}

/// All known gaps. A failure that is not listed is a fault, and so is a gap that no longer exists.
static KNOWN_GAPS: [Gap; 2] = [
    Gap {
        implementation: Implementation::Moto,
        contract: "client uploads",
        failure: "expected ListPartsResult but got",
        reason: "The root element of ListParts is `ListPartsResult` on AWS. moto answers `ListPartsResponse`.",
    },
    Gap {
        implementation: Implementation::Moto,
        contract: "ended uploads",
        failure: "StatusCode(500)",
        reason: "AWS answers calls of an aborted upload with `NoSuchUpload`. moto answers UploadPart with an internal error.",
    },
];

/// Runs a contract against a separate emulator of each implementation.
fn on_every_aws<F: Future<Output = ()>>(contract: &str, test: impl Fn(SdkConfig) -> F) {
    for implementation in Implementation::all() {
        let run = || on_aws(&implementation, &test);
        let failure = catch_unwind(AssertUnwindSafe(run)).err().map(|panic| message(panic.as_ref()));
        let mut gaps = KNOWN_GAPS.iter();
        let gap = gaps.find(|gap| gap.implementation == implementation && gap.contract == contract);
        match (failure, gap) {
            (None, None) => {}
            (Some(failure), Some(gap)) if failure.contains(gap.failure) => {
                eprintln!("{implementation:?}, {contract}: not seen there. {}", gap.reason);
            }
            (None, Some(gap)) => {
                panic!("{implementation:?} has a gap no more, remove it from the list: {}", gap.reason)
            }
            (Some(failure), _) => panic!("{implementation:?}, {contract}: {failure}"),
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}

/// Creates the bucket `output`. Returns the store, and a function that reads the version of an object.
async fn store(config: &SdkConfig) -> (S3Store, impl AsyncFn(&Location) -> ETag) {
    let client = aws_sdk_s3::Client::new(config);
    client.create_bucket().bucket("output").send().await.unwrap();
    let etag = async move |at: &Location| -> ETag {
        let head = client.head_object().bucket(at.bucket()).key(at.key()).send().await.unwrap();
        ETag::new(head.e_tag().unwrap())
    };
    (Aws::new(config.clone()).object_store(), etag)
}

#[test]
fn s3_fulfils_the_contract_of_an_object_store() {
    on_every_aws("objects", async |config| {
        let (store, etag) = store(&config).await;
        contract::object_store(&store, "output", "run", &etag).await;
    });
}

#[test]
fn s3_fulfils_the_contract_of_client_uploads() {
    on_every_aws("client uploads", async |config| {
        let (store, _) = store(&config).await;
        contract::client_uploads(&Aws::new(config).client_uploads(), "output", "run", &store).await;
    });
}

#[test]
fn s3_fulfils_the_contract_of_removals() {
    on_every_aws("removals", async |config| {
        let (store, etag) = store(&config).await;
        contract::removals(&store, "output", "run", &etag).await;
    });
}

#[test]
fn s3_fulfils_the_contract_of_multipart_uploads() {
    on_every_aws("uploads", async |config| contract::uploads(&store(&config).await.0, "output", "run").await);
}

#[test]
fn s3_fulfils_the_contract_of_ended_uploads() {
    on_every_aws("ended uploads", async |config| {
        contract::ended_uploads(&store(&config).await.0, "output", "run").await;
    });
}

#[test]
fn dynamodb_fulfils_the_contract_of_a_catalog() {
    on_every_aws("catalog", async |config| {
        create_table(&config).await;
        let catalog: DynamoCatalog = Aws::new(config).catalog("table".to_owned());
        contract::creates(&catalog, "creates").await;
        contract::refusals(&catalog, "refusals").await;
        contract::steps(&catalog, "steps").await;
        contract::steps_of_attempts(&catalog, "runs").await;
        contract::failures(&catalog, "failures").await;
        contract::receipts(&catalog, "receipts").await;
        contract::made_on_demand(&catalog, "made on demand").await;
        contract::stored_uploads(&catalog, "uploads").await;
        contract::retries_and_tombstones(&catalog, "retries").await;
        contract::purging(&catalog, "purging").await;
        contract::request_records(&catalog, "records").await;
        contract::revisions(&catalog, "revisions").await;
        contract::listing(&catalog, "listing").await;
        contract::listing_packages(&catalog, "packages").await;
        contract::tombstones(&catalog, "tombstones").await;
    });
}

#[test]
fn dynamodb_fulfils_the_contract_of_expiry() {
    on_every_aws("expiry", async |config| {
        create_table(&config).await;
        let client = aws_sdk_dynamodb::Client::new(&config);
        let catalog: DynamoCatalog = Aws::new(config).catalog("table".to_owned());
        let forget_at = async |id: &ContentId| {
            let request = client.get_item().table_name("table");
            let request = request.key("pk", AttributeValue::S(format!("content#{id}")));
            let item = request.key("sk", AttributeValue::S("content".to_owned())).send().await.unwrap().item.unwrap();
            // A number of seconds, as time to live requires.
            item.get("forget_at").map(|at| Timestamp::from_unix_seconds(at.as_n().unwrap().parse().unwrap()))
        };
        contract::expiry(&catalog, "expiry", &forget_at).await;
    });
}

#[test]
fn kms_fulfils_the_contract_of_a_key_vault() {
    on_every_aws("key vault", async |config| {
        let key = aws_sdk_kms::Client::new(&config).create_key().send().await.unwrap();
        let key_id = key.key_metadata().unwrap().key_id().to_owned();
        contract::key_vault(&Aws::new(config).key_vault(key_id), "run").await;
    });
}

#[test]
fn kms_fulfils_the_contract_of_a_token_signer() {
    on_every_aws("token signer", async |config| {
        let request = aws_sdk_kms::Client::new(&config).create_key().key_spec(KeySpec::Hmac256);
        let key = request.key_usage(KeyUsageType::GenerateVerifyMac).send().await.unwrap();
        let key_id = key.key_metadata().unwrap().key_id().to_owned();
        contract::token_signer(&Aws::new(config).token_signer(key_id)).await;
    });
}

#[test]
fn sqs_accepts_every_message_of_a_long_list() {
    on_every_aws("queue", async |config| {
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
pub(crate) async fn create_table(config: &SdkConfig) {
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
