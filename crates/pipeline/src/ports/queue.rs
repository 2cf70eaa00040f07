//! A queue of one kind of message.

use std::future::Future;

use crate::ports::Unavailable;

/// A queue that delivers every message at least once, in any order.
pub trait Queue<M>: Send + Sync {
    /// Sends all of `messages`. When it returns an error, any of them may have been sent.
    fn send_all(&self, messages: &[M]) -> impl Future<Output = Result<(), Unavailable>> + Send;
}
