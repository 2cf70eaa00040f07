//! Client uploads may be interrupted at every call, before or after it takes effect.

use std::future::Future;

use futures_executor::block_on;
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::client_upload::{MAX_SINGLE_PART_BYTES, UPLOAD_TTL};
use vpp_pipeline::domain::id::{ClientUploadId, ContentId};
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::domain::state::Status;
use vpp_pipeline::ports::{Catalog, ClientUploadStore, NewPart, ObjectStore, StoreError};
use vpp_pipeline::testing::{FaultPoint, Faults, Platform};

use crate::support::MOVIE;

/// Maximum number of requests that a caller sends.
const MAX_REQUESTS: usize = 8;

/// Repeats a request until it succeeds.
async fn retry<T, F: Future<Output = Result<T, RequestError>>>(request: impl Fn() -> F) -> T {
    for _ in 1..MAX_REQUESTS {
        match request().await {
            Err(RequestError::Unavailable(_)) => {}
            answer => return answer.unwrap(),
        }
    }
    panic!("every request failed")
}

/// Uploads a file of several parts. Returns the id of its content.
async fn send(platform: &Platform) -> ContentId {
    let (id, bytes) = (ClientUploadId::of(&[b"a file"]), MAX_SINGLE_PART_BYTES + 1);
    let uploads = platform.uploads();
    let begun = retry(|| uploads.begin(id.clone(), "film.mp4", bytes)).await;
    let upload = begun.upload.multipart.as_ref().unwrap().upload.clone();
    for (number, _) in &begun.urls {
        let length = usize::try_from(begun.upload.bytes_of_part(*number)).unwrap();
        let part = NewPart::new(*number, vec![5; length]);
        platform.store.put_part(&begun.upload.location, &upload, part).await.unwrap();
    }
    let (content, location) = retry(|| uploads.complete(&id)).await;
    assert_eq!(location, begun.upload.location);
    content
}

#[test]
fn a_completed_upload_is_ingested_without_the_notification_and_once_with_it() {
    block_on(async {
        for notifications in 0..3 {
            let platform = Platform::default();
            let (id, uploads) = (ClientUploadId::of(&[b"a file"]), platform.uploads());
            let upload = uploads.begin(id.clone(), "movie.mp4", MOVIE.len() as u64).await.unwrap().upload;
            let part = NewPart::new(1, MOVIE.to_vec());
            platform.store.put_part(&upload.location, &upload.multipart.unwrap().upload, part).await.unwrap();
            for _ in 0..2 {
                uploads.complete(&id).await.unwrap();
                assert!(platform.run().await.is_empty());
            }
            let notification = platform.store.find(&upload.location).await.unwrap().unwrap();
            for _ in 0..notifications {
                platform.ingest(&notification).await.unwrap();
                assert!(platform.run().await.is_empty());
            }
            let content = platform.catalog.all_contents().remove(0);
            let package = platform.catalog.package(content.media_info().unwrap().package.as_ref().unwrap()).await;
            assert_eq!(package.unwrap().unwrap().status(), Status::Ready);
            assert_eq!(platform.catalog.all_contents().len(), 1);
        }
    });
}

#[test]
fn an_upload_completes_whichever_call_fails() {
    block_on(async {
        for point in [FaultPoint::Before, FaultPoint::After] {
            let mut call = 0;
            loop {
                let platform = Platform { faults: Faults::at(call, point), ..Platform::default() };
                let content = send(&platform).await;
                let objects = platform.store.bucket("uploads");
                assert_eq!(objects.len(), 1, "call {call}");
                let (key, stored) = objects.first_key_value().unwrap();
                assert_eq!(stored.bytes.len() as u64, MAX_SINGLE_PART_BYTES + 1);
                let at = Location::new("uploads", key);
                let etag = platform.store.upload(&at, &stored.bytes);
                assert_eq!(content, ContentId::of(&at, &ETag::new(etag.as_str())));
                call += 1;
                if call > platform.faults.calls() {
                    break;
                }
            }
            assert!(call > 8, "an upload has many calls: {call}");
        }
    });
}

#[test]
fn an_upload_expires() {
    block_on(async {
        let platform = Platform::default();
        let id = ClientUploadId::of(&[b"a file"]);
        platform.uploads().begin(id.clone(), "film.mp4", MAX_SINGLE_PART_BYTES + 1).await.unwrap();
        platform.store.expire_uploads();
        assert!(matches!(platform.uploads().complete(&id).await, Err(RequestError::UploadExpired)));
        platform.clock.pass(UPLOAD_TTL);
        assert!(matches!(platform.uploads().complete(&id).await, Err(RequestError::UnknownUpload)));
        let again = platform.uploads().begin(id, "film.mp4", MAX_SINGLE_PART_BYTES + 1).await.unwrap();
        assert_eq!((again.arrived, again.urls.is_empty()), (vec![], false), "it begins again");
    });
}

/// A small file is a multipart upload of one part, so that it can be withdrawn and checked like a large one.
#[test]
fn an_aborted_upload_of_any_size_becomes_no_object() {
    block_on(async {
        for bytes in [4, MAX_SINGLE_PART_BYTES, MAX_SINGLE_PART_BYTES + 1] {
            let platform = Platform::default();
            let id = ClientUploadId::of(&[b"a file"]);
            let begun = platform.uploads().begin(id.clone(), "film.mp4", bytes).await.unwrap();
            let upload = begun.upload.multipart.as_ref().unwrap().upload.clone();
            platform.uploads().abort(&id).await.unwrap();
            let late = platform.store.put_part(&begun.upload.location, &upload, NewPart::new(1, vec![5; 4])).await;
            assert!(matches!(late, Err(StoreError::UploadEnded { .. })), "{bytes}: {late:?}");
            assert!(matches!(platform.uploads().complete(&id).await, Err(RequestError::UnknownUpload)));
            assert!(platform.store.bucket("uploads").is_empty());
        }
    });
}

/// A URL may be used again until the upload is complete. The content is that of the parts at that time, and stays it.
#[test]
fn an_upload_becomes_one_object_whatever_is_sent_how_often() {
    block_on(async {
        let platform = Platform::default();
        let id = ClientUploadId::of(&[b"a file"]);
        let begun = platform.uploads().begin(id.clone(), "film.mp4", 4).await.unwrap();
        let (at, upload) = (&begun.upload.location, &begun.upload.multipart.as_ref().unwrap().upload);
        let put = async |bytes: Vec<u8>| platform.store.put_part(at, upload, NewPart::new(1, bytes)).await;
        put(vec![1; 1_400_000]).await.unwrap();
        let early = platform.uploads().complete(&id).await;
        assert!(matches!(early, Err(RequestError::UploadIncomplete { ref missing }) if *missing == [1]), "{early:?}");
        let message = early.unwrap_err().to_string();
        assert_eq!(message, "1 part of the upload has not arrived at full length: 1");
        assert!(platform.store.bucket("uploads").is_empty(), "a part of another length is no object");
        for byte in 1..=10 {
            put(vec![byte; 4]).await.unwrap();
        }
        let first = platform.uploads().complete(&id).await.unwrap();
        assert!(matches!(put(vec![9; 4]).await, Err(StoreError::UploadEnded { .. })));
        assert_eq!(platform.uploads().complete(&id).await.unwrap(), first);
        let objects = platform.store.bucket("uploads");
        assert_eq!(objects.values().map(|stored| stored.bytes.to_vec()).collect::<Vec<_>>(), [vec![10; 4]]);
    });
}
