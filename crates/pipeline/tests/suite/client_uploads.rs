//! Client uploads may be interrupted at every call, before or after it takes effect.

use std::future::Future;

use futures_executor::block_on;
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::client_upload::{MAX_SINGLE_PUT_BYTES, UPLOAD_TTL};
use vpp_pipeline::domain::id::{ClientUploadId, ContentId};
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::ports::{NewPart, ObjectStore};
use vpp_pipeline::testing::{FaultPoint, Faults, Platform};

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
    let (id, bytes) = (ClientUploadId::of(&[b"a file"]), MAX_SINGLE_PUT_BYTES + 1);
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
                assert_eq!(stored.bytes.len() as u64, MAX_SINGLE_PUT_BYTES + 1);
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
        platform.uploads().begin(id.clone(), "film.mp4", MAX_SINGLE_PUT_BYTES + 1).await.unwrap();
        platform.store.expire_uploads();
        assert!(matches!(platform.uploads().complete(&id).await, Err(RequestError::UploadExpired)));
        platform.clock.pass(UPLOAD_TTL);
        assert!(matches!(platform.uploads().complete(&id).await, Err(RequestError::UnknownUpload)));
    });
}
