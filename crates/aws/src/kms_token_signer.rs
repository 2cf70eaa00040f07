//! The MAC of playback tokens, by KMS.
//!
//! The HMAC key never leaves KMS, so no function holds it: the API may only generate MACs, and the licence server may only
//! verify them. KMS compares the MACs itself.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{Mac, TokenSigner};

use crate::error::{code, unavailable};

const ALGORITHM: MacAlgorithmSpec = MacAlgorithmSpec::HmacSha256;
/// The error code for a MAC that does not match the message.
const INVALID_MAC: &str = "KMSInvalidMacException";

/// An HMAC key in KMS.
#[derive(Debug, Clone)]
pub struct KmsSigner {
    client: Client,
    key_id: String,
}

impl KmsSigner {
    /// Uses the KMS key `key_id`, by id or ARN, of spec `HMAC_256`.
    #[must_use]
    pub fn new(client: Client, key_id: String) -> Self {
        Self { client, key_id }
    }
}

impl TokenSigner for KmsSigner {
    async fn sign(&self, message: &[u8]) -> Result<Mac, Unavailable> {
        const CALL: &str = "GenerateMac";
        let request = self.client.generate_mac().key_id(&self.key_id).mac_algorithm(ALGORITHM);
        let response = request.message(Blob::new(message)).send().await.map_err(unavailable(CALL))?;
        let mac = response.mac.map(Blob::into_inner).unwrap_or_default();
        mac.try_into().map_err(|_| Unavailable::new(CALL, "the response has no MAC of 32 bytes".into()))
    }

    async fn verify(&self, message: &[u8], mac: &Mac) -> Result<bool, Unavailable> {
        const CALL: &str = "VerifyMac";
        let request = self.client.verify_mac().key_id(&self.key_id).mac_algorithm(ALGORITHM);
        match request.message(Blob::new(message)).mac(Blob::new(mac.as_slice())).send().await {
            Ok(response) => Ok(response.mac_valid),
            Err(error) if code(&error) == Some(INVALID_MAC) => Ok(false),
            Err(error) => Err(unavailable(CALL)(error)),
        }
    }
}
