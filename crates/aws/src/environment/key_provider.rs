//! The key provider of a function.

use super::variables::{Environment, InvalidVariable};
use crate::speke::{DrmSystem, KeyProvider};

impl Environment {
    /// Reads `KEY_PROVIDER_URL`: the DRM key provider that generates content keys, if the platform does not.
    /// `KEY_PROVIDER_SYSTEMS` are the DRM systems that it signals, `KEY_PROVIDER_HEADERS` is the secret that holds request
    /// headers, and `KEY_PROVIDER_API` is the ARN of the API Gateway in front of the provider, if requests are to be signed.
    ///
    /// # Errors
    /// When the URL is not an HTTPS URL, a DRM system is unknown, or the ARN is not an ARN.
    pub fn key_provider(&self) -> Result<Option<KeyProvider>, InvalidVariable> {
        let Ok(url) = self.required("KEY_PROVIDER_URL") else { return Ok(None) };
        // Plain HTTP to this machine exposes no keys.
        let is_local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|start| url.starts_with(start));
        if !url.starts_with("https://") && !is_local {
            return Err(InvalidVariable { name: "KEY_PROVIDER_URL", problem: "does not start with https://" });
        }
        let systems = self.optional("KEY_PROVIDER_SYSTEMS").unwrap_or_default();
        let systems = systems.split(',').map(str::trim).filter(|name| !name.is_empty()).map(DrmSystem::from_name);
        let systems = systems.collect::<Option<_>>().ok_or(InvalidVariable {
            name: "KEY_PROVIDER_SYSTEMS",
            problem: "lists a DRM system other than Widevine, PlayReady and FairPlay",
        })?;
        let signing_region = match self.optional("KEY_PROVIDER_API") {
            Some(arn) => match arn.split(':').nth(3).filter(|region| !region.is_empty()) {
                Some(region) => Some(region.to_owned()),
                None => return Err(InvalidVariable { name: "KEY_PROVIDER_API", problem: "is not an ARN" }),
            },
            None => None,
        };
        let headers = self.optional("KEY_PROVIDER_HEADERS").map(str::to_owned);
        Ok(Some(KeyProvider { url, systems, headers, signing_region }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_provider_has_an_https_url_and_known_drm_systems() {
        let of = |url, systems, api| {
            let provider = [("KEY_PROVIDER_URL", url), ("KEY_PROVIDER_SYSTEMS", systems), ("KEY_PROVIDER_API", api)];
            Environment::from(provider).key_provider()
        };
        assert_eq!(of("", "", ""), Ok(None));
        let arn = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/POST/keys";
        let found = of("https://drm.example/keys", "Widevine, playready,fairplay", arn).unwrap().unwrap();
        assert_eq!(found.systems, [DrmSystem::Widevine, DrmSystem::PlayReady, DrmSystem::FairPlay]);
        assert_eq!((found.signing_region.as_deref(), found.headers), (Some("eu-west-1"), None));
        assert!(of("http://127.0.0.1:8080/", "", "").is_ok());
        for (url, systems, api) in [
            ("http://drm.example", "", ""),
            ("https://drm.example", "nagra", ""),
            ("https://drm.example", "", "a1b2c3"),
        ] {
            assert!(of(url, systems, api).is_err(), "{url} {systems} {api}");
        }
    }
}
