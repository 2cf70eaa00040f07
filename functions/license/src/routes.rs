//! The routes.
//!
//! | | |
//! |---|---|
//! | `POST /license/{id}` | a `ClearKey` licence: key ids in, keys out |
//! | `GET /license/{id}/key?kid=` | the sixteen bytes of one key, for HLS players of `KEYFORMAT="identity"` |
//!
//! Both ask for a playback token, as `Authorization: Bearer TOKEN` or `?token=TOKEN`, before they look at anything else.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tracing::{Instrument, info, info_span};
use vpp_http::Problem;
use vpp_pipeline::api::licences::{Licences, PlaybackError, VerifiedPlayback};
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::ports::{Catalog, Clock, KeyVault, TokenSigner};
use zeroize::Zeroizing;

use crate::jwk;

/// Bytes of a request's body: a licence is asked for with some hundred.
const BODY: usize = 8 * 1024;

type Served<C, V, S, K> = State<Arc<Licences<C, V, S, K>>>;

/// The licence server over its ports.
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
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(licences)
}

/// What may stand in a URL.
#[derive(Deserialize)]
struct Asked {
    token: Option<String>,
    kid: Option<String>,
}

async fn licence<C, V, S, K>(
    State(licences): Served<C, V, S, K>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
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
        let admission = admit(&licences, &id, &headers, asked.token.as_deref()).await?;
        let kids = jwk::kids(&body.map_err(|rejection| unreadable(&rejection))?)?;
        let keys = licences.keys(&admission, &kids).await?;
        info!(keys = keys.len(), "licence given");
        Ok(secret("application/json", jwk::licence(&keys)))
    }
    .instrument(span)
    .await
}

async fn key<C, V, S, K>(
    State(licences): Served<C, V, S, K>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
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
        let admission = admit(&licences, &id, &headers, asked.token.as_deref()).await?;
        let kid = asked.kid.ok_or_else(|| Problem::field("missing_field", "kid", "`kid` is required"))?;
        let keys = licences.keys(&admission, &[jwk::key_id("kid", &kid)?]).await?;
        info!("key given");
        let bytes = keys.iter().flat_map(|(_, key)| key.expose()).copied();
        Ok(secret("application/octet-stream", Zeroizing::new(bytes.collect())))
    }
    .instrument(span)
    .await
}

/// Lets in who holds a token of the package. An id that is none is answered as a package that the token is not for.
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
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    licences.authorize(&id, bearer.or(parameter).unwrap_or_default()).await
}

/// The token of `Bearer TOKEN` (RFC 6750 2.1); the scheme's case does not matter (RFC 9110 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", format!("a body has at most {BODY} bytes"))
        }
        status => Problem::new(status, "unreadable_body", "the body could not be read"),
    }
}

/// An answer that no cache keeps, and that is wiped when it has been sent.
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
