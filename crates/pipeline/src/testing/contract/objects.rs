//! The contracts of the object store, of deletions, and of client uploads.

use std::time::Duration;

use crate::domain::client_upload::StoredPart;
use crate::domain::layout;
use crate::domain::object::{Digest, ETag, Location};
use crate::ports::{
    ClientUploadStore, NewObject, NewPart, ObjectDeleter, ObjectStore, PutOutcome, StoreError, UploadedPart,
};

/// Checks an object store: conditional writes, ranges, versions. `etag` returns the version of an object.
pub async fn object_store<S: ObjectStore>(store: &S, bucket: &str, run: &str, etag: impl AsyncFn(&Location) -> ETag) {
    let at = Location::new(bucket, format!("{run}/a key with spaces, + and ü.mp4"));
    let object = |bytes: &[u8]| NewObject::new(bytes.to_vec(), layout::output_headers("v1/1.m4s"));

    let missing = store.read(&at, None, 0..4).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");

    assert_eq!(store.put_if_absent(&at, object(b"0123456789")).await.unwrap(), PutOutcome::Created);
    assert_eq!(store.put_if_absent(&at, object(b"0123456789")).await.unwrap(), PutOutcome::AlreadyExists);
    let different = store.put_if_absent(&at, object(b"something else")).await;
    assert!(matches!(different, Err(StoreError::DifferentBytes { .. })), "{different:?}");

    let pin = etag(&at).await;
    assert_eq!(store.read(&at, None, 0..10).await.unwrap(), b"0123456789", "it was not overwritten");
    assert_eq!(store.read(&at, Some(&pin), 2..5).await.unwrap(), b"234");
    assert_eq!(store.read(&at, Some(&pin), 8..1_000).await.unwrap(), b"89", "truncated at its end");
    let other = ETag::new("0123456789abcdef0123456789abcdef");
    let changed = store.read(&at, Some(&other), 2..5).await;
    assert!(matches!(changed, Err(StoreError::Changed { .. })), "{changed:?}");

    let manifest = Location::new(bucket, format!("{run}/stream.mpd"));
    store.put(&manifest, object(b"first")).await.unwrap();
    store.put(&manifest, object(b"second")).await.unwrap();
    assert_eq!(store.read(&manifest, None, 0..10).await.unwrap(), b"second");

    let large = Location::new(bucket, format!("{run}/large"));
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    assert_eq!(store.put_if_absent(&large, object(&bytes)).await.unwrap(), PutOutcome::Created);
    assert_eq!(store.put_if_absent(&large, object(&bytes)).await.unwrap(), PutOutcome::AlreadyExists);
    assert_eq!(store.read(&large, None, 1_000..8_000_000).await.unwrap(), bytes[1_000..8_000_000]);
}

/// Checks an object store: multipart uploads. Parts have at least S3's minimum part size.
pub async fn uploads<S: ObjectStore>(store: &S, bucket: &str, run: &str) {
    let at = Location::new(bucket, format!("{run}/a file in parts.mp4"));
    let headers = layout::output_headers("v1/media.mp4");
    let bytes: Vec<u8> = (0..6_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let new = |number: u16, bytes: &[u8]| NewPart::new(number, bytes.to_vec());
    let upload = store.begin_upload(&at, headers).await.unwrap();
    let other = store.begin_upload(&at, headers).await.unwrap();
    assert_ne!(upload, other, "two uploads of one object are independent");

    let tail = new(7, b"the last part may be small");
    let (tail_bytes, tail_digest) = (tail.body.length(), tail.digest);
    let tail_etag = store.put_part(&at, &upload, tail).await.unwrap();
    let first = new(1, &bytes);
    let first_digest = first.digest;
    let etag = store.put_part(&at, &upload, first).await.unwrap();
    assert_eq!(store.put_part(&at, &upload, new(1, &bytes)).await.unwrap(), etag, "the same bytes are the same part");
    let missing = store.read(&at, None, 0..4).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })), "no reader sees an incomplete object: {missing:?}");

    let part = |number, bytes, digest, etag: &ETag| UploadedPart { number, bytes, digest, etag: Some(etag.clone()) };
    let parts = [part(1, 6_000_000, first_digest, &etag), part(7, tail_bytes, tail_digest, &tail_etag)];
    assert_eq!(store.complete_upload(&at, &upload, &parts).await.unwrap(), PutOutcome::Created);
    let whole = [&bytes[..], b"the last part may be small"].concat();
    assert_eq!(store.read(&at, None, 0..7_000_000).await.unwrap(), whole);
    store.complete_upload(&at, &upload, &parts).await.unwrap();
    let unknown = parts.clone().map(|part| UploadedPart { etag: None, ..part });
    assert_eq!(store.complete_upload(&at, &upload, &unknown).await.unwrap(), PutOutcome::AlreadyExists);

    // Another upload of the same object compares its bytes with the existing ones.
    let again = store.put_part(&at, &other, new(1, &whole)).await.unwrap();
    let same = [part(1, whole.len() as u64, Digest::of(&whole), &again)];
    assert_eq!(store.complete_upload(&at, &other, &same).await.unwrap(), PutOutcome::AlreadyExists);
    let other = store.begin_upload(&at, headers).await.unwrap();
    let short = store.put_part(&at, &other, new(1, b"something else")).await.unwrap();
    let short = [part(1, 14, Digest::of(b"something else"), &short)];
    let different = store.complete_upload(&at, &other, &short).await;
    assert!(matches!(different, Err(StoreError::DifferentBytes { .. })), "{different:?}");
}

