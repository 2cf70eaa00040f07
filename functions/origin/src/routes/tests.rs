//! The routes, with in-memory ports.

use axum::http::{Method, Request};
use futures_executor::block_on;
use tower::ServiceExt;
use vpp_pipeline::domain::object::Location;
use vpp_pipeline::testing::{FaultPoint, Faults, Platform};

use super::*;

/// 30 seconds of H.264 and AAC; see tests/media/README.md.
const MOVIE: &[u8] = include_bytes!("../../../../tests/media/sample.mp4");
const LARGE: u64 = 1 << 30;

struct TestResponse {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn send(platform: &Platform, max_bytes: u64, method: Method, path: &str, range: Option<&str>) -> TestResponse {
    let mut request = Request::builder().method(method).uri(format!("/{path}"));
    if let Some(range) = range {
        request = request.header(header::RANGE, range);
    }
    let request = request.body(Body::empty()).unwrap();
    block_on(async {
        let response = router(Arc::new(platform.origin()), max_bytes).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        TestResponse { status: parts.status.as_u16(), headers: parts.headers, body }
    })
}

/// Returns a platform with a planned package, and the path of one of its segments.
fn planned() -> (Platform, String) {
    let platform = Platform::default();
    block_on(async {
        platform.ingest(&platform.upload("movie.mp4", MOVIE)).await.unwrap();
        for message in platform.fragment_queue.take() {
            platform.fragment_stage().handle(&message).await.unwrap();
        }
    });
    let package = platform.catalog.all_packages().remove(0).id;
    (platform, format!("{package}/v1/2.m4s"))
}

#[test]
fn a_segment_has_the_headers_of_the_bucket() {
    let (platform, path) = planned();
    let made = send(&platform, LARGE, Method::GET, &path, None);
    let stored = platform.store.bucket("output").remove(&path).unwrap();
    assert_eq!((made.status, &made.body), (200, &stored.bytes));
    let headers = stored.headers.unwrap();
    assert_eq!(made.header(header::CONTENT_TYPE), headers.content_type);
    assert_eq!(made.header(header::CACHE_CONTROL), headers.cache_control);
    let head = send(&platform, LARGE, Method::HEAD, &path, None);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(send(&platform, LARGE, Method::POST, &path, None).status, 405);
}

#[test]
fn a_range_is_a_part_of_the_segment() {
    let (platform, path) = planned();
    let whole = send(&platform, LARGE, Method::GET, &path, None).body;
    let get = |range: &str| send(&platform, LARGE, Method::GET, &path, Some(range));
    let length = whole.len();
    for (range, start, end) in
        [("bytes=0-99", 0, 99), ("bytes=100-", 100, length - 1), ("bytes=-10", length - 10, length - 1)]
    {
        let part = get(range);
        assert_eq!((part.status, &part.body[..]), (206, &whole[start..=end]), "{range}");
        assert_eq!(part.header(header::CONTENT_RANGE), format!("bytes {start}-{end}/{length}"));
    }
    let beyond = get(&format!("bytes={length}-"));
    assert_eq!((beyond.status, beyond.header(header::CONTENT_RANGE)), (416, format!("bytes */{length}").as_str()));
    for range in ["bytes=0-1,5-9", "frames=0-1", "bytes=9-1"] {
        let response = get(range);
        assert!((response.status, &response.body) == (200, &whole) || response.status == 416, "{range}");
    }
}

#[test]
fn a_segment_that_is_larger_than_a_response_is_written_and_redirected_to() {
    let (platform, path) = planned();
    let response = send(&platform, 1_000, Method::GET, &path, None);
    assert_eq!((response.status, response.body.len()), (307, 0));
    assert_eq!(response.header(header::LOCATION), "2.m4s", "it keeps the signature in front of the path");
    assert_eq!(response.header(header::CACHE_CONTROL), "no-store");
    assert!(platform.store.bucket("output").contains_key(&path));
}

#[test]
fn what_is_absent_is_cached_for_a_second_and_a_failure_is_not() {
    let (platform, path) = planned();
    for absent in [path.replace("2.m4s", "99.m4s"), "v1/2.m4s".to_owned(), String::new()] {
        let response = send(&platform, LARGE, Method::GET, &absent, None);
        assert_eq!((response.status, response.header(header::CACHE_CONTROL)), (404, "public, max-age=1"), "{absent}");
    }
    let failing = Platform { faults: Faults::at(0, FaultPoint::Before), ..platform };
    let response = send(&failing, LARGE, Method::GET, &path, None);
    assert_eq!((response.status, response.header(header::CACHE_CONTROL)), (503, "no-store"));
}

#[test]
fn a_segment_whose_source_has_gone_is_absent() {
    let (platform, path) = planned();
    platform.store.delete(&Location::new("uploads", "movie.mp4"));
    assert_eq!(send(&platform, LARGE, Method::GET, &path, None).status, 404);
}
