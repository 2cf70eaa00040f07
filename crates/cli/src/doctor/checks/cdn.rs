//! The way of a viewer and of a caller: the distribution, the output bucket behind it, and the API.

use std::io::Read;

use serde_json::Value;

use super::Checkup;
use crate::doctor::account::path;
use crate::doctor::finding::Code;
use crate::doctor::stack::Resource;
use crate::doctor::xml::Element;

/// Bytes of the API's answer that are read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Checks the distribution and the API of the stack.
pub(super) fn check(checkup: &mut Checkup<'_>) {
    let stack = checkup.stack;
    match stack.resource("Distribution") {
        Some(distribution) => cdn(checkup, distribution),
        None => checkup.report(
            Code::ResourceMissing,
            "Distribution",
            "the stack has no CloudFront distribution, so no stream can be played",
            "deploy the template again",
        ),
    }
    api(checkup);
}

fn cdn(checkup: &mut Checkup<'_>, distribution: &Resource) {
    let request = path("/2020-05-31/distribution/", &distribution.physical_id, "");
    let result = checkup.account.get("cloudfront", &request, &[]);
    let Some(body) = checkup.received("cloudfront:GetDistribution", distribution, result) else { return };
    let described = Element::parse(&body);
    let enabled = described.members("DistributionConfig").iter().find(|child| child.is("Enabled"));
    if enabled.is_none_or(|enabled| enabled.text() != "true") {
        let what = "it is disabled: viewers get no stream";
        checkup.report(
            Code::CdnDisabled,
            distribution.location(),
            what,
            "enable it in CloudFront, or deploy the template again",
        );
    }
    let Some(output) = checkup.stack.resource("OutputBucket") else { return };
    let origins = described.members("DistributionConfig").iter().find(|child| child.is("Origins"));
    let origins = origins.map(|list| list.all("Origin")).unwrap_or_default();
    let prefix = format!("{}.s3", output.physical_id);
    let behind = |origin: &&Element| {
        origin.text_of("DomainName").starts_with(&prefix) && !origin.text_of("OriginAccessControlId").is_empty()
    };
    if !origins.iter().any(behind) {
        let what =
            format!("no origin is {prefix}… with origin access control, so the CDN is not in front of the streams");
        checkup.report(Code::CdnBypassed, distribution.location(), what, "deploy the template again");
    }
    bucket_policy(checkup, output, distribution);
}

fn bucket_policy(checkup: &mut Checkup<'_>, output: &Resource, distribution: &Resource) {
    let result = checkup.account.get("s3", &path("/", &output.physical_id, ""), &[("policy", String::new())]);
    let policy = match result {
        Ok(body) => serde_json::from_slice::<Value>(&body).unwrap_or_default(),
        // A bucket that does not exist is reported with the other buckets.
        Err(error) if error.is_missing() => Value::Null,
        Err(error) => return checkup.unanswered("s3:GetBucketPolicy", &output.location(), &error),
    };
    let suffix = format!(":distribution/{}", distribution.physical_id);
    let admits = |statement: &Value| {
        statement["Effect"] == "Allow" && statement["Condition"].to_string().contains(&format!("{suffix}\""))
    };
    if !policy["Statement"].as_array().into_iter().flatten().any(admits) {
        let what = format!("its policy does not admit the distribution {}: viewers get 403", distribution.physical_id);
        checkup.report(Code::CdnDenied, output.location(), what, "deploy the template again, which has the policy");
    }
}

/// Calls the API with a token that cannot be right. To refuse it, the API reads the secrets of the tokens.
fn api(checkup: &mut Checkup<'_>) {
    let Some(url) = checkup.stack.output("ApiUrl") else { return };
    let url = url.trim_end_matches('/').to_owned();
    let calls = [("/health", None, 200), ("/packaged_content?limit=1", Some("Bearer vpp-doctor"), 401)];
    for (route, token, expected) in calls {
        let mut request = checkup.account.agent.get(format!("{url}{route}"));
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let (status, answer) = match request.call() {
            Ok(mut response) => {
                let mut text = String::new();
                let _ = response.body_mut().as_reader().take(MAX_ANSWER_BYTES).read_to_string(&mut text);
                (response.status().as_u16(), text)
            }
            Err(error) => (0, error.to_string()),
        };
        // An API behind another authoriser may refuse with 403.
        if status != expected && !(expected == 401 && status == 403) {
            let what = format!("{route} answers {status} instead of {expected}: {}", answer.trim());
            let mend = "read the log of the function STACK-api; if a secret is named, it lacks the member `current`";
            checkup.report(Code::ApiUnavailable, url, what, mend);
            return;
        }
    }
}
