//! What CloudFront keeps of streams, forgotten by invalidation.
//!
//! CloudFront makes one invalidation of all requests that name the same paths by the same reference, and answers how far it is.
//! The reference is the attempt of a package: a job that asks again, for whatever reason, pays once, and learns when it is done. It
//! works on fifteen of them at a time, and says so to who asks for another.
//!
//! Where the CDN asks for leave, a function takes that off before the cache is asked: what is kept is kept by the path without.

use std::time::Duration;

use aws_config::SdkConfig;
use lambda_http::http::Request;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::ports::{EdgeCache, Forgetting, Unavailable};

use crate::https::{Answer, Bounds, Https, Scope};

const CALL: &str = "CreateInvalidation";
/// CloudFront is one for the whole world, and signs as if it were here.
const SCOPE: Scope<'static> = Scope { service: "cloudfront", region: "us-east-1" };
const ENDPOINT: &str = "https://cloudfront.amazonaws.com";
/// How it says that one is done.
const DONE: &str = "<Status>Completed</Status>";
/// How it says that it is at work on as many as it takes.
const TOO_MANY: &str = "<Code>TooManyInvalidationsInProgress</Code>";
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(20), bytes: 64 * 1024 };

/// A distribution.
#[derive(Debug, Clone)]
pub struct CloudFrontCache {
    https: Https,
    endpoint: String,
    distribution: String,
}

impl CloudFrontCache {
    /// The distribution of this id.
    #[must_use]
    pub fn new(config: &SdkConfig, distribution: String) -> Self {
        let endpoint = config.endpoint_url().unwrap_or(ENDPOINT).trim_end_matches('/').to_owned();
        Self { https: Https::new(config, BOUNDS), endpoint, distribution }
    }
}

impl EdgeCache for CloudFrontCache {
    async fn forget(&self, package: &PackageId, attempt: u64) -> Result<Forgetting, Unavailable> {
        let address = format!("{}/2020-05-31/distribution/{}/invalidation", self.endpoint, self.distribution);
        let request =
            Request::post(address).header("content-type", "application/xml").body(batch(package, attempt).into());
        let request = request.map_err(|error| Unavailable::new(CALL, error.into()))?;
        let answer =
            self.https.call(request, Some(SCOPE)).await.map_err(|error| Unavailable::new(CALL, error.into()))?;
        read(&answer)
    }
}

/// What is to be forgotten. Ids are letters and digits: nothing needs to be escaped.
fn batch(package: &PackageId, attempt: u64) -> String {
    format!(
        "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Paths><Quantity>1</Quantity>\
         <Items><Path>/{package}/*</Path></Items></Paths><CallerReference>{package}.{attempt}</CallerReference></InvalidationBatch>"
    )
}

fn read(answer: &Answer) -> Result<Forgetting, Unavailable> {
    let text = String::from_utf8_lossy(&answer.body);
    match answer.status {
        200..=299 if text.contains(DONE) => Ok(Forgetting::Done),
        200..=299 => Ok(Forgetting::UnderWay),
        400 if text.contains(TOO_MANY) => Ok(Forgetting::UnderWay),
        status => Err(Unavailable::new(CALL, format!("{status}: {text}").into())),
    }
}
