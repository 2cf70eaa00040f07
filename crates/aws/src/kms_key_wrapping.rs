//! Content keys wrapped by KMS.
//!
//! The id of the package is the encryption context: KMS refuses to unwrap a key for another package, and its audit log names
//! the package of every use. The plaintext key exists only in the response, which is wiped from memory after it is read.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use vpp_media::cenc::{ContentKey, Drm};
use vpp_pipeline::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{KeyError, KeyVault};
use zeroize::Zeroizing;

use crate::error::unavailable;

/// The name in the encryption context whose value is the id of the package.
const CONTEXT: &str = "packaged_content_id";

/// A KMS key that wraps content keys.
#[derive(Debug, Clone)]
pub struct KmsVault {
    client: Client,
    key_id: String,
}

impl KmsVault {
    /// Uses the KMS key `key_id`, by id or ARN.
    #[must_use]
    pub fn new(client: Client, key_id: String) -> Self {
        Self { client, key_id }
    }
}

impl KeyVault for KmsVault {
    async fn generate(&self, key_request: &KeyRequest<'_>) -> Result<GeneratedKey, KeyError> {
        const CALL: &str = "GenerateDataKey";
        let request = self.client.generate_data_key().key_id(&self.key_id).key_spec(DataKeySpec::Aes128);
        let request = request.encryption_context(CONTEXT, key_request.package.as_str());
        let response = request.send().await.map_err(unavailable(CALL))?;
        let (key, wrapped) = (content_key(CALL, response.plaintext)?, wrapped_key(CALL, response.ciphertext_blob)?);
        Ok(GeneratedKey { key, wrapped, iv: None, drm: Drm::default() })
    }

    async fn wrap(&self, key: &ContentKey, package: &PackageId) -> Result<WrappedKey, Unavailable> {
        const CALL: &str = "Encrypt";
        let request = self.client.encrypt().key_id(&self.key_id).plaintext(Blob::new(key.expose().as_slice()));
        let response = request.encryption_context(CONTEXT, package.as_str()).send().await.map_err(unavailable(CALL))?;
        wrapped_key(CALL, response.ciphertext_blob)
    }

    async fn unwrap(&self, wrapped: &WrappedKey, package: &PackageId) -> Result<ContentKey, Unavailable> {
        const CALL: &str = "Decrypt";
        let request = self.client.decrypt().key_id(&self.key_id).ciphertext_blob(Blob::new(wrapped.as_bytes()));
        let response = request.encryption_context(CONTEXT, package.as_str()).send().await.map_err(unavailable(CALL))?;
        content_key(CALL, response.plaintext)
    }
}

fn wrapped_key(call: &'static str, blob: Option<Blob>) -> Result<WrappedKey, Unavailable> {
    let blob = blob.ok_or_else(|| Unavailable::new(call, "the response has no ciphertext".into()))?;
    Ok(WrappedKey::new(blob.into_inner()))
}

fn content_key(call: &'static str, blob: Option<Blob>) -> Result<ContentKey, Unavailable> {
    let bytes = Zeroizing::new(blob.map(Blob::into_inner).unwrap_or_default());
    let bytes: [u8; 16] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| Unavailable::new(call, "the response has no key of 16 bytes".into()))?;
    Ok(ContentKey::new(bytes))
}
