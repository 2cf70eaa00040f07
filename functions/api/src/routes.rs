//! The routes.
//!
//! | | |
//! |---|---|
//! | `POST /packaged_content` | start a package, or find it started: 202 |
//! | `GET /packaged_content/{id}` | how far it is |
//! | `GET /packaged_content_id/{id}` | the same, at the original platform's path |
//! | `POST /packaged_content/{id}/playback_tokens` | a token to play it with: see [`crate::tokens`] |
//! | `GET /input_content?limit=&cursor=` | what was ingested, newest first |
//! | `GET /input_content/{id}` | one of them |
//! | `GET /health` | whether anything answers at all |
//!
//! Who may call which is said in [`crate::auth`].

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tracing::{Instrument, info, info_span};
use vpp_pipeline::api::{Api, Denied};
use vpp_pipeline::id::{ContentId, PackageId};
use vpp_pipeline::licence::PlaybackTokens;
use vpp_pipeline::message::FragmentMessage;
use vpp_pipeline::ports::{Catalog, Clock, KeyVault, Queue, TokenSigner, TokenStore};

use crate::auth::{Callers, authorize};
use crate::cors::cors;
use crate::problem::Problem;
use crate::request::package_request;
use crate::view::{ContentView, ContentsView, PackageView, WholeContentView};

/// Bytes of a request's body: most have 300, initialisation data of DRM systems may have some thousand.
const BODY: usize = 64 * 1024;
/// Contents on a page, unless the caller says otherwise.
const PAGE: u16 = 20;
/// Most contents on a page.
const LONGEST_PAGE: u16 = 100;

type Served<C, Q, V, K> = State<Arc<Api<C, Q, V, K>>>;

/// The API over its ports.
pub(crate) fn router<C, Q, V, K, S, T>(
    api: Arc<Api<C, Q, V, K>>,
    tokens: Arc<PlaybackTokens<C, S, K>>,
    callers: Arc<Callers<T, K>>,
) -> Router
where
    T: TokenStore + 'static,
    S: TokenSigner + 'static,
    C: Catalog + 'static,
    Q: Queue<FragmentMessage> + 'static,
    V: KeyVault + 'static,
    K: Clock + 'static,
{
    Router::new()
        .route("/packaged_content", post(create_package::<C, Q, V, K>))
        .route("/packaged_content/{id}", get(package::<C, Q, V, K>))
        .route("/packaged_content_id/{id}", get(package::<C, Q, V, K>))
        .route("/health", get(async || json(StatusCode::OK, &Health { status: "ok" })))
        .route("/input_content", get(contents::<C, Q, V, K>))
        .route("/input_content/{id}", get(content::<C, Q, V, K>))
        .with_state(api)
        .merge(crate::tokens::routes(tokens))
        .fallback(async || Problem::no_such_route())
        .method_not_allowed_fallback(async || Problem::no_such_method())
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(callers, authorize::<T, K>))
        .layer(from_fn(cors))
}

async fn create_package<C, Q, V, K>(
    State(api): Served<C, Q, V, K>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem>
where
    C: Catalog,
    Q: Queue<FragmentMessage>,
    V: KeyVault,
    K: Clock,
{
    let body = body.map_err(|rejection| unreadable(&rejection))?;
    let request = package_request(&body)?;
    let span = info_span!("create_package", input_content_id = %request.inputs.canonical());
    async {
        let package = api.create_package(request).await?;
        info!(packaged_content_id = %package.id, status = %package.status(), "accepted");
        let location = HeaderValue::try_from(format!("/packaged_content/{}", package.id));
        let mut response = json(StatusCode::ACCEPTED, &PackageView::new(&package, api.url(&package)));
        if let Ok(location) = location {
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(response)
    }
    .instrument(span)
    .await
}

async fn package<C, Q, V, K>(State(api): Served<C, Q, V, K>, Path(id): Path<String>) -> Result<Response, Problem>
where
    C: Catalog,
    Q: Queue<FragmentMessage>,
    V: KeyVault,
    K: Clock,
{
    let id: PackageId = id.parse().map_err(|_| Denied::UnknownPackage)?;
    let span = info_span!("package", packaged_content_id = %id);
    let package = api.package(&id).instrument(span).await?;
    Ok(json(StatusCode::OK, &PackageView::new(&package, api.url(&package))))
}

async fn content<C, Q, V, K>(State(api): Served<C, Q, V, K>, Path(id): Path<String>) -> Result<Response, Problem>
where
    C: Catalog,
    Q: Queue<FragmentMessage>,
    V: KeyVault,
    K: Clock,
{
    let id: ContentId = id.parse().map_err(|_| Denied::UnknownContent)?;
    let span = info_span!("content", input_content_id = %id);
    let content = api.content(&id).instrument(span).await?;
    Ok(json(StatusCode::OK, &WholeContentView::from(&content)))
}

/// The function answers.
#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// Read as text, so that a problem can name the parameter.
#[derive(Deserialize)]
struct Paging {
    limit: Option<String>,
    cursor: Option<String>,
}

async fn contents<C, Q, V, K>(State(api): Served<C, Q, V, K>, Query(paging): Query<Paging>) -> Result<Response, Problem>
where
    C: Catalog,
    Q: Queue<FragmentMessage>,
    V: KeyVault,
    K: Clock,
{
    let limit = paging.limit.map_or(Some(PAGE), |limit| limit.parse().ok());
    let limit = limit.filter(|limit| (1..=LONGEST_PAGE).contains(limit));
    let limit =
        limit.ok_or_else(|| Problem::field("invalid_field", "limit", format!("expected 1 to {LONGEST_PAGE}")))?;
    let cursor = paging.cursor.map(|cursor| cursor.parse()).transpose();
    let cursor = cursor.map_err(|error| Problem::field("invalid_field", "cursor", ToString::to_string(&error)))?;
    let page = api.contents(limit, Option::as_ref(&cursor)).await?;
    let view = ContentsView {
        input_content: page.contents.iter().map(ContentView::from).collect(),
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
