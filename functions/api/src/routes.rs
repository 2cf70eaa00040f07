//! The routes.
//!
//! | | |
//! |---|---|
//! | `POST /packaged_content` | start a package, or find it started: 202 |
//! | `GET /packaged_content?limit=&cursor=&status=&input_content_id=` | the packages, newest first |
//! | `GET /packaged_content/{id}` | how far it is |
//! | `GET /packaged_content_id/{id}` | the same, at the original platform's path |
//! | `POST /packaged_content/{id}/retry` | put one that failed back to work: 202 |
//! | `DELETE /packaged_content/{id}` | delete it, and all that was made of it: 202 |
//! | `POST /packaged_content/{id}/playback_tokens` | a token to play it with: see [`crate::tokens`] |
//! | `GET /input_content?limit=&cursor=&status=&origin=` | what was ingested, newest first |
//! | `GET /input_content/{id}` | one of them |
//! | `DELETE /input_content/{id}` | delete it, with its file: 202 |
//! | `POST /uploads` and below | files to send: see [`crate::uploads`] |
//! | `GET /openapi.json`, `GET /docs` | what all this is: see [`crate::openapi`] |
//! | `GET /health` | whether anything answers at all |
//!
//! Who may call which is said in [`crate::auth`].

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use tracing::{Instrument, info, info_span};
use vpp_pipeline::api::client_uploads::ClientUploads;
use vpp_pipeline::api::licences::PlaybackTokens;
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::api::service::{Api, ApiCatalog, ApiQueue};
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::listing::{ContentFilter, PackageFilter, VerdictKind};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::ports::{ClientUploadStore, Clock, KeyVault, TokenSigner, TokenStore};

use crate::asked::Asked;
use crate::auth::{Callers, authorize};
use crate::body::idempotency_key;
use crate::paths::readable;
use crate::problem::Problem;
use crate::request::package_request;
use crate::view::{ContentView, ContentsView, DeletedView, PackageView, PackagesView, WholeContentView};

/// Bytes of a request's body: most have 300, initialisation data of DRM systems may have some thousand.
const BODY: usize = 64 * 1024;
type Served<C, Q, V, K> = State<Arc<Api<C, Q, V, K>>>;

/// The API over its ports.
pub(crate) fn router<C, Q, V, K, S, I, T>(
    api: Arc<Api<C, Q, V, K>>,
    tokens: Arc<PlaybackTokens<C, S, K>>,
    uploads: Arc<ClientUploads<I, C, K>>,
    callers: Arc<Callers<T, K>>,
) -> Router
where
    I: ClientUploadStore + 'static,
    T: TokenStore + 'static,
    S: TokenSigner + 'static,
    C: ApiCatalog + 'static,
    Q: ApiQueue + 'static,
    V: KeyVault + 'static,
    K: Clock + 'static,
{
    Router::new()
        .route("/packaged_content", post(create_package::<C, Q, V, K>).get(packages::<C, Q, V, K>))
        .route("/packaged_content/{id}", get(package::<C, Q, V, K>).delete(delete_package::<C, Q, V, K>))
        .route("/packaged_content/{id}/retry", post(retry::<C, Q, V, K>))
        .route("/packaged_content_id/{id}", get(package::<C, Q, V, K>))
        .route("/health", get(async || json(StatusCode::OK, &Health { status: "ok" })))
        .route("/input_content", get(contents::<C, Q, V, K>))
        .route("/input_content/{id}", get(content::<C, Q, V, K>).delete(delete_content::<C, Q, V, K>))
        .with_state(api)
        .merge(crate::tokens::routes(tokens))
        .merge(crate::uploads::routes(uploads))
        .merge(crate::openapi::routes())
        .fallback(async || Problem::no_such_route())
        .method_not_allowed_fallback(async || Problem::no_such_method())
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn(readable))
        .layer(from_fn_with_state(callers, authorize::<T, K>))
}

/// A package as the API shows it.
fn view<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(api: &Api<C, Q, V, K>, package: &Package) -> PackageView {
    PackageView::new(package, api.url(package), api.settings.private)
}

