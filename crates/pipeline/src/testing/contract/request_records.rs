//! The contract of request records: client uploads and idempotency keys.

use super::fixtures::at;
use crate::domain::client_upload::{ClientMultipart, ClientUpload};
use crate::domain::id::ClientUploadId;
use crate::domain::multipart::UploadId;
use crate::domain::object::Location;
use crate::ports::{CreateOutcome, RequestRecords};

/// Checks request records: the first record stays until it is deleted.
pub async fn request_records<R: RequestRecords>(records: &R, run: &str) {
    let upload = |name: &str, multipart| ClientUpload {
        id: ClientUploadId::of(&[run.as_bytes(), b"a file"]),
        name: name.to_owned(),
        bytes: 5_000_000_000,
        location: Location::new("uploads", format!("uploads/{name}")),
        multipart,
        created_at: at(1),
    };
    let multipart = Some(ClientMultipart { upload: UploadId::new("one/+="), part_bytes: 16_777_216 });
    let (first, later) = (upload("ä film.mp4", multipart), upload("another.mp4", None));
    assert_eq!(records.client_upload(&first.id).await.unwrap(), None);
    assert_eq!(records.put_client_upload(&first).await.unwrap(), CreateOutcome::Created);
    assert_eq!(records.put_client_upload(&later).await.unwrap(), CreateOutcome::Existing(first.clone()));
    assert_eq!(records.client_upload(&first.id).await.unwrap(), Some(first.clone()));
    for _ in 0..2 {
        records.delete_client_upload(&first.id).await.unwrap();
    }
    assert_eq!(records.put_client_upload(&later).await.unwrap(), CreateOutcome::Created, "the record was deleted");
    assert_eq!(records.client_upload(&later.id).await.unwrap(), Some(later));

    let key = format!("{run} key");
    assert_eq!(records.claim_idempotency_key(&key, "one", at(9)).await.unwrap(), CreateOutcome::Created);
    for answer in ["one", "other"] {
        assert_eq!(
            records.claim_idempotency_key(&key, answer, at(9)).await.unwrap(),
            CreateOutcome::Existing("one".to_owned())
        );
    }
}
