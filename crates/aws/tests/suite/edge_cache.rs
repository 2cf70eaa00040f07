//! CloudFront invalidations at the HTTP level; the emulator completes every invalidation immediately.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use vpp_aws::Aws;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::error::{Unavailable, chain};
use vpp_pipeline::ports::{EdgeCache, Invalidation, InvalidationStatus};

use crate::server::{Request, Server};

const PACKAGE: &str = "abcdefghijklmnopqrstuvwxyz";

fn invalidate(status: u16, body: &str) -> (Result<Invalidation, Unavailable>, Request) {
    call(status, body, None)
}

fn call(status: u16, body: &str, begun: Option<&str>) -> (Result<Invalidation, Unavailable>, Request) {
    let server = Server::start([(status, body.to_owned())]);
    let credentials = Credentials::new("AKID", "secret", Some("session".to_owned()), None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(&server.address)
        .build();
    let cache = Aws::new(config).edge_cache("E1234".to_owned());
    let package: PackageId = PACKAGE.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(cache.invalidate(&package, 17, begun));
    (result, server.requests().remove(0))
}

#[test]
fn each_attempt_of_a_package_has_one_invalidation() {
    let done = "<?xml version=\"1.0\"?><Invalidation><Id>I1</Id><Status>Completed</Status></Invalidation>";
    let (result, request) = invalidate(201, done);
    let id = Some("I1".to_owned());
    assert_eq!(result.unwrap(), Invalidation { id, status: InvalidationStatus::Completed });
    assert!(
        request.head.starts_with("POST /2020-05-31/distribution/E1234/invalidation HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    assert!(
        request.body.contains(&format!("<Quantity>1</Quantity><Items><Path>/{PACKAGE}/*</Path></Items>")),
        "{}",
        request.body
    );
    assert!(request.body.contains(&format!("<CallerReference>{PACKAGE}.17</CallerReference>")), "{}", request.body);
    let signature = request.header("authorization").unwrap();
    assert!(signature.contains("/us-east-1/cloudfront/aws4_request"), "{signature}");
    assert_eq!(request.header("x-amz-security-token"), Some("session"));
}

#[test]
fn an_invalidation_that_has_begun_is_looked_at() {
    let body = "<Invalidation><Id>I1</Id><Status>InProgress</Status></Invalidation>";
    let (result, request) = call(200, body, Some("I1"));
    let id = Some("I1".to_owned());
    assert_eq!(result.unwrap(), Invalidation { id, status: InvalidationStatus::InProgress });
    assert!(
        request.head.starts_with("GET /2020-05-31/distribution/E1234/invalidation/I1 HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    let gone = "<ErrorResponse><Error><Code>NoSuchInvalidation</Code></Error></ErrorResponse>";
    let message = chain(&call(404, gone, Some("I1")).0.unwrap_err());
    assert!(message.starts_with("GetInvalidation failed"), "{message}");
    let (result, _) = invalidate(201, "<Invalidation><Id>../I1</Id><Status>InProgress</Status></Invalidation>");
    assert_eq!(result.unwrap().id, None, "an id that is no part of a path");
}

#[test]
fn an_invalidation_in_progress_is_not_an_error() {
    let (result, _) = invalidate(201, "<Invalidation><Status>InProgress</Status></Invalidation>");
    assert_eq!(result.unwrap().status, InvalidationStatus::InProgress);
    let error =
        |code: &str| format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>");
    let (result, _) = invalidate(400, &error("TooManyInvalidationsInProgress"));
    assert_eq!(result.unwrap().status, InvalidationStatus::InProgress);
    for (status, code) in
        [(403, "AccessDenied"), (400, "InvalidArgument"), (404, "NoSuchDistribution"), (503, "ServiceUnavailable")]
    {
        let message = chain(&invalidate(status, &error(code)).0.unwrap_err());
        assert!(message.starts_with("CreateInvalidation failed") && message.contains(code), "{message}");
    }
}
