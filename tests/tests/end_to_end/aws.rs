//! The AWS API with the permissions of the account's owner: requests with signature version 4, and unparsed responses.
//!
//! The platform uses the AWS SDK. The tests do not, so that they are independent of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::http::{Answer, Body, Headers, send};
use crate::stack::stack;

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) etag: String,
    pub(crate) last_modified: String,
    pub(crate) size: u64,
}

/// Puts an object, and returns its `ETag`.
pub(crate) fn put(bucket: &str, key: &str, body: Body<'_>) -> String {
    let answer = s3("PUT", bucket, key, "", body).expect("PutObject");
    answer.header("etag").trim_matches('"').to_owned()
}

/// Puts an object by a multipart upload with parts of `part` bytes, as the AWS command line does with large files.
pub(crate) fn put_in_parts(bucket: &str, key: &str, bytes: &[u8], part: usize) {
    let started = s3("POST", bucket, key, "uploads=", "".into()).expect("CreateMultipartUpload").text();
    let id = element(&started, "UploadId").expect("an upload id");
    let mut parts = String::new();
    for (number, bytes) in (1..).zip(bytes.chunks(part)) {
        let query = format!("partNumber={number}&uploadId={}", percent(id, false));
        let etag = s3("PUT", bucket, key, &query, Body::Bytes(bytes)).expect("UploadPart").header("etag").to_owned();
        write!(parts, "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>").unwrap();
    }
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let query = format!("uploadId={}", percent(id, false));
    s3("POST", bucket, key, &query, body.as_str().into()).expect("CompleteMultipartUpload");
}

pub(crate) fn get(bucket: &str, key: &str) -> Vec<u8> {
    s3("GET", bucket, key, "", "".into()).expect("GetObject").body
}

/// Reads a byte range of an object.
pub(crate) fn get_range(bucket: &str, key: &str, start: u64, length: u64) -> Vec<u8> {
    let target = format!("/{bucket}/{}", percent(key, true));
    let range = vec![header("range", &format!("bytes={start}-{}", start + length - 1))];
    signed("s3", "GET", &target, "", range, "".into()).expect("GetObject").body
}

/// Returns the size of an existing object.
pub(crate) fn size(bucket: &str, key: &str) -> u64 {
    let answer = s3("HEAD", bucket, key, "", "".into()).expect("HeadObject");
    answer.header("content-length").parse().expect("a length")
}

/// Lists the objects whose keys start with `prefix`, sorted by key.
pub(crate) fn list(bucket: &str, prefix: &str) -> Vec<Object> {
    let query = format!("list-type=2&prefix={}", percent(prefix, false));
    let text = s3("GET", bucket, "", &query, "".into()).expect("ListObjectsV2").text();
    assert_eq!(element(&text, "IsTruncated"), Some("false"), "a package fits on one page");
    let object = |text: &str| Object {
        key: element(text, "Key").unwrap().to_owned(),
        etag: element(text, "ETag").unwrap().to_owned(),
        last_modified: element(text, "LastModified").unwrap().to_owned(),
        size: element(text, "Size").unwrap().parse().unwrap(),
    };
    let mut objects: Vec<_> = text.split("<Contents>").skip(1).map(object).collect();
    objects.sort();
    objects
}

/// Reads every item of the platform's table.
pub(crate) fn items() -> Vec<Value> {
    let mut request = json!({"TableName": stack().output("table_name"), "ConsistentRead": true});
    let mut items = Vec::new();
    loop {
        let mut page = call("dynamodb", "DynamoDB_20120810.Scan", &request);
        items.extend(page["Items"].as_array().expect("items").iter().cloned());
        match page["LastEvaluatedKey"].take() {
            Value::Null => return items,
            last => request["ExclusiveStartKey"] = last,
        }
    }
}

/// Reads the items of a partition, by sort key.
pub(crate) fn partition(pk: &str) -> Vec<Value> {
    let request = json!({
        "TableName": stack().output("table_name"), "ConsistentRead": true,
        "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": pk}},
    });
    call("dynamodb", "DynamoDB_20120810.Query", &request)["Items"].as_array().expect("items").clone()
}

/// Changes an item of the platform's table directly.
pub(crate) fn update(pk: &str, sk: &str, expression: &str, names: &Value, values: &Value) {
    let request = json!({
        "TableName": stack().output("table_name"), "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
        "UpdateExpression": expression, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
    });
    call("dynamodb", "DynamoDB_20120810.UpdateItem", &request);
}

/// Sends a message to the queue at `url`, and returns its id.
pub(crate) fn send_message(url: &str, body: &str) -> String {
    let sent = call("sqs", "AmazonSQS.SendMessage", &json!({"QueueUrl": url, "MessageBody": body}));
    sent["MessageId"].as_str().expect("a message id").to_owned()
}

