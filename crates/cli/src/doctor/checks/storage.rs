//! Buckets and the table.

use serde_json::{Value, json};

use super::Checkup;
use super::metrics::Metric;
use crate::doctor::account::{CallError, path};
use crate::doctor::finding::Code;
use crate::doctor::stack::Resource;
use crate::doctor::xml::Element;

const S3: &str = "s3";
/// The four settings that block public access (S3 User Guide, "Blocking public access to your Amazon S3 storage").
const BLOCKS: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

/// Checks the buckets and the table of the stack.
pub(super) fn check(checkup: &mut Checkup<'_>) {
    let stack = checkup.stack;
    for bucket in stack.of_kind("AWS::S3::Bucket") {
        // A bucket that does not exist is reported once.
        if !public_access(checkup, bucket) {
            continue;
        }
        match bucket.logical_id.as_str() {
            "UploadsBucket" => {
                notification(checkup, bucket);
                cors(checkup, bucket, "PUT", "browsers cannot upload");
            }
            "OutputBucket" => cors(checkup, bucket, "GET", "browsers cannot play streams of another origin"),
            _ => {}
        }
    }
    for table in stack.of_kind("AWS::DynamoDB::Table") {
        state(checkup, table);
        for name in ["WriteThrottleEvents", "ReadThrottleEvents"] {
            throttles(checkup, table, name);
        }
    }
}

/// Reads a configuration of a bucket; `None` if the bucket has no such configuration.
fn configuration(
    checkup: &mut Checkup<'_>,
    bucket: &Resource,
    (subresource, action): (&str, &str),
) -> Result<Option<Element>, ()> {
    let result = checkup.account.get(S3, &path("/", &bucket.physical_id, ""), &[(subresource, String::new())]);
    match result {
        Err(CallError::Refused { status: 404, code, .. }) if code != "NoSuchBucket" && !code.is_empty() => Ok(None),
        result => checkup.received(action, bucket, result).map(|body| Some(Element::parse(&body))).ok_or(()),
    }
}

/// Checks that a bucket blocks public access. Returns whether it exists.
fn public_access(checkup: &mut Checkup<'_>, bucket: &Resource) -> bool {
    let request = ("publicAccessBlock", "s3:GetBucketPublicAccessBlock");
    let Ok(blocks) = configuration(checkup, bucket, request) else { return false };
    let blocks = blocks.unwrap_or_default();
    let missing: Vec<&str> = BLOCKS.into_iter().filter(|name| blocks.text_of(name) != "true").collect();
    if !missing.is_empty() {
        let what =
            format!("it does not block public access ({}): its objects could be read past the CDN", missing.join(", "));
        let mend = format!(
            "aws s3api put-public-access-block --bucket {} --public-access-block-configuration \
             BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
            bucket.physical_id
        );
        checkup.report(Code::BucketPublic, bucket.location(), what, mend);
    }
    true
}

fn notification(checkup: &mut Checkup<'_>, bucket: &Resource) {
    let Ok(found) = configuration(checkup, bucket, ("notification", "s3:GetBucketNotification")) else { return };
    let found = found.unwrap_or_default();
    // The physical id of a queue is its URL, which ends with its name.
    let url = checkup.stack.resource("IngestQueue").map(|queue| queue.physical_id.as_str()).unwrap_or_default();
    let ingest = url.rsplit('/').next().unwrap_or_default();
    let targets = found.all("QueueConfiguration");
    let notifies = |target: &&Element| {
        let named = target.text_of("Queue").split(':').nth(5) == Some(ingest);
        named && target.all("Event").iter().any(|event| event.text().starts_with("s3:ObjectCreated:"))
    };
    if !targets.iter().any(notifies) {
        let what = "it does not notify the ingest queue when an object is created: uploads stay unseen";
        let mend = "deploy the template again; if CloudFormation sees no change, put the notification back with \
                    `aws s3api put-bucket-notification-configuration`";
        checkup.report(Code::NotificationMissing, bucket.location(), what, mend);
    }
}

fn cors(checkup: &mut Checkup<'_>, bucket: &Resource, method: &str, effect: &str) {
    let Ok(found) = configuration(checkup, bucket, ("cors", "s3:GetBucketCORS")) else { return };
    let found = found.unwrap_or_default();
    if !found.all("AllowedMethod").iter().any(|allowed| allowed.text() == method) {
        let what = format!("it has no CORS rule for {method}: {effect}");
        let mend = "deploy the template again; if CloudFormation sees no change, put the rule back with `aws s3api put-bucket-cors`";
        checkup.report(Code::CorsMissing, bucket.location(), what, mend);
    }
}

fn state(checkup: &mut Checkup<'_>, table: &Resource) {
    let request = json!({"TableName": table.physical_id});
    let result = checkup.account.json("dynamodb", "DynamoDB_20120810.DescribeTable", &request);
    let Some(described) = checkup.received("dynamodb:DescribeTable", table, result) else { return };
    let described = &described["Table"];
    let status = described["TableStatus"].as_str().unwrap_or_default();
    let stream = described["StreamSpecification"]["StreamEnabled"].as_bool().unwrap_or_default();
    if !matches!(status, "ACTIVE" | "UPDATING") {
        let what = format!("its status is {status}, so that it cannot be read or written");
        let mend =
            "enable its KMS key if the status is INACCESSIBLE_ENCRYPTION_CREDENTIALS; else wait until it is ACTIVE";
        checkup.report(Code::TableNotActive, table.location(), what, mend);
    } else if !stream {
        let what = "its stream is off: no status change is published";
        checkup.report(
            Code::TableNotActive,
            table.location(),
            what,
            "deploy the template again, which turns the stream on",
        );
    }
    let indexes: Vec<&Value> = described["GlobalSecondaryIndexes"].as_array().into_iter().flatten().collect();
    for index in indexes.iter().filter(|index| index["IndexStatus"].as_str() == Some("CREATING")) {
        let what = format!("its index {} is being created, so lists are incomplete", index["IndexName"]);
        checkup.report(Code::TableNotActive, table.location(), what, "wait until the index is ACTIVE");
    }
}

fn throttles(checkup: &mut Checkup<'_>, table: &Resource, name: &'static str) {
    let metric = Metric { namespace: "AWS/DynamoDB", name, dimension: ("TableName", &table.physical_id) };
    let points = match metric.datapoints(checkup.account, "Sum") {
        Ok(points) => points,
        Err(error) => return checkup.unanswered("cloudwatch:GetMetricStatistics", &table.location(), &error),
    };
    let sum: f64 = points.iter().sum();
    if sum > 0.0 {
        let what = format!("{sum:.0} requests were throttled in 15 minutes ({name})");
        let mend = "lower EncryptConcurrency, raise WorkUnitMiB, or set the table's warm throughput before a burst";
        checkup.report(Code::TableThrottled, table.location(), what, mend);
    }
}
