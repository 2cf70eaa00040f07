//! Invalidations of CloudFront, at their HTTP boundary: the emulator takes them too, and is done at once.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use vpp_aws::Aws;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::error::chain;
use vpp_pipeline::ports::{EdgeCache, Forgetting, Unavailable};

use crate::server::{Asked, Server};

const PACKAGE: &str = "abcdefghijklmnopqrstuvwxyz";

fn forgotten(status: u16, body: &str) -> (Result<Forgetting, Unavailable>, Asked) {
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
    let answer = runtime.block_on(cache.forget(&package, 17));
    (answer, server.asked().remove(0))
}

#[test]
fn a_package_is_forgotten_by_one_invalidation_for_each_run() {
    let done = "<?xml version=\"1.0\"?><Invalidation><Id>I1</Id><Status>Completed</Status></Invalidation>";
    let (answer, asked) = forgotten(201, done);
    assert_eq!(answer.unwrap(), Forgetting::Done);
    assert!(asked.head.starts_with("POST /2020-05-31/distribution/E1234/invalidation HTTP/1.1\r\n"), "{}", asked.head);
    assert!(
        asked.body.contains(&format!("<Quantity>1</Quantity><Items><Path>/{PACKAGE}/*</Path></Items>")),
        "{}",
        asked.body
    );
    assert!(asked.body.contains(&format!("<CallerReference>{PACKAGE}.17</CallerReference>")), "{}", asked.body);
    let signature = asked.header("authorization").unwrap();
    assert!(signature.contains("/us-east-1/cloudfront/aws4_request"), "{signature}");
    assert_eq!(asked.header("x-amz-security-token"), Some("session"));
}

#[test]
fn what_is_under_way_is_asked_for_again() {
    let (answer, _) = forgotten(201, "<Invalidation><Status>InProgress</Status></Invalidation>");
    assert_eq!(answer.unwrap(), Forgetting::UnderWay);
    let error =
        |code: &str| format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>");
    let (answer, _) = forgotten(400, &error("TooManyInvalidationsInProgress"));
    assert_eq!(answer.unwrap(), Forgetting::UnderWay);
    for (status, code) in
        [(403, "AccessDenied"), (400, "InvalidArgument"), (404, "NoSuchDistribution"), (503, "ServiceUnavailable")]
    {
        let said = chain(&forgotten(status, &error(code)).0.unwrap_err());
        assert!(said.starts_with("CreateInvalidation failed") && said.contains(code), "{said}");
    }
}
