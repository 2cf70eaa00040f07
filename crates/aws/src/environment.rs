//! What a function is told by its environment, parsed once, when it starts.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use vpp_media::cenc::Scheme;
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::api::playback_token::TOKEN_SECONDS;
use vpp_pipeline::domain::package::Treatment;

use crate::speke::{Provider, System};
use crate::webhooks::WebhookUrl;

/// The variables of a function.
#[derive(Debug, Clone, Default)]
pub struct Environment(HashMap<String, String>);

/// How callers of the API are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// By tokens that are kept in these secrets.
    Tokens {
        /// The secret of operators, by ARN or name.
        operator: String,
        /// That of readers.
        reader: String,
    },
    /// By JWTs, which the gateway checks.
    Jwt,
}

/// A variable is missing, or is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} {problem}")]
pub struct InvalidVariable {
    name: &'static str,
    problem: &'static str,
}

/// Where AWS mounts the layer `layers/console`.
const CONSOLE_LAYER: &str = "/opt/console";
const MIB: u64 = 1024 * 1024;

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(readable).collect())
    }

    /// `TABLE_NAME`: the catalog's table.
    ///
    /// # Errors
    /// When it is not set; so with every variable below.
    pub fn table(&self) -> Result<String, InvalidVariable> {
        self.text("TABLE_NAME")
    }

    /// `WORK_BUCKET`: the bucket of plans.
    ///
    /// # Errors
    /// When it is not set.
    pub fn work_bucket(&self) -> Result<String, InvalidVariable> {
        self.text("WORK_BUCKET")
    }

    /// `UPLOADS_BUCKET`: the bucket of sources.
    ///
    /// # Errors
    /// When it is not set.
    pub fn uploads_bucket(&self) -> Result<String, InvalidVariable> {
        self.text("UPLOADS_BUCKET")
    }

    /// `OUTPUT_BUCKET`: the bucket of streams.
    ///
    /// # Errors
    /// When it is not set.
    pub fn output_bucket(&self) -> Result<String, InvalidVariable> {
        self.text("OUTPUT_BUCKET")
    }

    /// `FRAGMENT_QUEUE_URL`: where packages to plan are sent.
    ///
    /// # Errors
    /// When it is not set.
    pub fn fragment_queue(&self) -> Result<String, InvalidVariable> {
        self.text("FRAGMENT_QUEUE_URL")
    }

    /// `ENCRYPT_QUEUE_URL`: where work units to make are sent.
    ///
    /// # Errors
    /// When it is not set.
    pub fn encrypt_queue(&self) -> Result<String, InvalidVariable> {
        self.text("ENCRYPT_QUEUE_URL")
    }

    /// `DASH_QUEUE_URL`: where packages to finish are sent.
    ///
    /// # Errors
    /// When it is not set.
    pub fn dash_queue(&self) -> Result<String, InvalidVariable> {
        self.text("DASH_QUEUE_URL")
    }

    /// `DELETION_QUEUE_URL`: where what is to be deleted is sent.
    ///
    /// # Errors
    /// When it is not set.
    pub fn deletion_queue(&self) -> Result<String, InvalidVariable> {
        self.text("DELETION_QUEUE_URL")
    }

    /// `DISTRIBUTION_ID`: the CDN's distribution of the streams.
    ///
    /// # Errors
    /// When it is not set.
    pub fn distribution(&self) -> Result<String, InvalidVariable> {
        self.text("DISTRIBUTION_ID")
    }

    /// `LONGEST_RUN_SECONDS`: the time after which every function that has begun has ended.
    ///
    /// # Errors
    /// When it is not set, or not a whole number of seconds above zero.
    pub fn longest_run(&self) -> Result<Duration, InvalidVariable> {
        self.positive("LONGEST_RUN_SECONDS").map(Duration::from_secs)
    }

    /// `EVENT_BUS`: the bus that events are put on.
    ///
    /// # Errors
    /// When it is not set.
    pub fn event_bus(&self) -> Result<String, InvalidVariable> {
        self.text("EVENT_BUS")
    }

    /// `ANNOUNCE_DEAD_QUEUE_URL`: where changes are sent that could not be read.
    ///
    /// # Errors
    /// When it is not set.
    pub fn announce_dead_queue(&self) -> Result<String, InvalidVariable> {
        self.text("ANNOUNCE_DEAD_QUEUE_URL")
    }

    /// `WEBHOOK_QUEUE_URL`: where events wait that are to be sent.
    ///
    /// # Errors
    /// When it is not set.
    pub fn webhook_queue(&self) -> Result<String, InvalidVariable> {
        self.text("WEBHOOK_QUEUE_URL")
    }

    /// `WEBHOOK_SECRET`: the secret that webhooks are signed with, by ARN or name.
    ///
    /// # Errors
    /// When it is not set.
    pub fn webhook_secret(&self) -> Result<String, InvalidVariable> {
        self.text("WEBHOOK_SECRET")
    }

    /// `WEBHOOK_URL`: where events are sent. With `WEBHOOK_LOOPBACK` set to `true`, that may be this machine, without TLS.
    ///
    /// # Errors
    /// When it is not set, or none that events may be sent to.
    pub fn webhook_url(&self) -> Result<WebhookUrl, InvalidVariable> {
        const NAME: &str = "WEBHOOK_URL";
        let loopback = self.text("WEBHOOK_LOOPBACK").is_ok_and(|own| own == "true");
        let problem = "is no https:// address, or has a user or password in it";
        WebhookUrl::parse(&self.text(NAME)?, loopback).ok_or(InvalidVariable { name: NAME, problem })
    }

    /// `CONTENT_KEYS_KEY_ID`: the KMS key that wraps content keys.
    ///
    /// # Errors
    /// When it is not set.
    pub fn content_keys_key(&self) -> Result<String, InvalidVariable> {
        self.text("CONTENT_KEYS_KEY_ID")
    }

    /// `KEY_PROVIDER_URL`: who makes content keys, if not the platform. `KEY_PROVIDER_SYSTEMS` are the DRM systems it is asked about;
    /// `KEY_PROVIDER_HEADERS` is the secret with headers to send it, `KEY_PROVIDER_API` the ARN of the API Gateway in front of it.
    ///
    /// # Errors
    /// When it is not reached by HTTPS, a system is not known, or what should be an ARN is none.
    pub fn key_provider(&self) -> Result<Option<Provider>, InvalidVariable> {
        let Ok(url) = self.text("KEY_PROVIDER_URL") else { return Ok(None) };
        // Keys do not leave the machine by it.
        let is_local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|start| url.starts_with(start));
        if !url.starts_with("https://") && !is_local {
            return Err(InvalidVariable { name: "KEY_PROVIDER_URL", problem: "does not begin with https://" });
        }
        let systems = self.text("KEY_PROVIDER_SYSTEMS").unwrap_or_default();
        let systems = systems.split(',').map(str::trim).filter(|name| !name.is_empty()).map(System::from_name);
        let systems = systems.collect::<Option<_>>().ok_or(InvalidVariable {
            name: "KEY_PROVIDER_SYSTEMS",
            problem: "names other systems than Widevine, PlayReady and FairPlay",
        })?;
        let signed_for = match self.text("KEY_PROVIDER_API") {
            Ok(arn) => match arn.split(':').nth(3).filter(|region| !region.is_empty()) {
                Some(region) => Some(region.to_owned()),
                None => return Err(InvalidVariable { name: "KEY_PROVIDER_API", problem: "is no ARN" }),
            },
            Err(_) => None,
        };
        Ok(Some(Provider { url, systems, headers: self.text("KEY_PROVIDER_HEADERS").ok(), signed_for }))
    }

    /// `DELIVERY_URL`: the start of every stream's URL, without a slash at its end.
    ///
    /// # Errors
    /// When it is not set.
    pub fn delivery_url(&self) -> Result<String, InvalidVariable> {
        Ok(self.text("DELIVERY_URL")?.trim_end_matches('/').to_owned())
    }

    /// `API_URL`: the start of every licence's address, without a slash at its end.
    ///
    /// # Errors
    /// When it is not set.
    pub fn api_url(&self) -> Result<String, InvalidVariable> {
        Ok(self.text("API_URL")?.trim_end_matches('/').to_owned())
    }

    /// `CONSOLE_FOLDER`: where the page's files lie; where its layer is mounted, unless it says otherwise.
    #[must_use]
    pub fn console_folder(&self) -> PathBuf {
        self.text("CONSOLE_FOLDER").map_or_else(|_| CONSOLE_LAYER.into(), PathBuf::from)
    }

    /// The origins that the page talks to: the API's own, the CDN's, and `UPLOADS_ORIGIN`, where its uploads go.
    ///
    /// # Errors
    /// When one is not set.
    pub fn console_origins(&self) -> Result<[String; 3], InvalidVariable> {
        Ok([self.api_url()?, self.delivery_url()?, self.text("UPLOADS_ORIGIN")?])
    }

    /// `PATH_SIGNING_SECRET`: the secret that the API shares with the CDN, by ARN or name, where the CDN asks for leave.
    #[must_use]
    pub fn path_signing_secret(&self) -> Option<String> {
        self.text("PATH_SIGNING_SECRET").ok()
    }

    /// `AUTHORIZATION`: how callers of the API are known.
    ///
    /// # Errors
    /// When it is neither `tokens` nor `jwt`, or with `tokens` `OPERATOR_TOKEN_SECRET` or `READER_TOKEN_SECRET` is not set.
    pub fn authorization(&self) -> Result<Authorization, InvalidVariable> {
        const NAME: &str = "AUTHORIZATION";
        match self.text(NAME)?.as_str() {
            "jwt" => Ok(Authorization::Jwt),
            "tokens" => Ok(Authorization::Tokens {
                operator: self.text("OPERATOR_TOKEN_SECRET")?,
                reader: self.text("READER_TOKEN_SECRET")?,
            }),
            _ => Err(InvalidVariable { name: NAME, problem: "is neither tokens nor jwt" }),
        }
    }

    /// `PLAYBACK_TOKENS_KEY_ID`: the KMS key that signs playback tokens.
    ///
    /// # Errors
    /// When it is not set.
    pub fn playback_tokens_key(&self) -> Result<String, InvalidVariable> {
        self.text("PLAYBACK_TOKENS_KEY_ID")
    }

    /// `PLAYBACK_TOKEN_SECONDS`: how long a playback token lasts.
    ///
    /// # Errors
    /// When it is not set, or not a whole number of seconds above zero and up to a day.
    pub fn playback_token_lifetime(&self) -> Result<Duration, InvalidVariable> {
        const NAME: &str = "PLAYBACK_TOKEN_SECONDS";
        let seconds = self.positive(NAME)?;
        let problem = "is more than a day";
        let allowed = TOKEN_SECONDS.contains(&seconds).then(|| Duration::from_secs(seconds));
        allowed.ok_or(InvalidVariable { name: NAME, problem })
    }

    /// `SEGMENT_SECONDS`: the length that segments are cut near.
    ///
    /// # Errors
    /// When it is not set, or not a whole number of seconds above zero.
    pub fn segment_duration(&self) -> Result<Duration, InvalidVariable> {
        self.positive("SEGMENT_SECONDS").map(Duration::from_secs)
    }

    /// `WORK_UNIT_MIB`: source bytes in a work unit, in MiB; here in bytes.
    ///
    /// # Errors
    /// When it is not set, or not a whole number of MiB above zero.
    pub fn work_unit_bytes(&self) -> Result<u64, InvalidVariable> {
        self.positive("WORK_UNIT_MIB").map(|mib| mib.saturating_mul(MIB))
    }

    /// `PACKAGE_ON_UPLOAD`: what an upload starts by itself. `cbcs` encrypts the video and leaves the audio clear.
    ///
    /// # Errors
    /// When it is none of `none`, `cbcs` and `clear`.
    pub fn package_on_upload(&self) -> Result<Option<Treatment>, InvalidVariable> {
        const NAME: &str = "PACKAGE_ON_UPLOAD";
        match self.text(NAME)?.as_str() {
            "none" => Ok(None),
            "clear" => Ok(Some(Treatment::Clear)),
            "cbcs" => Ok(Some(Treatment::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video })),
            _ => Err(InvalidVariable { name: NAME, problem: "is none of none, cbcs and clear" }),
        }
    }

    /// `METRICS_NAMESPACE`, if it is set: what metrics are called after.
    #[must_use]
    pub fn metrics_namespace(&self) -> Option<&str> {
        self.0.get("METRICS_NAMESPACE").map(String::as_str).filter(|name| !name.is_empty())
    }

    /// `AWS_LAMBDA_FUNCTION_NAME`, if it is set, without the stack's name: which of the functions this is.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        let stack = self.metrics_namespace().and_then(|namespace| namespace.rsplit('/').next()).unwrap_or_default();
        let name = self.0.get("AWS_LAMBDA_FUNCTION_NAME")?;
        Some(name.strip_prefix(stack).and_then(|name| name.strip_prefix('-')).unwrap_or(name))
    }

    /// `LOG_LEVEL`, if it is set.
    #[must_use]
    pub fn log_level(&self) -> Option<&str> {
        self.0.get("LOG_LEVEL").map(String::as_str)
    }

    fn text(&self, name: &'static str) -> Result<String, InvalidVariable> {
        let value = self.0.get(name).filter(|value| !value.is_empty());
        value.cloned().ok_or(InvalidVariable { name, problem: "is not set" })
    }

    fn positive(&self, name: &'static str) -> Result<u64, InvalidVariable> {
        let number = self.text(name)?.parse().ok().filter(|number| *number > 0);
        number.ok_or(InvalidVariable { name, problem: "is not a whole number above zero" })
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_wrong_variable_is_named() {
        let environment =
            Environment::from([("WORK_UNIT_MIB", "0"), ("PACKAGE_ON_UPLOAD", "cenc"), ("TABLE_NAME", "")]);
        let said = |error: InvalidVariable| error.to_string();
        assert!(environment.table().map_err(said).unwrap_err().contains("TABLE_NAME is not set"));
        assert!(environment.work_unit_bytes().map_err(said).unwrap_err().contains("WORK_UNIT_MIB"));
        assert!(environment.package_on_upload().map_err(said).unwrap_err().contains("none of none"));
    }

    #[test]
    fn a_key_provider_is_reached_by_https_and_its_systems_are_known() {
        let of = |url, systems, api| {
            let provider = [("KEY_PROVIDER_URL", url), ("KEY_PROVIDER_SYSTEMS", systems), ("KEY_PROVIDER_API", api)];
            Environment::from(provider).key_provider()
        };
        assert_eq!(of("", "", ""), Ok(None));
        let arn = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/POST/keys";
        let found = of("https://drm.example/keys", "Widevine, playready,fairplay", arn).unwrap().unwrap();
        assert_eq!(found.systems, [System::Widevine, System::PlayReady, System::FairPlay]);
        assert_eq!((found.signed_for.as_deref(), found.headers), (Some("eu-west-1"), None));
        assert!(of("http://127.0.0.1:8080/", "", "").is_ok());
        for (url, systems, api) in [
            ("http://drm.example", "", ""),
            ("https://drm.example", "nagra", ""),
            ("https://drm.example", "", "a1b2c3"),
        ] {
            assert!(of(url, systems, api).is_err(), "{url} {systems} {api}");
        }
    }

    #[test]
    fn values_are_parsed_into_what_they_mean() {
        let environment = Environment::from([
            ("WORK_UNIT_MIB", "32"),
            ("SEGMENT_SECONDS", "6"),
            ("DELIVERY_URL", "https://cdn.example/"),
            ("PACKAGE_ON_UPLOAD", "none"),
        ]);
        assert_eq!(environment.work_unit_bytes(), Ok(32 * 1024 * 1024));
        assert_eq!(environment.segment_duration(), Ok(Duration::from_secs(6)));
        assert_eq!(environment.delivery_url().as_deref(), Ok("https://cdn.example"));
        assert_eq!(environment.package_on_upload(), Ok(None));
    }
}
