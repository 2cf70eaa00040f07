//! The settings of a function: authorization, durations and sizes, the web console, logs and metrics.

use std::path::PathBuf;
use std::time::Duration;

use vpp_media::cenc::Scheme;
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::api::playback_token::TOKEN_SECONDS;
use vpp_pipeline::domain::package_options::ProtectionOptions;
use vpp_pipeline::domain::when::When;

use super::authorization::Authorization;
use super::variables::{Environment, InvalidVariable};

/// Where Lambda mounts the layer `layers/console`.
const CONSOLE_LAYER: &str = "/opt/console";
const MIB: u64 = 1024 * 1024;
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

impl Environment {
    /// Reads `AUTHORIZATION`: how callers of the API authenticate. `JWT_ROLE_PREFIX` can be empty.
    ///
    /// # Errors
    /// When it is neither `tokens` nor `jwt`, or when it is `tokens` and `OPERATOR_TOKEN_SECRET` or `READER_TOKEN_SECRET` is
    /// not set.
    pub fn authorization(&self) -> Result<Authorization, InvalidVariable> {
        const NAME: &str = "AUTHORIZATION";
        match self.required(NAME)?.as_str() {
            "jwt" => {
                Ok(Authorization::Jwt { role_prefix: self.optional("JWT_ROLE_PREFIX").unwrap_or_default().to_owned() })
            }
            "tokens" => Ok(Authorization::Tokens {
                operator: self.required("OPERATOR_TOKEN_SECRET")?,
                reader: self.required("READER_TOKEN_SECRET")?,
            }),
            _ => Err(InvalidVariable { name: NAME, problem: "is neither tokens nor jwt" }),
        }
    }

    /// Reads `PLAYBACK_TOKEN_SECONDS`: the default lifetime of a playback token.
    ///
    /// # Errors
    /// When it is not set, or is not a whole number of seconds above zero and at most a day.
    pub fn playback_token_lifetime(&self) -> Result<Duration, InvalidVariable> {
        const NAME: &str = "PLAYBACK_TOKEN_SECONDS";
        let seconds = self.positive(NAME)?;
        let problem = "is more than a day";
        let allowed = TOKEN_SECONDS.contains(&seconds).then(|| Duration::from_secs(seconds));
        allowed.ok_or(InvalidVariable { name: NAME, problem })
    }

    /// Reads `DELETED_CONTENT_DAYS`: how long the record of a deleted content is kept.
    ///
    /// # Errors
    /// When it is not set, or is not a whole number of days above zero.
    pub fn deleted_content(&self) -> Result<Duration, InvalidVariable> {
        const NAME: &str = "DELETED_CONTENT_DAYS";
        let seconds = self.positive(NAME)?.checked_mul(SECONDS_PER_DAY);
        seconds.map(Duration::from_secs).ok_or(InvalidVariable { name: NAME, problem: "is out of range" })
    }

    /// Reads `SEGMENT_SECONDS`: the target duration of segments.
    ///
    /// # Errors
    /// When it is not set, or is not a whole number of seconds above zero.
    pub fn segment_duration(&self) -> Result<Duration, InvalidVariable> {
        self.positive("SEGMENT_SECONDS").map(Duration::from_secs)
    }

    /// Reads `WORK_UNIT_MIB`: the target size of a work unit, in source bytes. The variable is in MiB.
    ///
    /// # Errors
    /// When it is not set, or is not a whole number of MiB above zero.
    pub fn work_unit_bytes(&self) -> Result<u64, InvalidVariable> {
        const NAME: &str = "WORK_UNIT_MIB";
        let bytes = self.positive(NAME)?.checked_mul(MIB);
        bytes.ok_or(InvalidVariable { name: NAME, problem: "is out of range" })
    }

