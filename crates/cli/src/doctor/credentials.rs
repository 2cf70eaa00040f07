//! The caller's AWS credentials and region.
//!
//! The environment variables of the AWS tools are read here. Profiles, single sign-on and assumed roles are those of the AWS
//! command line, which exports them (`aws configure export-credentials`).

use std::env;
use std::fmt;
use std::process::Command;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Credentials, permanent or of a session.
pub(super) struct Credentials {
    /// The access key ID.
    pub(super) access_key_id: String,
    /// The secret access key.
    pub(super) secret_access_key: Zeroizing<String>,
    /// The session token, if the credentials are those of a session.
    pub(super) session_token: Option<Zeroizing<String>>,
}

impl Credentials {
    /// Returns the credentials of the environment, or those of a profile of the AWS command line.
    pub(super) fn resolve(profile: Option<&str>) -> Result<Self, Failure> {
        if profile.is_none()
            && let (Some(access_key_id), Some(secret)) =
                (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
        {
            let session_token = variable("AWS_SESSION_TOKEN").map(Zeroizing::new);
            return Ok(Self { access_key_id, secret_access_key: Zeroizing::new(secret), session_token });
        }
        let text = Zeroizing::new(aws(profile, &["configure", "export-credentials", "--format", "process"])?);
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        let member = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(access_key_id), Some(secret)) = (member("AccessKeyId"), member("SecretAccessKey")) else {
            return Err(Failure::usage("`aws configure export-credentials` returned no credentials"));
        };
        let session_token = member("SessionToken").map(Zeroizing::new);
        Ok(Self { access_key_id, secret_access_key: Zeroizing::new(secret), session_token })
    }

    /// Returns credentials for a test.
    #[cfg(test)]
    pub(super) fn test(access_key_id: &str, secret: &str) -> Self {
        let secret_access_key = Zeroizing::new(secret.to_owned());
        Self { access_key_id: access_key_id.to_owned(), secret_access_key, session_token: None }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// Returns the region of the environment, or that of a profile.
pub(super) fn region(profile: Option<&str>) -> Result<String, Failure> {
    let from_environment = || variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    if let Some(region) = from_environment().filter(|_| profile.is_none()) {
        return Ok(region);
    }
    let region = aws(profile, &["configure", "get", "region"])?.trim().to_owned();
    if region.is_empty() {
        return Err(Failure::usage("specify the region with --region or in AWS_REGION"));
    }
    Ok(region)
}

/// Returns a variable of the environment that is not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn aws(profile: Option<&str>, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new("aws");
    command.args(arguments).args(profile.iter().flat_map(|name| ["--profile", name]));
    let output = command.output().map_err(|_| {
        Failure::usage(
            "no AWS credentials: set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or install the AWS command \
             line (version 2), whose profiles are used",
        )
    })?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::usage(format!("`aws {}` failed: {reason}", arguments.join(" "))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