/// Reads the text of a secret.
pub(crate) fn secret(id: &str) -> String {
    let answer = call("secretsmanager", "secretsmanager.GetSecretValue", &json!({"SecretId": id}));
    answer["SecretString"].as_str().expect("a text").to_owned()
}

/// Replaces the text of a secret.
pub(crate) fn put_secret(id: &str, text: &str) {
    call("secretsmanager", "secretsmanager.PutSecretValue", &json!({"SecretId": id, "SecretString": text}));
}

/// Unwraps the wrapped key of a package.
pub(crate) fn unwrap_key(wrapped: &str, package: &str) -> Vec<u8> {
    let request = json!({"CiphertextBlob": wrapped, "EncryptionContext": {"packaged_content_id": package}});
    let decrypted = call("kms", "TrentService.Decrypt", &request);
    data_encoding::BASE64.decode(decrypted["Plaintext"].as_str().expect("a plaintext").as_bytes()).expect("base64")
}

/// Lists the paths that were invalidated in a distribution.
pub(crate) fn invalidations(distribution: &str) -> Vec<String> {
    let target = format!("/2020-05-31/distribution/{distribution}/invalidation");
    let cloudfront =
        |target: &str| signed("cloudfront", "GET", target, "", Vec::new(), "".into()).expect(target).text();
    let listed = cloudfront(&target);
    let ids = listed.split("<InvalidationSummary>").skip(1).map(|text| element(text, "Id").expect("an id"));
    ids.map(|id| element(&cloudfront(&format!("{target}/{id}")), "Path").expect("a path").to_owned()).collect()
}

/// Invokes ingest with the message of a notification. It must succeed; waits for its response.
pub(crate) fn ingest(notification: &Value) {
    let record = json!({
        "messageId": "1", "receiptHandle": "1", "body": notification.to_string(), "attributes": {},
        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:ingest",
    });
    let (function, event) = ("ingest", json!({"Records": [record]}));
    let target = format!("/2015-03-31/functions/{}-{function}/invocations", stack().output("stack"));
    let (json, body) = (header("content-type", "application/json"), event.to_string());
    let answer = signed("lambda", "POST", &target, "", vec![json], body.as_str().into()).expect(function);
    assert_eq!(answer.header("x-amz-function-error"), "", "{function}: {}", answer.text());
    assert_eq!(answer.json()["batchItemFailures"], json!([]), "{function}");
}

/// Returns the bodies of all messages that functions have sent to the queue at `url`, from the audit log.
pub(crate) fn sent_messages(url: &str) -> BTreeSet<String> {
    let calls = audit("SendMessageBatch").into_iter().filter(|call| call["QueueUrl"] == url);
    let entries = calls.flat_map(|mut call| call["Entries"].as_array_mut().map(std::mem::take).expect("entries"));
    entries.map(|entry| entry["MessageBody"].as_str().expect("a body").to_owned()).collect()
}

/// Returns the trace ids of the messages with `text` in their bodies that functions have sent to the queue at `url`.
pub(crate) fn sent_traces(url: &str, text: &str) -> BTreeSet<String> {
    let calls = audit("SendMessageBatch").into_iter().filter(|call| call["QueueUrl"] == url);
    let entries = calls.flat_map(|mut call| call["Entries"].as_array_mut().map(std::mem::take).expect("entries"));
    let matching = entries.filter(|entry| entry["MessageBody"].as_str().is_some_and(|body| body.contains(text)));
    let header = |entry: Value| {
        let header = entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"].as_str()?.to_owned();
        header.split(';').find_map(|part| part.strip_prefix("Root=")).map(str::to_owned)
    };
    matching.filter_map(header).collect()
}

/// Sends a message with a trace header to the queue at `url`.
pub(crate) fn send_traced_message(url: &str, body: &str, header: &str) {
    let trace = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": header}});
    call(
        "sqs",
        "AmazonSQS.SendMessage",
        &json!({"QueueUrl": url, "MessageBody": body, "MessageSystemAttributes": trace}),
    );
}

/// Returns the events that functions have put on the bus, from the audit log.
pub(crate) fn events() -> Vec<Value> {
    let entries =
        audit("PutEvents").into_iter().filter_map(|mut call| call["Entries"].as_array_mut().map(std::mem::take));
    let detail = |entry: Value| serde_json::from_str(entry["Detail"].as_str().expect("a detail")).expect("JSON");
    entries.flatten().map(detail).collect()
}

/// Puts an event on the bus, as a function does.
pub(crate) fn put_event(bus: &str, event: &Value) {
    let entry = json!({
        "EventBusName": bus, "Source": "video-packaging-platform", "DetailType": event["type"], "Detail": event.to_string(),
    });
    call("events", "AWSEvents.PutEvents", &json!({"Entries": [entry]}));
}

