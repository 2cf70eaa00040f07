//! The requests that a long recording takes.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::Bytes;
use futures_executor::block_on;
use futures_util::future::poll_fn;
use futures_util::{Stream, stream};
use vpp_media::isobmff::IndexReader;

use super::read_index;
use crate::domain::layout::Headers;
use crate::domain::multipart::UploadId;
use crate::domain::object::{ETag, Location};
use crate::ports::{NewObject, NewPart, ObjectStore, PutOutcome, StoreError, UploadedPart};

/// A store of one file that counts the reads in progress.
struct CountingStore {
    file: Vec<u8>,
    in_progress: AtomicUsize,
    most: AtomicUsize,
}

impl ObjectStore for CountingStore {
    fn stream(
        &self,
        _: &Location,
        _: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        stream::once(async move {
            let in_progress = self.in_progress.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(in_progress, Ordering::Relaxed);
            let mut has_waited = false;
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut has_waited, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            self.in_progress.fetch_sub(1, Ordering::Relaxed);
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            Ok(Bytes::copy_from_slice(&self.file[range]))
        })
    }

    async fn put_if_absent(&self, _: &Location, _: NewObject) -> Result<PutOutcome, StoreError> {
        unreachable!("an index is read only")
    }

    async fn put(&self, _: &Location, _: NewObject) -> Result<(), StoreError> {
        unreachable!("an index is read only")
    }

    async fn begin_upload(&self, _: &Location, _: Headers) -> Result<UploadId, StoreError> {
        unreachable!("an index is read only")
    }

    async fn put_part(&self, _: &Location, _: &UploadId, _: NewPart) -> Result<ETag, StoreError> {
        unreachable!("an index is read only")
    }

    async fn complete_upload(&self, _: &Location, _: &UploadId, _: &[UploadedPart]) -> Result<PutOutcome, StoreError> {
        unreachable!("an index is read only")
    }

    async fn abort_upload(&self, _: &Location, _: &UploadId) -> Result<(), StoreError> {
        unreachable!("an index is read only")
    }
}

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes()[..], kind, payload].concat()
}

#[test]
fn a_long_recording_is_read_by_many_requests_at_once() {
    let fragment = [boxed(b"moof", &boxed(b"mfhd", &[0; 8])), boxed(b"mdat", &vec![7; 300_000])].concat();
    let head = [boxed(b"ftyp", &[0; 24]), boxed(b"moov", &boxed(b"mvex", &[]))].concat();
    let file = [head, fragment.repeat(200)].concat();
    let bytes = file.len() as u64;
    let store = CountingStore { file, in_progress: AtomicUsize::new(0), most: AtomicUsize::new(0) };
    let read = block_on(read_index(
        &store,
        &Location::new("uploads", "recording.mp4"),
        &ETag::new("1"),
        IndexReader::new(bytes),
    ));
    let index = read.index.unwrap();
    let fragments = index.spans().filter(|(_, bytes)| bytes.get(4..8) == Some(b"moof")).count();
    assert_eq!(fragments, 200);
    assert_eq!(store.most.into_inner(), 5, "a region for each 32 of the fragments that are left");
    assert!(read.bytes_read < 200 * 4200 + bytes / 16, "{} of {bytes}", read.bytes_read);
}
