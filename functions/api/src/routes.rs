//! The routes.
//!
//! | | |
//! |---|---|
//! | `POST /packaged_content` | create a package, or return the existing one: 202 |
//! | `GET /packaged_content?limit=&cursor=&status=&input_content_id=` | list packages, newest first |
//! | `GET /packaged_content/{id}` | a package and its progress |
//! | `GET /packaged_content_id/{id}` | the same, at the path of the original platform |
//! | `POST /packaged_content/{id}/retry` | retry a failed package: 202 |
//! | `POST /packaged_content/{id}/ahead` | make all segments of a package that is made on demand: 202 |
//! | `DELETE /packaged_content/{id}` | delete a package and its files: 202 |
//! | `PATCH /packaged_content/{id}` and revisions | edit the manifests: see [`crate::edits`] |
//! | `POST /packaged_content/{id}/playback_tokens` | issue a playback token: see [`crate::playback_tokens`] |
//! | `GET /input_content?limit=&cursor=&status=&origin=` | list contents, newest first |
//! | `GET /input_content/{id}` | a content and its verdict |
//! | `DELETE /input_content/{id}` | delete a content and its file: 202 |
//! | `POST /uploads` and below | upload files by presigned URLs: see [`crate::uploads`] |
//! | `GET /openapi.json`, `GET /docs` | the API description: see [`crate::openapi`] |
//! | `GET /health` | health check |
//!
//! [`crate::authorization`] defines who may call which route.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Serialize;
use tracing::{Instrument, info, info_span};
use vpp_http::{Problem, json, unreadable_body};
use vpp_pipeline::api::client_uploads::ClientUploads;
use vpp_pipeline::api::edits::Editing;
use vpp_pipeline::api::licences::PlaybackTokens;
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::api::service::{Api, ApiCatalog, ApiQueue};
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::ingest_message::IngestMessage;
use vpp_pipeline::domain::listing::{ContentFilter, PackageFilter, VerdictKind};
use vpp_pipeline::domain::message::DashMessage;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::ports::{ClientUploadStore, Clock, KeyVault, ObjectStore, Queue, Revisions, TokenSigner, TokenStore};

use crate::audit::Created;
use crate::authorization::{Authentication, authorize};
use crate::idempotency_key_header::idempotency_key;
use crate::list_query::ListQuery;
use crate::package_request::package_request;
use crate::path_encoding::require_utf8_path;
use crate::request_body::MAX_BODY;
use crate::responses::{
    ContentDetails, ContentList, ContentSummary, DeletedContent, OrUnreadable, PackageList, PackageResponse,
    UnreadableContent, UnreadablePackage,
};

type Served<C, Q, V, K> = State<Arc<Api<C, Q, V, K>>>;

/// Builds the router of the API over its ports.
pub(crate) fn router<C, Q, V, K, S, I, U, T, O, D>(
    api: Arc<Api<C, Q, V, K>>,
    editing: Arc<Editing<O, C, D, K>>,
    tokens: Arc<PlaybackTokens<C, S, K>>,
    uploads: Arc<ClientUploads<I, C, U, K>>,
    authentication: Arc<Authentication<T, K>>,
) -> Router
where
    I: ClientUploadStore + 'static,
    U: Queue<IngestMessage> + 'static,
    T: TokenStore + 'static,
    S: TokenSigner + 'static,
    O: ObjectStore + 'static,
    D: Queue<DashMessage> + 'static,
    C: ApiCatalog + Revisions + 'static,
    Q: ApiQueue + 'static,
    V: KeyVault + 'static,
    K: Clock + 'static,
{
    Router::new()
        .route("/packaged_content", post(create_package::<C, Q, V, K>).get(packages::<C, Q, V, K>))
        .route("/packaged_content/{id}", get(package::<C, Q, V, K>).delete(delete_package::<C, Q, V, K>))
        .route("/packaged_content/{id}/retry", post(retry::<C, Q, V, K>))
        .route("/packaged_content/{id}/ahead", post(package_ahead::<C, Q, V, K>))
        .route("/packaged_content_id/{id}", get(package::<C, Q, V, K>))
        .route("/health", get(async || json(StatusCode::OK, &Health { status: "ok" })))
        .route("/input_content", get(contents::<C, Q, V, K>))
        .route("/input_content/{id}", get(content::<C, Q, V, K>).delete(delete_content::<C, Q, V, K>))
        .with_state(api)
        .merge(crate::edits::routes(editing))
        .merge(crate::playback_tokens::routes(tokens))
        .merge(crate::uploads::routes(uploads))
        .merge(crate::openapi::routes())
        .fallback(async || Problem::no_such_route())
        .method_not_allowed_fallback(async || Problem::no_such_method())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(require_utf8_path))
        .layer(from_fn_with_state(authentication, authorize::<T, K>))
}

