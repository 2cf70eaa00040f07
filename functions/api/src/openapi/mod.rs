//! The API description: an `OpenAPI` 3.1 document, and a page that shows it.

mod document;
mod operations;
mod schemas;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

#[cfg(test)]
pub(crate) use document::document;
#[cfg(test)]
pub(crate) use operations::routes_of_operations;

/// Returns the routes of the document and of its page.
pub(crate) fn routes() -> Router {
    Router::new().route("/openapi.json", get(serve_document)).route("/docs", get(serve_page))
}

async fn serve_document() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, document::document().to_string()).into_response()
}

async fn serve_page() -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, include_str!("docs.html")).into_response()
}
