//! Uploads: callers PUT files directly to the uploads bucket, with presigned URLs.
//!
//! | | |
//! |---|---|
//! | `POST /uploads` | create an upload, with a presigned URL for each part: 201 |
//! | `GET /uploads/{id}?from=&limit=` | the parts that have arrived, and new presigned URLs for the others |
//! | `POST /uploads/{id}/complete` | assemble the file; returns its `input_content_id`: 200 |
//! | `DELETE /uploads/{id}` | abort the upload: 200 |

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tracing::{Instrument, info, info_span};
use vpp_http::{Problem, json, unreadable_body};
use vpp_media::plain_text::is_plain_text;
use vpp_pipeline::api::client_uploads::{ClientUploads, PartWindow, UploadProgress};
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::client_upload::{MAX_FILE_BYTES, MAX_NAME_LENGTH, MAX_URLS};
use vpp_pipeline::domain::id::ClientUploadId;
use vpp_pipeline::domain::ingest_message::IngestMessage;
use vpp_pipeline::domain::multipart::MAX_PARTS;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::ports::{ClientUploadStore, Clock, Queue, RequestRecords};

use crate::audit::Created;
use crate::idempotency_key_header::idempotency_key;
use crate::list_query::ListQuery;
use crate::request_body::{MAX_BODY, decode, missing_field};

type Served<S, B, Q, K> = State<Arc<ClientUploads<S, B, Q, K>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: Option<String>,
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct UploadResponse {
    upload_id: String,
    name: String,
    bytes: u64,
    part_bytes: u64,
    parts: u16,
    arrived: Vec<u16>,
    urls: Vec<PartUrl>,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct PartUrl {
    part: u16,
    url: String,
}

#[derive(Serialize)]
struct CompletedUpload {
    upload_id: String,
    input_content_id: String,
    input_content_origin: String,
}

#[derive(Serialize)]
struct AbortedUpload {
    upload_id: String,
    status: &'static str,
}

impl From<UploadProgress> for UploadResponse {
    fn from(progress: UploadProgress) -> Self {
        let UploadProgress { upload, arrived, urls, expires_at } = progress;
        Self {
            upload_id: upload.id.to_string(),
            bytes: upload.bytes,
            part_bytes: upload.part_bytes(),
            parts: upload.part_count(),
            name: upload.name,
            arrived,
            urls: urls.into_iter().map(|(part, url)| PartUrl { part, url }).collect(),
            expires_at,
        }
    }
}

/// Returns the routes.
pub(crate) fn routes<S, B, Q, K>(uploads: Arc<ClientUploads<S, B, Q, K>>) -> Router
where
    S: ClientUploadStore + 'static,
    B: RequestRecords + 'static,
    Q: Queue<IngestMessage> + 'static,
    K: Clock + 'static,
{
    Router::new()
        .route("/uploads", post(create::<S, B, Q, K>))
        .route("/uploads/{id}", get(progress::<S, B, Q, K>).delete(abort::<S, B, Q, K>))
        .route("/uploads/{id}/complete", post(complete::<S, B, Q, K>))
        .with_state(uploads)
}

async fn create<S: ClientUploadStore, B: RequestRecords, Q: Queue<IngestMessage>, K: Clock>(
    State(uploads): Served<S, B, Q, K>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|rejection| unreadable_body(&rejection, MAX_BODY))?;
    let (name, bytes) = parse_request(&body)?;
    let id = match idempotency_key(&headers)? {
        Some(key) => ClientUploadId::of(&[b"key", key.as_bytes()]),
        None => ClientUploadId::of(&[b"random", &vpp_aws::random().map_err(|_| Problem::unavailable())?]),
    };
    let span = info_span!("upload", upload_id = %id);
    async {
        let progress = uploads.begin(id.clone(), &name, bytes).await?;
        if (&progress.upload.name, progress.upload.bytes) != (&name, bytes) {
            return Err(RequestError::KeyReused.into());
        }
        info!(bytes, "upload created");
        Ok(Created::mark(&id, json(StatusCode::CREATED, &UploadResponse::from(progress))))
    }
    .instrument(span)
    .await
}

async fn progress<S: ClientUploadStore, B: RequestRecords, Q: Queue<IngestMessage>, K: Clock>(
    State(uploads): Served<S, B, Q, K>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = ListQuery::new(&uri, &["from", "limit"])?;
    let defaults = PartWindow::default();
    let from = query.number("from", MAX_PARTS)?.unwrap_or(defaults.from);
    let limit = query.number("limit", MAX_URLS.into())?.unwrap_or(defaults.limit);
    let id = parse_id(&id)?;
    let span = info_span!("upload", upload_id = %id);
    let progress = uploads.progress(&id, PartWindow { from, limit }).instrument(span).await?;
    Ok(json(StatusCode::OK, &UploadResponse::from(progress)))
}

async fn complete<S: ClientUploadStore, B: RequestRecords, Q: Queue<IngestMessage>, K: Clock>(
    State(uploads): Served<S, B, Q, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    let span = info_span!("upload", upload_id = %id);
    async {
        let (content, location) = uploads.complete(&id).await?;
        info!(input_content_id = %content, "upload completed");
        let response = CompletedUpload {
            upload_id: id.to_string(),
            input_content_id: content.to_string(),
            input_content_origin: location.to_string(),
        };
        Ok(Created::mark(&content, json(StatusCode::OK, &response)))
    }
    .instrument(span)
    .await
}

async fn abort<S: ClientUploadStore, B: RequestRecords, Q: Queue<IngestMessage>, K: Clock>(
    State(uploads): Served<S, B, Q, K>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    let span = info_span!("upload", upload_id = %id);
    uploads.abort(&id).instrument(span).await?;
    Ok(json(StatusCode::OK, &AbortedUpload { upload_id: id.to_string(), status: "Aborted" }))
}

fn parse_id(id: &str) -> Result<ClientUploadId, Problem> {
    Ok(id.parse().map_err(|_| RequestError::UnknownUpload)?)
}

/// Parses the name of the file, which becomes the end of an object key, and its length.
fn parse_request(body: &[u8]) -> Result<(String, u64), Problem> {
    let Body { name, bytes } = decode(body, &["name", "bytes"])?;
    let name = name.ok_or_else(|| missing_field("name"))?;
    let bytes = bytes.ok_or_else(|| missing_field("bytes"))?;
    let is_allowed = |name: &str| is_plain_text(name) && !name.contains(['/', '\\']);
    if !(1..=MAX_NAME_LENGTH).contains(&name.len()) || !is_allowed(&name) || [".", ".."].contains(&name.as_str()) {
        let detail = format!(
            "expected a file name of 1 to {MAX_NAME_LENGTH} bytes without slashes, control characters and bidirectional overrides"
        );
        return Err(Problem::field("invalid_field", "name", detail));
    }
    if !(1..=MAX_FILE_BYTES).contains(&bytes) {
        let detail = format!("expected 1 to {MAX_FILE_BYTES} bytes");
        return Err(Problem::field("invalid_field", "bytes", detail));
    }
    Ok((name, bytes))
}