/// Returns the parameters of all calls of one kind from the audit log, which returns the newest fifty up to a time.
fn audit(event: &str) -> Vec<Value> {
    const TARGET: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    let mut request =
        json!({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": event}], "MaxResults": 50});
    let mut calls = BTreeMap::new();
    loop {
        let page = call("cloudtrail", TARGET, &request);
        let events = page["Events"].as_array().expect("events");
        let known = calls.len();
        for event in events {
            let record: Value =
                serde_json::from_str(event["CloudTrailEvent"].as_str().expect("an event")).expect("JSON");
            calls.insert(event["EventId"].to_string(), record["requestParameters"].clone());
        }
        if calls.len() == known {
            return calls.into_values().collect();
        }
        request["EndTime"] = events[events.len() - 1]["EventTime"].clone();
    }
}

/// Returns the parameters of every write that a function has sent to the table.
pub(crate) fn table_writes() -> String {
    ["PutItem", "UpdateItem", "TransactWriteItems"].into_iter().flat_map(audit).map(|call| call.to_string()).collect()
}

/// Builds the event with which S3 notifies a function of a created object.
pub(crate) fn object_created(bucket: &str, key: &str, etag: &str, size: u64) -> Value {
    let object = json!({"key": percent(key, true), "eTag": etag, "size": size});
    json!({"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": bucket}, "object": object}}]})
}

/// Returns every message that waits in any queue, dead-letter queues included.
pub(crate) fn waiting_messages() -> String {
    send(stack().address(), "GET", "/_ministack/sqs/messages", &[], "".into()).expect("the queues' messages").text()
}

/// Returns whether the message is no longer in the queue at `url`: handled or dead-lettered.
pub(crate) fn is_gone(url: &str, message: &str) -> bool {
    let target = format!("/_ministack/sqs/messages?QueueUrl={}", percent(url, false));
    let waiting = send(stack().address(), "GET", &target, &[], "".into()).expect("the queue's messages").text();
    !waiting.contains(message)
}

/// Calls a service with a JSON protocol.
fn call(service: &str, target: &str, request: &Value) -> Value {
    let headers = vec![header("content-type", "application/x-amz-json-1.0"), header("x-amz-target", target)];
    let body = request.to_string();
    signed(service, "POST", "/", "", headers, body.as_str().into()).expect(target).json()
}

fn s3(method: &str, bucket: &str, key: &str, query: &str, body: Body<'_>) -> Answer {
    let target = format!("/{bucket}/{}", percent(key, true));
    signed("s3", method, target.trim_end_matches(if key.is_empty() { "/" } else { "" }), query, Vec::new(), body)
}

/// Signs a request and sends it. `query` must be encoded, and sorted by name.
fn signed(service: &str, method: &str, path: &str, query: &str, mut headers: Headers, body: Body<'_>) -> Answer {
    let stack = stack();
    let (day, timestamp) = now();
    let payload = match body {
        Body::Bytes(bytes) => HEXLOWER.encode(&Sha256::digest(bytes)),
        Body::File(_) => "UNSIGNED-PAYLOAD".to_owned(),
    };
    headers.extend([
        header("host", stack.address()),
        header("x-amz-content-sha256", &payload),
        header("x-amz-date", &timestamp),
    ]);
    headers.sort();
    let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().flat_map(|(name, value)| [name, ":", value, "\n"]).collect();
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}");
    let scope = format!("{day}/{}/{service}/aws4_request", stack.output("region"));
    let digest = HEXLOWER.encode(&Sha256::digest(canonical));
    let secret = format!("AWS4{}", stack.output("secret_access_key"));
    let key = scope.split('/').fold(secret.into_bytes(), |key, part| mac(&key, part));
    let signature = HEXLOWER.encode(&mac(&key, &format!("AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}")));
    let credential = format!("{}/{scope}", stack.output("access_key_id"));
    let authorization = format!("Credential={credential}, SignedHeaders={names}, Signature={signature}");
    headers.push(header("authorization", &format!("AWS4-HMAC-SHA256 {authorization}")));
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    send(stack.address(), method, &target, &headers, body)
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Returns the current day and time in the format of signatures.
fn now() -> (String, String) {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let now = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).unwrap()).unwrap();
    let day = format!("{}{:02}{:02}", now.year(), u8::from(now.month()), now.day());
    let timestamp = format!("{day}T{:02}{:02}{:02}Z", now.hour(), now.minute(), now.second());
    (day, timestamp)
}

/// Percent-encodes a text as S3 requires.
pub(crate) fn percent(text: &str, keep_slashes: bool) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        b'/' if keep_slashes => "/".to_owned(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Returns the text of the first element with this name.
fn element<'t>(xml: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}
