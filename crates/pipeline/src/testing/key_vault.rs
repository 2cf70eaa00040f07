//! A key vault in memory. Its wrapping is not secure.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use vpp_media::cenc::{ConstantIv, ContentKey, Drm};

use super::lock::lock;
use crate::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use crate::domain::id::PackageId;
use crate::domain::object::Digest;
use crate::error::Unavailable;
use crate::ports::{KeyError, KeyVault};

/// A key vault in memory. Every generated key is different, as with KMS.
#[derive(Debug, Clone, Default)]
pub struct MemoryVault {
    generated: Arc<AtomicU8>,
    provider: Arc<Mutex<Option<ProviderResponse>>>,
}

/// The response of a key provider: key, IV and DRM systems, or the code of its refusal.
type ProviderResponse = Result<(ContentKey, Option<ConstantIv>, Drm), &'static str>;

impl MemoryVault {
    /// Sets the response of the key provider for all further keys.
    pub fn provide(&self, response: ProviderResponse) {
        *lock(&self.provider) = Some(response);
    }

    /// Returns an independent vault that generates the same keys from here on.
    #[must_use]
    pub fn fork(&self) -> Self {
        let provider = Arc::new(Mutex::new(lock(&self.provider).clone()));
        Self { generated: Arc::new(AtomicU8::new(self.generated.load(Ordering::Relaxed))), provider }
    }
}

/// Length of the prefix that binds a wrapped key to its package.
const PREFIX_BYTES: usize = 4;

/// Returns the prefix of a package's wrapped key, and the pad that encrypts the key.
fn pad(package: &PackageId) -> ([u8; PREFIX_BYTES], [u8; 16]) {
    let Digest(hash) = Digest::of(package.as_str().as_bytes());
    let (prefix, rest) = hash.split_first_chunk().unwrap_or((&[0; PREFIX_BYTES], &[]));
    (*prefix, rest.first_chunk().copied().unwrap_or([0; 16]))
}

fn encrypt(key: &[u8; 16], pad: &[u8; 16]) -> [u8; 16] {
    let mut encrypted = *key;
    encrypted.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
    encrypted
}

impl KeyVault for MemoryVault {
    async fn generate(&self, request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyError> {
        let provided = lock(&self.provider).clone().transpose();
        let provided = provided.map_err(|code| KeyError::Provider {
            code,
            message: "the provider refused the key".to_owned(),
            source: None,
        })?;
        let (key, iv, drm) = provided.unwrap_or_else(|| {
            let number = self.generated.fetch_add(1, Ordering::Relaxed);
            (ContentKey::new([number.wrapping_add(1); 16]), None, Drm::default())
        });
        let wrapped = self.wrap(&key, request.package).await?;
        Ok(GeneratedKey { key, wrapped, iv, drm })
    }

    async fn wrap(&self, key: &ContentKey, package: &PackageId) -> Result<WrappedKey, Unavailable> {
        let (prefix, pad) = pad(package);
        Ok(WrappedKey::new([prefix.as_slice(), &encrypt(key.expose(), &pad)].concat()))
    }

    async fn unwrap(&self, wrapped: &WrappedKey, package: &PackageId) -> Result<ContentKey, Unavailable> {
        let (prefix, pad) = pad(package);
        let encrypted = wrapped.as_bytes().strip_prefix(&prefix).and_then(|encrypted| encrypted.try_into().ok());
        let encrypted =
            encrypted.ok_or_else(|| Unavailable::new("MemoryVault", "wrapped for another package".into()))?;
        Ok(ContentKey::new(encrypt(encrypted, &pad)))
    }
}
