//! AWS Signature Version 4 of one request (AWS Signature Version 4 for API requests, "Create a signed AWS API request").
//!
//! `vpp` starts without an async runtime, so it does not link the AWS SDK, whose signer would be two dozen crates.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::doctor::credentials::Credentials;
use crate::platform::percent_encode;

/// The parts of a request that the signature covers.
#[derive(Debug)]
pub(super) struct Signable<'r> {
    /// The method, in upper case.
    pub(super) method: &'static str,
    /// The host, with its port if it is not that of the scheme.
    pub(super) host: &'r str,
    /// The path. It has unreserved characters and slashes only, so every service's canonical form is the path itself.
    pub(super) path: &'r str,
    /// The query parameters, not encoded.
    pub(super) query: &'r [(&'r str, String)],
    /// The headers besides those of the signature, with names in lower case.
    pub(super) headers: &'r [(&'static str, String)],
    /// The body.
    pub(super) body: &'r [u8],
}

/// The credential scope: what the request is signed for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'s> {
    /// The region, such as `us-east-1`.
    pub(super) region: &'s str,
    /// The signing name of the service, such as `monitoring`.
    pub(super) service: &'s str,
}

/// Returns the headers that sign the request at this time, `authorization` among them.
pub(super) fn sign(
    request: &Signable<'_>,
    scope: Scope<'_>,
    credentials: &Credentials,
    now: OffsetDateTime,
) -> Vec<(&'static str, String)> {
    let date = format!("{:04}{:02}{:02}", now.year(), u8::from(now.month()), now.day());
    let timestamp = format!("{date}T{:02}{:02}{:02}Z", now.hour(), now.minute(), now.second());
    let mut added = vec![("x-amz-date", timestamp.clone())];
    if scope.service == "s3" {
        added.push(("x-amz-content-sha256", hex_digest(request.body)));
    }
    if let Some(token) = &credentials.session_token {
        added.push(("x-amz-security-token", token.to_string()));
    }
    let mut headers: Vec<(&str, &str)> = vec![("host", request.host)];
    headers.extend(request.headers.iter().chain(&added).map(|(name, value)| (*name, value.as_str())));
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut lines = String::new();
    for (name, value) in &headers {
        let _ = writeln!(lines, "{name}:{}", value.trim());
    }
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        request.method,
        request.path,
        query_string(request.query),
        hex_digest(request.body)
    );
    let scope_text = format!("{date}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{timestamp}\n{scope_text}\n{}", hex_digest(canonical.as_bytes()));
    let mut key = format!("AWS4{}", credentials.secret_access_key.as_str()).into_bytes();
    for part in [date.as_str(), scope.region, scope.service, "aws4_request"] {
        key = mac(&key, part.as_bytes());
    }
    let signature = HEXLOWER.encode(&mac(&key, to_sign.as_bytes()));
    let credential = format!("{}/{scope_text}", credentials.access_key_id);
    let value = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
    added.push(("authorization", value));
    added
}

/// Returns the encoded query string, in the order that the signature covers.
pub(super) fn query_string(query: &[(&str, String)]) -> String {
    let mut pairs: Vec<String> =
        query.iter().map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value))).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

fn hex_digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

#[allow(clippy::expect_used, reason = "HMAC accepts keys of every length")]
fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC accepts keys of every length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of the AWS General Reference: `ListUsers` of IAM, with its published signature.
    #[test]
    fn the_signature_is_that_of_the_published_example() {
        let credentials = Credentials::test("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let query = [("Version", "2010-05-08".to_owned()), ("Action", "ListUsers".to_owned())];
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
        let request = Signable {
            method: "GET",
            host: "iam.amazonaws.com",
            path: "/",
            query: &query,
            headers: &headers,
            body: b"",
        };
        let now = OffsetDateTime::from_unix_timestamp(1_440_938_160).unwrap();
        let signed = sign(&request, Scope { region: "us-east-1", service: "iam" }, &credentials, now);
        let (_, value) = signed.iter().find(|(name, _)| *name == "authorization").unwrap();
        assert_eq!(
            value,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }
}
