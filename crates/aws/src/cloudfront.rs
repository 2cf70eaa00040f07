//! CloudFront invalidations: they remove a deleted package, or the manifests of an edited one, from the edge caches.
//!
//! CloudFront treats requests with the same paths and the same caller reference as one invalidation. The reference is the attempt
//! of the package, so a repeated request incurs no further cost. `GetInvalidation` reports when it has completed. CloudFront
//! processes fifteen invalidations at a time and refuses further ones.
//!
//! CloudFront is a global service with one endpoint in each partition that has it (botocore's `endpoints.json`): that of China is
//! separate, and AWS `GovCloud` (US) has none.
//!
//! If the CDN requires signed paths, a CloudFront function removes the signature before the cache lookup: the cache key is the
//! path without it.

use std::time::Duration;

use aws_config::SdkConfig;
use lambda_http::http::Request;
use lambda_http::http::request::Builder;
use vpp_media::chapters::{CHAPTERS_JSON, CHAPTERS_WEBVTT};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::layout::{MANIFEST, PLAYLIST};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{EdgeCache, Invalidation, InvalidationStatus};

use crate::http_client::{HttpClient, Limits, Response, SigningScope};

const CREATE: &str = "CreateInvalidation";
const GET: &str = "GetInvalidation";
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
    scope: SigningScope<'static>,
    distribution: String,
}

/// Returns the endpoint of the partition of a region, and the scope of signatures for it.
fn partition(region: &str) -> (&'static str, SigningScope<'static>) {
    let (endpoint, region) = if region.starts_with("cn-") {
        ("https://cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1")
    } else {
        ("https://cloudfront.amazonaws.com", "us-east-1")
    };
    (endpoint, SigningScope { service: "cloudfront", region })
}

impl CloudFrontCache {
    /// Uses the edge caches of the distribution with this id.
    #[must_use]
    pub fn new(config: &SdkConfig, distribution: String) -> Self {
        let (endpoint, scope) = partition(config.region().map_or("", |region| region.as_ref()));
        let endpoint = config.endpoint_url().unwrap_or(endpoint).trim_end_matches('/').to_owned();
        Self { http: HttpClient::new(config, LIMITS), endpoint, scope, distribution }
    }

    fn invalidations(&self) -> String {
        format!("{}/2020-05-31/distribution/{}/invalidation", self.endpoint, self.distribution)
    }

    /// Begins the invalidation of `paths`.
    async fn create(&self, paths: &[String], caller_reference: &str) -> Result<Invalidation, Unavailable> {
        let request = Request::post(self.invalidations()).header("content-type", "application/xml");
        self.send(CREATE, request, invalidation_batch(paths, caller_reference)).await
    }

    async fn send(&self, call: &'static str, request: Builder, body: String) -> Result<Invalidation, Unavailable> {
        let request = request.body(body.into()).map_err(|error| Unavailable::new(call, error.into()))?;
        let response = self.http.call(request, Some(self.scope)).await;
        read(call, &response.map_err(|error| Unavailable::new(call, error.into()))?)
    }
}

impl EdgeCache for CloudFrontCache {
    async fn invalidate(
        &self,
        package: &PackageId,
        attempt: u64,
        begun: Option<&str>,
    ) -> Result<Invalidation, Unavailable> {
        if let Some(id) = begun {
            return self.send(GET, Request::get(format!("{}/{id}", self.invalidations())), String::new()).await;
        }
        self.create(&[format!("/{package}/*")], &format!("{package}.{attempt}")).await
    }

    async fn forget_manifests(&self, package: &PackageId, attempt: u64, revision: u32) -> Result<(), Unavailable> {
        // The manifests that name the others, and the chapters. A wildcard must be last in a path.
        let paths = [MANIFEST, PLAYLIST, CHAPTERS_JSON, CHAPTERS_WEBVTT].map(|path| format!("/{package}/{path}"));
        // Whether it has completed does not matter: edge locations cache a manifest for a minute.
        self.create(&paths, &format!("{package}.{attempt}.{revision}")).await.map(drop)
    }
}

/// Returns the request body. Ids consist of letters and digits, so they need no escaping.
fn invalidation_batch(paths: &[String], caller_reference: &str) -> String {
    let (quantity, items) = (paths.len(), paths.join("</Path><Path>"));
    format!(
        "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Paths><Quantity>{quantity}</Quantity>\
         <Items><Path>{items}</Path></Items></Paths><CallerReference>{caller_reference}</CallerReference></InvalidationBatch>"
    )
}

fn read(call: &'static str, response: &Response) -> Result<Invalidation, Unavailable> {
    let text = String::from_utf8_lossy(&response.body);
    let status = if text.contains(COMPLETED) { InvalidationStatus::Completed } else { InvalidationStatus::InProgress };
    match response.status {
        200..=299 => Ok(Invalidation { id: id(&text), status }),
        400 if text.contains(TOO_MANY) => Ok(Invalidation { id: None, status: InvalidationStatus::InProgress }),
        status => Err(Unavailable::new(call, format!("{status}: {text}").into())),
    }
}

/// Returns the id in a response, if it can be part of a path.
fn id(text: &str) -> Option<String> {
    let (id, _) = text.split_once("<Id>")?.1.split_once("</Id>")?;
    let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_endpoint() {
        for (region, host, signed_for) in [
            ("eu-central-1", "https://cloudfront.amazonaws.com", "us-east-1"),
            ("cn-north-1", "https://cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
        ] {
            let (endpoint, scope) = partition(region);
            assert_eq!((endpoint, scope.region), (host, signed_for), "{region}");
        }
    }
}