/// Checks an object store: an aborted upload is over for every call.
pub async fn ended_uploads<S: ObjectStore>(store: &S, bucket: &str, run: &str) {
    let nowhere = Location::new(bucket, format!("{run}/aborted.mp4"));
    let headers = layout::output_headers("v1/media.mp4");
    let new = || NewPart::new(1, b"a part".to_vec());
    let upload = store.begin_upload(&nowhere, headers).await.unwrap();
    let etag = store.put_part(&nowhere, &upload, new()).await.unwrap();
    let part = UploadedPart { number: 1, bytes: 6, digest: Digest::of(b"a part"), etag: Some(etag) };
    store.abort_upload(&nowhere, &upload).await.unwrap();
    store.abort_upload(&nowhere, &upload).await.unwrap();
    let over = store.put_part(&nowhere, &upload, new()).await;
    assert!(matches!(over, Err(StoreError::UploadEnded { .. })), "{over:?}");
    let over = store.complete_upload(&nowhere, &upload, &[part]).await;
    assert!(matches!(over, Err(StoreError::UploadEnded { .. })), "{over:?}");
}

/// Checks a client upload store: parts are listed as they arrive, and become an object.
pub async fn client_uploads<S: ClientUploadStore>(store: &S, bucket: &str, run: &str, sender: &impl ObjectStore) {
    let at = Location::new(bucket, format!("{run}/ä file + more.mp4"));
    let ttl = Duration::from_mins(5);
    assert_eq!(store.find(&at).await.unwrap(), None);
    let (upload, other) = (store.begin(&at).await.unwrap(), store.begin(&at).await.unwrap());
    assert_eq!(store.list_parts(&at, &upload).await.unwrap(), []);
    let url = store.presign_part(&at, &upload, 2, 8, ttl).await.unwrap();
    assert!(url.starts_with("http") && url.contains("partNumber=2"), "{url}");
    let bytes = vec![7; 6_000_000];
    let last = sender.put_part(&at, &upload, NewPart::new(2, b"the last".to_vec())).await.unwrap();
    sender.put_part(&at, &upload, NewPart::new(1, b"too short".to_vec())).await.unwrap();
    let first = sender.put_part(&at, &upload, NewPart::new(1, bytes)).await.unwrap();
    let arrived = store.list_parts(&at, &upload).await.unwrap();
    let part = |number, bytes, etag: &ETag| StoredPart { number, bytes, etag: etag.clone() };
    assert_eq!(arrived, [part(1, 6_000_000, &first), part(2, 8, &last)], "the latest part of each number");
    store.complete(&at, &upload, &arrived).await.unwrap();
    let object = store.find(&at).await.unwrap().unwrap();
    assert_eq!((object.bytes, &object.location), (6_000_008, &at));
    assert_eq!(sender.read(&at, Some(&object.etag), 6_000_000..6_000_008).await.unwrap(), b"the last");
    let over = store.list_parts(&at, &upload).await;
    assert!(matches!(over, Err(StoreError::UploadEnded { .. })), "{over:?}");
    for _ in 0..2 {
        store.abort(&at, &other).await.unwrap();
    }
    let over = store.list_parts(&at, &other).await;
    assert!(matches!(over, Err(StoreError::UploadEnded { .. })), "{over:?}");
    assert!(store.find(&at).await.unwrap().is_some(), "a complete object stays");
}

/// Checks an object store: objects are deleted by prefix, and a source by its version.
pub async fn removals<S: ObjectStore + ObjectDeleter>(
    store: &S,
    bucket: &str,
    run: &str,
    etag: impl AsyncFn(&Location) -> ETag,
) {
    let at = |key: &str| Location::new(bucket, format!("{run}/{key}"));
    let object = |bytes: &[u8]| NewObject::new(bytes.to_vec(), layout::output_headers("v1/1.m4s"));
    for number in 0..30 {
        store.put_if_absent(&at(&format!("deleted/v1/{number} ü&<.m4s")), object(b"segment")).await.unwrap();
    }
    store.put_if_absent(&at("other/v1/1.m4s"), object(b"other")).await.unwrap();
    for _ in 0..2 {
        store.delete_prefix(bucket, &format!("{run}/deleted/")).await.unwrap();
    }
    let gone = store.read(&at("deleted/v1/7 ü&<.m4s"), None, 0..4).await;
    assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
    assert_eq!(store.read(&at("other/v1/1.m4s"), None, 0..5).await.unwrap(), b"other", "another prefix");

    let source = at("other/v1/1.m4s");
    let right = etag(&source).await;
    store.delete_version(&source, None, &ETag::new("0123456789abcdef0123456789abcdef")).await.unwrap();
    assert_eq!(store.read(&source, None, 0..5).await.unwrap(), b"other", "another version is not deleted");
    for _ in 0..2 {
        store.delete_version(&source, None, &right).await.unwrap();
    }
    let gone = store.read(&source, None, 0..4).await;
    assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
}
