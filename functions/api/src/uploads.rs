//! Files that callers send, straight to the uploads bucket.
//!
//! | | |
//! |---|---|
//! | `POST /uploads` | announce a file, and get URLs to send it to: 201 |
//! | `GET /uploads/{id}?from=&limit=` | what has arrived, and new URLs for what has not |
//! | `POST /uploads/{id}/complete` | make it an object, and learn its `input_content_id`: 200 |
//! | `DELETE /uploads/{id}` | give it up: 200 |

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tracing::{Instrument, info, info_span};
use vpp_http::Problem;
use vpp_pipeline::api::client_uploads::{ClientUploads, PartWindow, UploadProgress};
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::client_upload::{MAX_FILE_BYTES, MAX_NAME_LENGTH, MAX_URLS};
use vpp_pipeline::domain::id::ClientUploadId;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::ports::{ClientUploadStore, Clock, RequestRecords};

use crate::asked::Asked;
use crate::body::{self, idempotency_key};
use crate::routes::{json, unreadable};

type Served<S, B, K> = State<Arc<ClientUploads<S, B, K>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: Option<String>,
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct UploadView {
    upload_id: String,
    name: String,
    bytes: u64,
    part_bytes: u64,
    parts: u16,
    arrived: Vec<u16>,
    urls: Vec<UrlView>,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct UrlView {
    part: u16,
    url: String,
}

#[derive(Serialize)]
struct CompletedView {
    upload_id: String,
    input_content_id: String,
    input_content_origin: String,
}

#[derive(Serialize)]
struct GivenUpView {
    upload_id: String,
    status: &'static str,
}

impl From<UploadProgress> for UploadView {
    fn from(underway: UploadProgress) -> Self {
        let UploadProgress { upload, arrived, urls, expires_at } = underway;
        Self {
            upload_id: upload.id.to_string(),
            bytes: upload.bytes,
            part_bytes: upload.part_bytes(),
            parts: upload.part_count(),
            name: upload.name,
            arrived,
            urls: urls.into_iter().map(|(part, url)| UrlView { part, url }).collect(),
            expires_at,
        }
    }
}

/// The routes, over their ports.
pub(crate) fn routes<S, B, K>(uploads: Arc<ClientUploads<S, B, K>>) -> Router
where
    S: ClientUploadStore + 'static,
    B: RequestRecords + 'static,
    K: Clock + 'static,
{
    Router::new()
        .route("/uploads", post(begin::<S, B, K>))
        .route("/uploads/{id}", get(progress::<S, B, K>).delete(abort::<S, B, K>))
        .route("/uploads/{id}/complete", post(complete::<S, B, K>))
        .with_state(uploads)
}

async fn begin<S: ClientUploadStore, B: RequestRecords, K: Clock>(
    State(uploads): Served<S, B, K>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let (name, bytes) = announced(&body.map_err(|rejection| unreadable(&rejection))?)?;
    let id = match idempotency_key(&headers)? {
        Some(key) => ClientUploadId::of(&[b"key", key.as_bytes()]),
        None => ClientUploadId::of(&[b"random", &vpp_aws::random().map_err(|_| unlucky())?]),
    };
    let span = info_span!("upload", upload_id = %id);
    async {
        let underway = uploads.begin(id, &name, bytes).await?;
        if (&underway.upload.name, underway.upload.bytes) != (&name, bytes) {
            return Err(RequestError::KeyReused.into());
        }
        info!(bytes, "announced");
        Ok(json(StatusCode::CREATED, &UploadView::from(underway)))
    }
    .instrument(span)
    .await
}

async fn progress<S: ClientUploadStore, B: RequestRecords, K: Clock>(
    State(uploads): Served<S, B, K>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = Asked::of(asked, &["from", "limit"])?;
    let number = |name: &str, most: u16| {
        let read = |text: &str| text.parse().ok().filter(|number| (1..=most).contains(number));
        asked.named(name, read, &format!("1 to {most}"))
    };
    let whole = PartWindow::default();
    let from = number("from", 10_000)?.unwrap_or(whole.from);
    let limit = number("limit", MAX_URLS)?.unwrap_or(whole.limit);
    let id = parse(&id)?;
    let span = info_span!("upload", upload_id = %id);
    let underway = uploads.progress(&id, PartWindow { from, limit }).instrument(span).await?;
    Ok(json(StatusCode::OK, &UploadView::from(underway)))
}

async fn complete<S: ClientUploadStore, B: RequestRecords, K: Clock>(
    State(uploads): Served<S, B, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let span = info_span!("upload", upload_id = %id);
    async {
        let (content, location) = uploads.complete(&id).await?;
        info!(input_content_id = %content, "complete");
        let view = CompletedView {
            upload_id: id.to_string(),
            input_content_id: content.to_string(),
            input_content_origin: location.to_string(),
        };
        Ok(json(StatusCode::OK, &view))
    }
    .instrument(span)
    .await
}

async fn abort<S: ClientUploadStore, B: RequestRecords, K: Clock>(
    State(uploads): Served<S, B, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let span = info_span!("upload", upload_id = %id);
    let incoming = uploads.abort(&id).instrument(span).await?;
    Ok(json(StatusCode::OK, &GivenUpView { upload_id: incoming.id.to_string(), status: "GivenUp" }))
}

fn parse(id: &str) -> Result<ClientUploadId, Problem> {
    Ok(id.parse().map_err(|_| RequestError::UnknownUpload)?)
}

/// What is announced: a name that can be the end of an object's key, and a length.
fn announced(bytes: &[u8]) -> Result<(String, u64), Problem> {
    let Body { name, bytes } = body::decode(bytes, &["name", "bytes"])?;
    let missing = |field| Problem::field("missing_field", field, format!("`{field}` is required"));
    let name = name.ok_or_else(|| missing("name"))?;
    let bytes = bytes.ok_or_else(|| missing("bytes"))?;
    let readable = |name: &str| !name.chars().any(|c| c.is_control() || "/\\".contains(c));
    if !(1..=MAX_NAME_LENGTH).contains(&name.len()) || !readable(&name) || [".", ".."].contains(&name.as_str()) {
        let detail = format!("expected the name of a file, of 1 to {MAX_NAME_LENGTH} bytes, without slashes");
        return Err(Problem::field("invalid_field", "name", detail));
    }
    if !(1..=MAX_FILE_BYTES).contains(&bytes) {
        let detail = format!("expected 1 to {MAX_FILE_BYTES} bytes");
        return Err(Problem::field("invalid_field", "bytes", detail));
    }
    Ok((name, bytes))
}

fn unlucky() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the platform could not do this just now: try again")
}
