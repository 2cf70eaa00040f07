//! A key vault whose keys come from a key provider.

use aws_config::SdkConfig;
use vpp_media::cenc::ContentKey;
use vpp_pipeline::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{KeyError, KeyVault};

use super::client::{KeyProvider, SpekeClient};
use super::cpix_response::ProviderKey;
use crate::kms_key_wrapping::KmsVault;

/// A key vault that gets its keys from a key provider, or from KMS if there is none. KMS wraps them in both cases.
#[derive(Debug, Clone)]
pub struct SpekeKeyVault {
    vault: KmsVault,
    provider: Option<SpekeClient>,
}

impl SpekeKeyVault {
    /// Gets keys from `provider`, or from `vault` if there is none.
    #[must_use]
    pub fn new(vault: KmsVault, config: &SdkConfig, provider: Option<KeyProvider>) -> Self {
        Self { vault, provider: provider.map(|provider| SpekeClient::new(config, provider)) }
    }
}

impl KeyVault for SpekeKeyVault {
    async fn generate(&self, request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyError> {
        let Some(provider) = &self.provider else { return self.vault.generate(request).await };
        let ProviderKey { key, iv, drm } = provider.request_key(request).await?;
        let wrapped = self.vault.wrap(&key, request.package).await?;
        Ok(GeneratedKey { key, wrapped, iv, drm })
    }

    async fn wrap(&self, key: &ContentKey, package: &PackageId) -> Result<WrappedKey, Unavailable> {
        self.vault.wrap(key, package).await
    }

    async fn unwrap(&self, wrapped: &WrappedKey, package: &PackageId) -> Result<ContentKey, Unavailable> {
        self.vault.unwrap(wrapped, package).await
    }
}
