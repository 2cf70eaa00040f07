//! Signs playback tokens with a key that never leaves KMS.

use std::future::Future;

use crate::error::Unavailable;

/// A message authentication code: HMAC-SHA-256.
pub type Mac = [u8; 32];

/// Signs playback tokens and verifies their signatures.
pub trait TokenSigner: Send + Sync {
    /// Returns the MAC of `message`.
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Mac, Unavailable>> + Send;

    /// Returns whether `mac` is the MAC of `message`. The comparison takes constant time.
    fn verify(&self, message: &[u8], mac: &Mac) -> impl Future<Output = Result<bool, Unavailable>> + Send;
}
