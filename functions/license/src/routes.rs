//! The routes.
//!
//! | | |
//! |---|---|
//! | `POST /license/{id}` | a `ClearKey` licence |
//! | `GET /license/{id}/key?kid=` | the sixteen bytes of one key, for HLS players with `KEYFORMAT="identity"` |
//!
//! Both require a playback token, as `Authorization: Bearer TOKEN` or `?token=TOKEN`, and verify it before anything else.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tracing::{Instrument, info, info_span};
use vpp_http::{Problem, QueryParameters, bearer, unreadable_body};
use vpp_pipeline::api::licences::{Licences, PlaybackError, VerifiedPlayback};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::ports::{Catalog, Clock, KeyVault, TokenSigner};
use zeroize::Zeroizing;

use crate::clearkey;

/// Maximum size of a request body in bytes; a licence request has some hundred.
const MAX_BODY: usize = 8 * 1024;

type Served<C, V, S, K> = State<Arc<Licences<C, V, S, K>>>;

/// Returns the routes of the licence server.
pub(crate) fn router<C, V, S, K>(licences: Arc<Licences<C, V, S, K>>) -> Router
where
    C: Catalog + 'static,
    V: KeyVault + 'static,
    S: TokenSigner + 'static,
    K: Clock + 'static,
{
    Router::new()
        .route("/license/{id}", post(licence::<C, V, S, K>))
        .route("/license/{id}/key", get(key::<C, V, S, K>))
        .fallback(async || Problem::no_such_route())
        .method_not_allowed_fallback(async || Problem::no_such_method())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(licences)
}

async fn licence<C, V, S, K>(
    State(licences): Served<C, V, S, K>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem>
where
    C: Catalog,
    V: KeyVault,
    S: TokenSigner,
    K: Clock,
{
    let span = info_span!("licence", packaged_content_id = tracing::field::Empty);
    async {
        // Players may add parameters of other systems.
        let query = QueryParameters::of(&uri)?;
        let admission = admit(&licences, &id, &headers, query.text("token")).await?;
        let kids = clearkey::kids(&body.map_err(|rejection| unreadable_body(&rejection, MAX_BODY))?)?;
        let keys = licences.keys(&admission, &kids).await?;
        info!(keys = keys.len(), "licence issued");
        Ok(secret("application/json", clearkey::licence(&keys)))
    }
    .instrument(span)
    .await
}

async fn key<C, V, S, K>(
    State(licences): Served<C, V, S, K>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem>
where
    C: Catalog,
    V: KeyVault,
    S: TokenSigner,
    K: Clock,
{
    let span = info_span!("key", packaged_content_id = tracing::field::Empty);
    async {
        // Players may add parameters of other systems.
        let query = QueryParameters::of(&uri)?;
        let admission = admit(&licences, &id, &headers, query.text("token")).await?;
        let kid = query.text("kid").ok_or_else(|| Problem::field("missing_field", "kid", "`kid` is required"))?;
        let keys = licences.keys(&admission, &[clearkey::key_id("kid", kid)?]).await?;
        info!("key issued");
        let bytes = keys.iter().flat_map(|(_, key)| key.expose()).copied();
        Ok(secret("application/octet-stream", Zeroizing::new(bytes.collect())))
    }
    .instrument(span)
    .await
}

/// Verifies the playback token. An invalid package id has the same response as a package that the token is not valid for.
async fn admit<C, V, S, K>(
    licences: &Licences<C, V, S, K>,
    id: &str,
    headers: &HeaderMap,
    parameter: Option<&str>,
) -> Result<VerifiedPlayback, PlaybackError>
where
    C: Catalog,
    V: KeyVault,
    S: TokenSigner,
    K: Clock,
{
    let id: PackageId = id.parse().map_err(|_| PlaybackError::Token)?;
    tracing::Span::current().record("packaged_content_id", tracing::field::display(&id));
    licences.authorize(&id, bearer::token(headers).or(parameter).unwrap_or_default()).await
}

/// Returns a response that no cache may store, and that is wiped from memory after it is sent.
fn secret(content_type: &'static str, body: Zeroizing<Vec<u8>>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (StatusCode::OK, headers, Body::from(Bytes::from_owner(body))).into_response()
}

#[cfg(test)]
mod tests;
