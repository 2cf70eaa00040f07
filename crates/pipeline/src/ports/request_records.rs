//! Records of callers' requests, retained for some days: client uploads, and idempotency keys.

use std::future::Future;

use crate::domain::client_upload::ClientUpload;
use crate::domain::id::ClientUploadId;
use crate::domain::timestamp::Timestamp;
use crate::error::Unavailable;
use crate::ports::catalog::CreateOutcome;

/// Stores client uploads, and the resources that idempotency keys are bound to.
pub trait RequestRecords: Send + Sync {
    /// Stores an upload, unless one with its id exists that has not expired when this one is created.
    fn put_client_upload(
        &self,
        upload: &ClientUpload,
    ) -> impl Future<Output = Result<CreateOutcome<ClientUpload>, Unavailable>> + Send;

    /// Returns the upload with this id.
    fn client_upload(
        &self,
        id: &ClientUploadId,
    ) -> impl Future<Output = Result<Option<ClientUpload>, Unavailable>> + Send;

    /// Deletes the record of an upload.
    fn delete_client_upload(&self, id: &ClientUploadId) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Binds an idempotency key to the resource id `answer` until `expires_at`, unless the key is bound already, `now`.
    fn claim_idempotency_key(
        &self,
        key: &str,
        answer: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> impl Future<Output = Result<CreateOutcome<String>, Unavailable>> + Send;
}
