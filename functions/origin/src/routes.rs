//! The routes: `GET /{packaged_content_id}/{representation}/{segment}`, as in the output bucket.
//!
//! A response of a function is limited to some megabytes. A larger segment is written, and the response is a redirect to its own
//! address, where the CDN finds the object. The redirect is relative, so that the address keeps a signed path.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http_range_header::parse_range_header;
use tracing::{error, info, warn};
use vpp_http::Problem;
use vpp_pipeline::error::{Error, chain};
use vpp_pipeline::origin::{Origin, OutputFile};
use vpp_pipeline::ports::{Catalog, Clock, KeyVault, ObjectStore};

/// The CDN keeps the absence of a segment for a second: it may be made the next time.
const ABSENT: &str = "public, max-age=1";
const NO_STORE: &str = "no-store";

/// An origin, and the size of its largest response.
#[derive(Debug)]
struct Served<S, C, V, K> {
    origin: Arc<Origin<S, C, V, K>>,
    max_bytes: u64,
}

impl<S, C, V, K> Clone for Served<S, C, V, K> {
    fn clone(&self) -> Self {
        Self { origin: Arc::clone(&self.origin), max_bytes: self.max_bytes }
    }
}

/// Returns the routes of an origin whose responses have at most `max_bytes` bytes.
pub(crate) fn router<S, C, V, K>(origin: Arc<Origin<S, C, V, K>>, max_bytes: u64) -> Router
where
    S: ObjectStore + 'static,
    C: Catalog + 'static,
    V: KeyVault + 'static,
    K: Clock + 'static,
{
    Router::new()
        .fallback_service(get(segment::<S, C, V, K>).with_state(Served { origin, max_bytes }))
        .method_not_allowed_fallback(async || Problem::no_such_method())
}

async fn segment<S, C, V, K>(State(served): State<Served<S, C, V, K>>, uri: Uri, headers: HeaderMap) -> Response
where
    S: ObjectStore,
    C: Catalog,
    V: KeyVault,
    K: Clock,
{
    let path = uri.path().trim_start_matches('/');
    match served.origin.handle(path).await {
        Ok(Some(file)) if file.body.length() > served.max_bytes => {
            info!(path, bytes = file.body.length(), "a segment is larger than a response");
            let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
            let headers = [(header::LOCATION, name), (header::CACHE_CONTROL, NO_STORE)];
            (StatusCode::TEMPORARY_REDIRECT, headers).into_response()
        }
        Ok(Some(file)) => respond(&file, &headers),
        Ok(None) => absent(),
        Err(failure) => unavailable(path, &failure),
    }
}

/// Returns a file, or the requested range of it.
fn respond(file: &OutputFile, headers: &HeaderMap) -> Response {
    let bytes = Bytes::from(file.body.to_vec());
    let length = file.body.length();
    let content = [
        (header::CONTENT_TYPE, file.headers.content_type),
        (header::CACHE_CONTROL, file.headers.cache_control),
        (header::ACCEPT_RANGES, "bytes"),
    ];
    let requested = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let Some(Ok(ranges)) = requested.map(parse_range_header) else {
        // A header that is not a range is ignored (RFC 9110, section 14.2).
        return (content, bytes).into_response();
    };
    match ranges.validate(length).as_deref() {
        Ok([range]) => {
            let position = format!("bytes {}-{}/{length}", range.start(), range.end());
            let inside = usize::try_from(*range.start()).ok().zip(usize::try_from(*range.end()).ok());
            let part = inside.map_or_else(Bytes::new, |(start, end)| bytes.slice(start..=end));
            (StatusCode::PARTIAL_CONTENT, content, [(header::CONTENT_RANGE, position)], part).into_response()
        }
        // Several ranges: the whole file is a valid response.
        Ok(_) => (content, bytes).into_response(),
        Err(_) => {
            let headers = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response()
        }
    }
}

/// Returns the response of the output bucket for an object that does not exist.
fn absent() -> Response {
    (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, ABSENT)], Body::empty()).into_response()
}

/// Returns the response for a segment that cannot be made, now or ever.
fn unavailable(path: &str, failure: &Error) -> Response {
    if failure.is_transient() {
        error!(path, "{}", chain(failure));
        let headers = [(header::RETRY_AFTER, "1"), (header::CACHE_CONTROL, NO_STORE)];
        return (StatusCode::SERVICE_UNAVAILABLE, headers).into_response();
    }
    warn!(path, code = failure.code(), "{}", chain(failure));
    absent()
}

#[cfg(test)]
mod tests;
