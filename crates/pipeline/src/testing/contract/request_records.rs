//! The contract of request records: client uploads and idempotency keys.

use super::fixtures::at;
use crate::domain::client_upload::{ClientMultipart, ClientUpload};
use crate::domain::id::ClientUploadId;
use crate::domain::multipart::UploadId;
use crate::domain::object::Location;
use crate::ports::{CreateOutcome, RequestRecords};

/// Checks request records: the first record stays until it is deleted or, of an idempotency key, expires.
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
    let next = ClientUpload { created_at: first.expires_at(), ..upload("next.mp4", None) };
    assert_eq!(records.put_client_upload(&next).await.unwrap(), CreateOutcome::Created, "the first has expired");
    assert_eq!(records.client_upload(&first.id).await.unwrap(), Some(next));
    for _ in 0..2 {
        records.delete_client_upload(&first.id).await.unwrap();
    }
    assert_eq!(records.put_client_upload(&later).await.unwrap(), CreateOutcome::Created, "the record was deleted");
    assert_eq!(records.client_upload(&later.id).await.unwrap(), Some(later));

    let key = format!("{run} key");
    let claim = async |answer, now, expires_at| {
        records.claim_idempotency_key(&key, answer, at(now), at(expires_at)).await.unwrap()
    };
    assert_eq!(claim("one", 1, 9).await, CreateOutcome::Created);
    for answer in ["one", "other"] {
        assert_eq!(claim(answer, 8, 17).await, CreateOutcome::Existing("one".to_owned()), "bound until 9");
    }
    assert_eq!(claim("other", 9, 17).await, CreateOutcome::Created, "an expired key is free, whether deleted or not");
    assert_eq!(claim("one", 16, 20).await, CreateOutcome::Existing("other".to_owned()));
}