async fn create_package<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|rejection| unreadable(&rejection))?;
    let request = package_request(&body, idempotency_key(&headers)?)?;
    let span = info_span!("create_package", input_content_id = %request.inputs.canonical());
    async {
        let package = api.create_package(request).await?;
        info!(packaged_content_id = %package.id, status = %package.status(), "accepted");
        let location = HeaderValue::try_from(format!("/packaged_content/{}", package.id));
        let mut response = json(StatusCode::ACCEPTED, &view(&api, &package));
        if let Ok(location) = location {
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(response)
    }
    .instrument(span)
    .await
}

async fn package<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: PackageId = id.parse().map_err(|_| RequestError::UnknownPackage)?;
    let span = info_span!("package", packaged_content_id = %id);
    let package = api.package(&id).instrument(span).await?;
    Ok(json(StatusCode::OK, &view(&api, &package)))
}

async fn content<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: ContentId = id.parse().map_err(|_| RequestError::UnknownContent)?;
    let span = info_span!("content", input_content_id = %id);
    let content = api.content(&id).instrument(span).await?;
    Ok(json(StatusCode::OK, &WholeContentView::from(&content)))
}

async fn retry<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: PackageId = id.parse().map_err(|_| RequestError::UnknownPackage)?;
    let span = info_span!("retry", packaged_content_id = %id);
    async {
        let package = api.retry(&id).await?;
        info!(status = %package.status(), "put back to work");
        Ok(json(StatusCode::ACCEPTED, &view(&api, &package)))
    }
    .instrument(span)
    .await
}

async fn delete_package<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: PackageId = id.parse().map_err(|_| RequestError::UnknownPackage)?;
    let span = info_span!("delete_package", packaged_content_id = %id);
    async {
        let package = api.delete_package(&id).await?;
        info!("deleting");
        Ok(json(StatusCode::ACCEPTED, &view(&api, &package)))
    }
    .instrument(span)
    .await
}

async fn delete_content<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: ContentId = id.parse().map_err(|_| RequestError::UnknownContent)?;
    let span = info_span!("delete_content", input_content_id = %id);
    async {
        let content = api.delete_content(&id).await?;
        info!("deleted");
        Ok(json(StatusCode::ACCEPTED, &DeletedView::from(&content)))
    }
    .instrument(span)
    .await
}

/// The function answers.
#[derive(Serialize)]
struct Health {
    status: &'static str,
}

async fn contents<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = Asked::of(asked, &["limit", "cursor", "status", "origin"])?;
    let filter = ContentFilter {
        verdict: asked.named("status", VerdictKind::from_name, "Ingested, Subtitles or Refused")?,
        origin: asked.text("origin").map(str::to_owned),
    };
    let (limit, cursor) = (asked.limit()?, asked.cursor()?);
    let page = api.contents(&filter, limit, cursor.as_ref()).await?;
    let view = ContentsView {
        input_content: page.items.iter().map(ContentView::from).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    };
    Ok(json(StatusCode::OK, &view))
}

async fn packages<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = Asked::of(asked, &["limit", "cursor", "status", "input_content_id"])?;
    let status = "Queued, Fragmented, Encrypted, Ready, Failed or Deleting";
    let filter = PackageFilter {
        status: asked.named("status", |name| name.parse().ok(), status)?,
        content: asked.named("input_content_id", |id| id.parse().ok(), "an input_content_id")?,
    };
    let (limit, cursor) = (asked.limit()?, asked.cursor()?);
    let page = api.packages(&filter, limit, cursor.as_ref()).await?;
    let view = PackagesView {
        packaged_content: page.items.iter().map(|own| view(&api, own)).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    };
    Ok(json(StatusCode::OK, &view))
}

pub(crate) fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", format!("a body has at most {BODY} bytes"))
        }
        status => Problem::new(status, "unreadable_body", "the body could not be read"),
    }
}

pub(crate) fn json(status: StatusCode, view: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let body = serde_json::to_vec(view).unwrap_or_default();
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests;
