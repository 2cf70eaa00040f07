//! What is remembered of callers' requests for some days.

use std::future::Future;

use crate::api::uploads::ClientUpload;
use crate::domain::id::ClientUploadId;
use crate::domain::timestamp::Timestamp;
use crate::ports::{Created, Unavailable};

/// Remembers files on their way, and which answers were given to which idempotency keys.
pub trait RequestRecords: Send + Sync {
    /// Remembers a file on its way, unless one of its id is known.
    fn put_upload(
        &self,
        incoming: &ClientUpload,
    ) -> impl Future<Output = Result<Created<ClientUpload>, Unavailable>> + Send;

    /// The file of this id.
    fn incoming(&self, id: &ClientUploadId) -> impl Future<Output = Result<Option<ClientUpload>, Unavailable>> + Send;

    /// Forgets a file that was on its way.
    fn forget_upload(&self, id: &ClientUploadId) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Remembers until `forget_at` that `key` stands for `answer`, unless it stands for one already.
    fn claim(
        &self,
        key: &str,
        answer: &str,
        forget_at: Timestamp,
    ) -> impl Future<Output = Result<Created<String>, Unavailable>> + Send;
}
