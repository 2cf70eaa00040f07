//! A vault in memory. It hides keys from a test's eyes, not from an attacker's.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use vpp_media::cenc::{ConstantIv, ContentKey, Drm};

use super::lock;
use crate::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use crate::domain::id::PackageId;
use crate::domain::object::Digest;
use crate::error::Unavailable;
use crate::ports::{KeyError, KeyVault};

/// A vault in memory. Every key it makes is another one, as with the real one.
#[derive(Debug, Clone, Default)]
pub struct MemoryVault {
    made: Arc<AtomicU8>,
    provider: Arc<Mutex<Option<Said>>>,
}

/// What a provider says of every key: it, its vector and its systems, or the code of why there is none.
type Said = Result<(ContentKey, Option<ConstantIv>, Drm), &'static str>;

impl MemoryVault {
    /// From here on, keys are what a provider says.
    pub fn provide(&self, said: Said) {
        *lock(&self.provider) = Some(said);
    }

    /// A vault of its own, which makes the keys that this one would make next.
    #[must_use]
    pub fn fork(&self) -> Self {
        let provider = Arc::new(Mutex::new(lock(&self.provider).clone()));
        Self { made: Arc::new(AtomicU8::new(self.made.load(Ordering::Relaxed))), provider }
    }
}

/// Length of the mark that binds a wrapped key to its package.
const MARK: usize = 4;

/// The pad a package's key is covered with, and the mark in front of it.
fn pad(package: &PackageId) -> ([u8; MARK], [u8; 16]) {
    let Digest(hash) = Digest::of(package.as_str().as_bytes());
    let (mark, rest) = hash.split_first_chunk().unwrap_or((&[0; MARK], &[]));
    (*mark, rest.first_chunk().copied().unwrap_or([0; 16]))
}

fn cover(key: &[u8; 16], pad: &[u8; 16]) -> [u8; 16] {
    let mut covered = *key;
    covered.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
    covered
}

impl KeyVault for MemoryVault {
    async fn generate(&self, request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyError> {
        let provided = lock(&self.provider).clone().transpose();
        let provided = provided.map_err(|code| KeyError::Provider {
            code,
            message: "the provider gives no key".to_owned(),
            source: None,
        })?;
        let (key, iv, drm) = provided.unwrap_or_else(|| {
            let number = self.made.fetch_add(1, Ordering::Relaxed);
            (ContentKey::new([number.wrapping_add(1); 16]), None, Drm::default())
        });
        let wrapped = self.wrap(&key, request.package).await?;
        Ok(GeneratedKey { key, wrapped, iv, drm })
    }

    async fn wrap(&self, key: &ContentKey, package: &PackageId) -> Result<WrappedKey, Unavailable> {
        let (mark, pad) = pad(package);
        Ok(WrappedKey::new([mark.as_slice(), &cover(key.expose(), &pad)].concat()))
    }

    async fn unwrap(&self, wrapped: &WrappedKey, package: &PackageId) -> Result<ContentKey, Unavailable> {
        let (mark, pad) = pad(package);
        let covered = wrapped.as_bytes().strip_prefix(&mark).and_then(|covered| covered.try_into().ok());
        let covered = covered.ok_or_else(|| Unavailable::new("MemoryVault", "wrapped for another package".into()))?;
        Ok(ContentKey::new(cover(covered, &pad)))
    }
}
