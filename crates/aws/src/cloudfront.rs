//! CloudFront invalidations: they remove a deleted package from the edge caches.
//!
//! CloudFront treats requests with the same paths and the same caller reference as one invalidation, and each response has its
//! status. The reference is the attempt of the package, so a repeated request incurs no further cost and reports when the
//! invalidation has completed. CloudFront processes fifteen invalidations at a time and refuses further ones.
//!
//! If the CDN requires signed paths, a CloudFront function removes the signature before the cache lookup: the cache key is the
//! path without it.

use std::time::Duration;

use aws_config::SdkConfig;
use lambda_http::http::Request;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{EdgeCache, InvalidationStatus};

use crate::http_client::{HttpClient, Limits, Response, SigningScope};

const CALL: &str = "CreateInvalidation";
/// CloudFront is a global service; its requests are signed for this region.
const SCOPE: SigningScope<'static> = SigningScope { service: "cloudfront", region: "us-east-1" };
const ENDPOINT: &str = "https://cloudfront.amazonaws.com";
/// Text in the response for a completed invalidation.
const COMPLETED: &str = "<Status>Completed</Status>";
/// Text in the response when too many invalidations are in progress.
const TOO_MANY: &str = "<Code>TooManyInvalidationsInProgress</Code>";
const LIMITS: Limits = Limits { time: Duration::from_secs(20), response_bytes: 64 * 1024 };

/// The edge caches of a distribution.
#[derive(Debug, Clone)]
pub struct CloudFrontCache {
    http: HttpClient,
    endpoint: String,
    distribution: String,
}

impl CloudFrontCache {
    /// Uses the edge caches of the distribution with this id.
    #[must_use]
    pub fn new(config: &SdkConfig, distribution: String) -> Self {
        let endpoint = config.endpoint_url().unwrap_or(ENDPOINT).trim_end_matches('/').to_owned();
        Self { http: HttpClient::new(config, LIMITS), endpoint, distribution }
    }
}

impl EdgeCache for CloudFrontCache {
    async fn invalidate(&self, package: &PackageId, attempt: u64) -> Result<InvalidationStatus, Unavailable> {
        let address = format!("{}/2020-05-31/distribution/{}/invalidation", self.endpoint, self.distribution);
        let request = Request::post(address)
            .header("content-type", "application/xml")
            .body(invalidation_batch(package, attempt).into());
        let request = request.map_err(|error| Unavailable::new(CALL, error.into()))?;
        let response =
            self.http.call(request, Some(SCOPE)).await.map_err(|error| Unavailable::new(CALL, error.into()))?;
        read(&response)
    }
}

/// Returns the request body. Ids consist of letters and digits, so they need no escaping.
fn invalidation_batch(package: &PackageId, attempt: u64) -> String {
    format!(
        "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Paths><Quantity>1</Quantity>\
         <Items><Path>/{package}/*</Path></Items></Paths><CallerReference>{package}.{attempt}</CallerReference></InvalidationBatch>"
    )
}

fn read(response: &Response) -> Result<InvalidationStatus, Unavailable> {
    let text = String::from_utf8_lossy(&response.body);
    match response.status {
        200..=299 if text.contains(COMPLETED) => Ok(InvalidationStatus::Completed),
        200..=299 => Ok(InvalidationStatus::InProgress),
        400 if text.contains(TOO_MANY) => Ok(InvalidationStatus::InProgress),
        status => Err(Unavailable::new(CALL, format!("{status}: {text}").into())),
    }
}
