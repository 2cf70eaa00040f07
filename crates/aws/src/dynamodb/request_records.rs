//! Client uploads and idempotency keys.

use vpp_pipeline::domain::client_upload::ClientUpload;
use vpp_pipeline::domain::id::ClientUploadId;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::domain::unreadable::RecordKind;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{CreateOutcome, RequestRecords};

use super::attributes::string;
use super::table::{DynamoCatalog, decoded};
use super::{client_upload_item, idempotency_item};
use crate::error::unavailable;

impl RequestRecords for DynamoCatalog {
    async fn put_client_upload(&self, upload: &ClientUpload) -> Result<CreateOutcome<ClientUpload>, Unavailable> {
        let put = self.put_if_absent_or_expired(client_upload_item::write(upload), upload.created_at).await?;
        decoded(put, RecordKind::ClientUpload, client_upload_item::read)
    }

    async fn client_upload(&self, id: &ClientUploadId) -> Result<Option<ClientUpload>, Unavailable> {
        let (pk, sk) = (client_upload_item::pk(id), client_upload_item::SK);
        self.record(&pk, sk, RecordKind::ClientUpload, client_upload_item::read).await
    }

    async fn delete_client_upload(&self, id: &ClientUploadId) -> Result<(), Unavailable> {
        let request = self.client.delete_item().table_name(&self.table);
        let request = request.key("pk", string(client_upload_item::pk(id))).key("sk", string(client_upload_item::SK));
        request.send().await.map(|_| ()).map_err(unavailable("DeleteItem"))
    }

    async fn claim_idempotency_key(
        &self,
        key: &str,
        answer: &str,
        now: Timestamp,
        forget_at: Timestamp,
    ) -> Result<CreateOutcome<String>, Unavailable> {
        let item = idempotency_item::write(key, answer, forget_at);
        let put = self.put_if_absent_or_expired(item, now).await?;
        decoded(put, RecordKind::IdempotencyKey, idempotency_item::read)
    }
}
