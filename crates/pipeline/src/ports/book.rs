//! What is remembered of callers' requests for some days.

use std::future::Future;

use crate::id::IncomingId;
use crate::intake::Incoming;
use crate::ports::{Created, Unavailable};
use crate::timestamp::Timestamp;

/// Remembers files on their way, and which answers were given to which idempotency keys.
pub trait Book: Send + Sync {
    /// Remembers a file on its way, unless one of its id is known.
    fn put_incoming(&self, incoming: &Incoming) -> impl Future<Output = Result<Created<Incoming>, Unavailable>> + Send;

    /// The file of this id.
    fn incoming(&self, id: &IncomingId) -> impl Future<Output = Result<Option<Incoming>, Unavailable>> + Send;

    /// Forgets a file that was on its way.
    fn forget_incoming(&self, id: &IncomingId) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Remembers until `forget_at` that `key` stands for `answer`, unless it stands for one already.
    fn claim(
        &self,
        key: &str,
        answer: &str,
        forget_at: Timestamp,
    ) -> impl Future<Output = Result<Created<String>, Unavailable>> + Send;
}