    /// Reads `PACKAGE_ON_UPLOAD`: the package that an upload starts automatically. `cbcs` encrypts the video and leaves the
    /// audio clear.
    ///
    /// # Errors
    /// When it is not `none`, `cbcs` or `clear`.
    pub fn package_on_upload(&self) -> Result<Option<ProtectionOptions>, InvalidVariable> {
        const NAME: &str = "PACKAGE_ON_UPLOAD";
        match self.required(NAME)?.as_str() {
            "none" => Ok(None),
            "clear" => Ok(Some(ProtectionOptions::Clear)),
            "cbcs" => Ok(Some(ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video })),
            _ => Err(InvalidVariable { name: NAME, problem: "is not none, cbcs or clear" }),
        }
    }

    /// Reads `PACKAGE_WHEN`: when the segments of the package that an upload starts are made.
    ///
    /// # Errors
    /// When it is neither `ahead` nor `on-demand`.
    pub fn package_when(&self) -> Result<When, InvalidVariable> {
        const NAME: &str = "PACKAGE_WHEN";
        let when = When::from_name(&self.required(NAME)?);
        when.ok_or(InvalidVariable { name: NAME, problem: "is neither ahead nor on-demand" })
    }

    /// Reads `PROBE_CONFINEMENT`: whether the probe may read files where the system refuses to confine it. `required` forbids
    /// it, `preferred` allows it.
    ///
    /// # Errors
    /// When it is neither `required` nor `preferred`.
    pub fn allow_unconfined_probe(&self) -> Result<bool, InvalidVariable> {
        const NAME: &str = "PROBE_CONFINEMENT";
        match self.required(NAME)?.as_str() {
            "required" => Ok(false),
            "preferred" => Ok(true),
            _ => Err(InvalidVariable { name: NAME, problem: "is neither required nor preferred" }),
        }
    }

    /// Reads `LONGEST_RUN_SECONDS`: the time after which every started invocation has ended.
    ///
    /// # Errors
    /// When it is not set, or is not a whole number of seconds above zero.
    pub fn longest_run(&self) -> Result<Duration, InvalidVariable> {
        self.positive("LONGEST_RUN_SECONDS").map(Duration::from_secs)
    }

    /// Reads `MAX_RESPONSE_BYTES`: the size of the largest response of the function.
    ///
    /// # Errors
    /// When it is not set, or is not a whole number above zero.
    pub fn max_response_bytes(&self) -> Result<u64, InvalidVariable> {
        self.positive("MAX_RESPONSE_BYTES")
    }

    /// Reads `CONSOLE_FOLDER`: the folder of the web console's files. The default is the mount point of its layer.
    #[must_use]
    pub fn console_folder(&self) -> PathBuf {
        self.optional("CONSOLE_FOLDER").unwrap_or(CONSOLE_LAYER).into()
    }

    /// Returns the origins that the web console connects to: the API, the CDN, `UPLOADS_ORIGIN`, the origin of presigned URLs,
    /// and `AWS_ORIGINS`, the origins without domains of one's own: packages that are older than the domain state them.
    ///
    /// # Errors
    /// When one of them is not set.
    pub fn console_origins(&self) -> Result<[String; 4], InvalidVariable> {
        Ok([self.api_url()?, self.delivery_url()?, self.required("UPLOADS_ORIGIN")?, self.required("AWS_ORIGINS")?])
    }

    /// Reads `METRICS_NAMESPACE`, if it is set: the `CloudWatch` namespace of metrics.
    #[must_use]
    pub fn metrics_namespace(&self) -> Option<&str> {
        self.optional("METRICS_NAMESPACE")
    }

    /// Reads `AWS_LAMBDA_FUNCTION_NAME`, if it is set, without the name of the stack.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        let stack = self.metrics_namespace().and_then(|namespace| namespace.rsplit('/').next()).unwrap_or_default();
        let name = self.optional("AWS_LAMBDA_FUNCTION_NAME")?;
        Some(name.strip_prefix(stack).and_then(|name| name.strip_prefix('-')).unwrap_or(name))
    }

    /// Reads `LOG_LEVEL`, if it is set.
    #[must_use]
    pub fn log_level(&self) -> Option<&str> {
        self.optional("LOG_LEVEL")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_the_missing_or_invalid_variable() {
        let environment = Environment::from([
            ("WORK_UNIT_MIB", "0"),
            ("SEGMENT_SECONDS", "six"),
            ("PACKAGE_ON_UPLOAD", "cenc"),
            ("PACKAGE_WHEN", "later"),
            ("TABLE_NAME", ""),
            ("PROBE_CONFINEMENT", "no"),
        ]);
        let message = |error: InvalidVariable| error.to_string();
        assert!(environment.table().map_err(message).unwrap_err().contains("TABLE_NAME is not set"));
        assert!(environment.work_unit_bytes().map_err(message).unwrap_err().contains("WORK_UNIT_MIB"));
        assert!(environment.segment_duration().map_err(message).unwrap_err().contains("SEGMENT_SECONDS"));
        assert!(environment.package_on_upload().map_err(message).unwrap_err().contains("is not none"));
        assert!(environment.package_when().map_err(message).unwrap_err().contains("neither ahead"));
        assert!(environment.allow_unconfined_probe().map_err(message).unwrap_err().contains("neither required"));
        let huge = Environment::from([("WORK_UNIT_MIB", "18446744073709551615")]);
        assert!(huge.work_unit_bytes().map_err(message).unwrap_err().contains("out of range"));
    }

    #[test]
    fn values_are_parsed() {
        let environment = Environment::from([
            ("WORK_UNIT_MIB", "32"),
            ("SEGMENT_SECONDS", "6"),
            ("DELETED_CONTENT_DAYS", "35"),
            ("DELIVERY_URL", "https://cdn.example/"),
            ("PACKAGE_ON_UPLOAD", "none"),
            ("PACKAGE_WHEN", "on-demand"),
            ("PROBE_CONFINEMENT", "required"),
        ]);
        assert_eq!(environment.allow_unconfined_probe(), Ok(false));
        assert_eq!(environment.work_unit_bytes(), Ok(32 * 1024 * 1024));
        assert_eq!(environment.segment_duration(), Ok(Duration::from_secs(6)));
        assert_eq!(environment.deleted_content(), Ok(Duration::from_hours(35 * 24)));
        assert_eq!(environment.delivery_url().as_deref(), Ok("https://cdn.example"));
        assert_eq!(environment.package_on_upload(), Ok(None));
        assert_eq!(environment.package_when(), Ok(When::OnDemand));
    }
}
