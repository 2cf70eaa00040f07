//! Playback tokens signed by KMS.
//!
//! The HMAC key never leaves KMS, so no function holds it: the API may make codes, the licence server may check them, and
//! neither can do the other's. KMS compares codes itself.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;
use vpp_pipeline::ports::{Mac, TokenSigner, Unavailable};

use crate::error::{code, unavailable};

const ALGORITHM: MacAlgorithmSpec = MacAlgorithmSpec::HmacSha256;
/// How KMS says that a code is not the message's.
const NOT_THE_CODE: &str = "KMSInvalidMacException";

/// An HMAC key of KMS.
#[derive(Debug, Clone)]
pub struct KmsSigner {
    client: Client,
    key_id: String,
}

impl KmsSigner {
    /// The KMS key `key_id`, by id or ARN, of spec `HMAC_256`.
    #[must_use]
    pub fn new(client: Client, key_id: String) -> Self {
        Self { client, key_id }
    }
}

impl TokenSigner for KmsSigner {
    async fn sign(&self, message: &[u8]) -> Result<Mac, Unavailable> {
        const CALL: &str = "GenerateMac";
        let request = self.client.generate_mac().key_id(&self.key_id).mac_algorithm(ALGORITHM);
        let answer = request.message(Blob::new(message)).send().await.map_err(unavailable(CALL))?;
        let mac = answer.mac.map(Blob::into_inner).unwrap_or_default();
        mac.try_into().map_err(|_| Unavailable::new(CALL, "the answer is not a code of 32 bytes".into()))
    }

    async fn verify(&self, message: &[u8], mac: &Mac) -> Result<bool, Unavailable> {
        const CALL: &str = "VerifyMac";
        let request = self.client.verify_mac().key_id(&self.key_id).mac_algorithm(ALGORITHM);
        match request.message(Blob::new(message)).mac(Blob::new(mac.as_slice())).send().await {
            Ok(answer) => Ok(answer.mac_valid),
            Err(error) if code(&error) == Some(NOT_THE_CODE) => Ok(false),
            Err(error) => Err(unavailable(CALL)(error)),
        }
    }
}