fn package_response<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    api: &Api<C, Q, V, K>,
    package: &Package,
) -> PackageResponse {
    PackageResponse::new(package, api.url(package), api.settings.private)
}

async fn create_package<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|rejection| unreadable_body(&rejection, MAX_BODY))?;
    let request = package_request(&body, idempotency_key(&headers)?)?;
    let span = info_span!("create_package", input_content_id = %request.inputs.canonical());
    async {
        let package = api.create_package(request).await?;
        info!(packaged_content_id = %package.id, status = %package.status(), "accepted");
        let location = HeaderValue::try_from(format!("/packaged_content/{}", package.id));
        let mut response = json(StatusCode::ACCEPTED, &package_response(&api, &package));
        if let Ok(location) = location {
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(Created::mark(&package.id, response))
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
    match api.package(&id).instrument(span).await {
        Err(RequestError::Unreadable(record)) => Ok(json(StatusCode::OK, &UnreadablePackage::from(record))),
        found => Ok(json(StatusCode::OK, &package_response(&api, &found?))),
    }
}

async fn content<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: ContentId = id.parse().map_err(|_| RequestError::UnknownContent)?;
    let span = info_span!("content", input_content_id = %id);
    match api.content(&id).instrument(span).await {
        Err(RequestError::Unreadable(record)) => Ok(json(StatusCode::OK, &UnreadableContent::from(record))),
        found => Ok(json(StatusCode::OK, &ContentDetails::from(&found?))),
    }
}

async fn retry<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: PackageId = id.parse().map_err(|_| RequestError::UnknownPackage)?;
    let span = info_span!("retry", packaged_content_id = %id);
    async {
        let package = api.retry(&id).await?;
        info!(status = %package.status(), "retried");
        Ok(json(StatusCode::ACCEPTED, &package_response(&api, &package)))
    }
    .instrument(span)
    .await
}

async fn package_ahead<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: PackageId = id.parse().map_err(|_| RequestError::UnknownPackage)?;
    let span = info_span!("package_ahead", packaged_content_id = %id);
    async {
        let package = api.package_ahead(&id).await?;
        info!(status = %package.status(), "is made ahead");
        Ok(json(StatusCode::ACCEPTED, &package_response(&api, &package)))
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
        let response = match api.delete_package(&id).await {
            Err(RequestError::Unreadable(record)) => {
                api.delete_unreadable_package(&id).await?;
                json(StatusCode::ACCEPTED, &UnreadablePackage::from(record).deleting())
            }
            deleted => json(StatusCode::ACCEPTED, &package_response(&api, &deleted?)),
        };
        info!("deletion started");
        Ok(response)
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
        let response = match api.delete_content(&id).await {
            Err(RequestError::Unreadable(record)) => {
                api.delete_unreadable_content(&id).await?;
                json(StatusCode::ACCEPTED, &UnreadableContent::from(record).deleted())
            }
            deleted => json(StatusCode::ACCEPTED, &DeletedContent::from(&deleted?)),
        };
        info!("deleted");
        Ok(response)
    }
    .instrument(span)
    .await
}

/// The response of the health check.
#[derive(Serialize)]
struct Health {
    status: &'static str,
}

async fn contents<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = ListQuery::new(&uri, &["limit", "cursor", "status", "origin"])?;
    let filter = ContentFilter {
        verdict: query.parsed("status", VerdictKind::from_name, "Ingested, Subtitles or Refused")?,
        origin: query.text("origin").map(str::to_owned),
    };
    let (limit, cursor) = (query.limit()?, query.cursor()?);
    let page = api.contents(&filter, limit, cursor.as_ref()).await?;
    let response = ContentList {
        input_content: page
            .items
            .into_iter()
            .map(|content| OrUnreadable::of(content, |content| ContentSummary::from(content)))
            .collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    };
    Ok(json(StatusCode::OK, &response))
}

async fn packages<C: ApiCatalog, Q: ApiQueue, V: KeyVault, K: Clock>(
    State(api): Served<C, Q, V, K>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = ListQuery::new(&uri, &["limit", "cursor", "status", "input_content_id"])?;
    let status = "Queued, Fragmented, Encrypted, Ready, Failed or Deleting";
    let filter = PackageFilter {
        status: query.parsed("status", |name| name.parse().ok(), status)?,
        content: query.parsed("input_content_id", |id| id.parse().ok(), "the id of a content")?,
    };
    let (limit, cursor) = (query.limit()?, query.cursor()?);
    let page = api.packages(&filter, limit, cursor.as_ref()).await?;
    let response = PackageList {
        packaged_content: page
            .items
            .into_iter()
            .map(|package| OrUnreadable::of(package, |package| package_response(&api, package)))
            .collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    };
    Ok(json(StatusCode::OK, &response))
}

#[cfg(test)]
mod tests;
