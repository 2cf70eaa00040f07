//! The key that playback tokens are signed with, which never leaves its keeper.

use std::future::Future;

use crate::ports::Unavailable;

/// A message authentication code: HMAC-SHA-256.
pub type Mac = [u8; 32];

/// Signs playback tokens, and knows its own signatures.
pub trait TokenSigner: Send + Sync {
    /// The code of `message`.
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Mac, Unavailable>> + Send;

    /// Whether `mac` is the code of `message`. How long the answer takes says nothing of the right code.
    fn verify(&self, message: &[u8], mac: &Mac) -> impl Future<Output = Result<bool, Unavailable>> + Send;
}
