//! `PATCH /packaged_content/{id}` and the revisions below it: edits of manifests that move no media.
//!
//! Each edit makes a revision. `If-Match` with the `ETag` of a revision makes an edit conditional: it is refused if another edit
//! was faster (RFC 9110 13.1.1). It is not required, because an edit states only what it changes.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::{get, patch, post};
use tracing::{Instrument, info, info_span};
use vpp_http::{Problem, json, unreadable_body};
use vpp_pipeline::api::edits::Editing;
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::message::DashMessage;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::revision::{Revision, RevisionTag};
use vpp_pipeline::ports::{Catalog, Clock, ObjectStore, Queue, Revisions};

use crate::edit_request::edit_request;
use crate::list_query::ListQuery;
use crate::request_body::MAX_BODY;
use crate::responses::{RevisionField, RevisionList, RevisionResponse, RevisionSummary};

type Served<S, C, Q, K> = State<Arc<Editing<S, C, Q, K>>>;

/// A tag that no revision has.
const NO_REVISION: RevisionTag = RevisionTag { attempt: 0, number: u32::MAX };

/// Returns the routes.
pub(crate) fn routes<S, C, Q, K>(editing: Arc<Editing<S, C, Q, K>>) -> Router
where
    S: ObjectStore + 'static,
    C: Catalog + Revisions + 'static,
    Q: Queue<DashMessage> + 'static,
    K: Clock + 'static,
{
    Router::new()
        .route("/packaged_content/{id}", patch(edit::<S, C, Q, K>))
        .route("/packaged_content/{id}/revisions", get(revisions::<S, C, Q, K>))
        .route("/packaged_content/{id}/revisions/{number}", get(revision::<S, C, Q, K>))
        .route("/packaged_content/{id}/revisions/{number}/restore", post(restore::<S, C, Q, K>))
        .with_state(editing)
}

async fn edit<S: ObjectStore, C: Catalog + Revisions, Q: Queue<DashMessage>, K: Clock>(
    State(editing): Served<S, C, Q, K>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let id: PackageId = id.parse().map_err(|_| RequestError::UnknownPackage)?;
    let request = edit_request(&body.map_err(|rejection| unreadable_body(&rejection, MAX_BODY))?)?;
    let span = info_span!("edit", packaged_content_id = %id);
    async {
        let (package, revision) = editing.edit(&id, expected(&headers), &request).await?;
        info!(revision = revision.number, "edited");
        respond(&editing, StatusCode::ACCEPTED, &package, &revision).await
    }
    .instrument(span)
    .await
}

async fn restore<S: ObjectStore, C: Catalog + Revisions, Q: Queue<DashMessage>, K: Clock>(
    State(editing): Served<S, C, Q, K>,
    Path((id, number)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (id, number) = revision_of_path(&id, &number)?;
    let span = info_span!("restore", packaged_content_id = %id);
    async {
        let (package, revision) = editing.restore(&id, expected(&headers), number).await?;
        info!(restored = number, revision = revision.number, "brought back");
        respond(&editing, StatusCode::ACCEPTED, &package, &revision).await
    }
    .instrument(span)
    .await
}

async fn revisions<S: ObjectStore, C: Catalog + Revisions, Q: Queue<DashMessage>, K: Clock>(
    State(editing): Served<S, C, Q, K>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let id: PackageId = id.parse().map_err(|_| RequestError::UnknownPackage)?;
    let query = ListQuery::new(&uri, &["limit", "before"])?;
    let before = query.parsed("before", |text| text.parse().ok(), "the number of a revision")?;
    let span = info_span!("revisions", packaged_content_id = %id);
    let (package, revisions) = editing.revisions(&id, before, query.limit()?).instrument(span).await?;
    let list = RevisionList {
        packaged_content_id: id.to_string(),
        progress: RevisionField::from(&package.revisions),
        revisions: revisions.iter().map(RevisionSummary::from).collect(),
    };
    Ok(tagged(json(StatusCode::OK, &list), package.revision_tag()))
}

async fn revision<S: ObjectStore, C: Catalog + Revisions, Q: Queue<DashMessage>, K: Clock>(
    State(editing): Served<S, C, Q, K>,
    Path((id, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (id, number) = revision_of_path(&id, &number)?;
    let span = info_span!("revision", packaged_content_id = %id);
    async {
        let (package, revision) = editing.revision(&id, number).await?;
        respond(&editing, StatusCode::OK, &package, &revision).await
    }
    .instrument(span)
    .await
}

async fn respond<S: ObjectStore, C: Catalog + Revisions, Q: Queue<DashMessage>, K: Clock>(
    editing: &Editing<S, C, Q, K>,
    status: StatusCode,
    package: &Package,
    revision: &Revision,
) -> Result<Response, Problem> {
    let renditions = editing.renditions(package, revision).await?;
    let tag = RevisionTag { attempt: package.attempt, number: revision.number };
    Ok(tagged(json(status, &RevisionResponse::new(package, revision, renditions)), tag))
}

/// Adds the `ETag` of a revision.
fn tagged(mut response: Response, tag: RevisionTag) -> Response {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{tag}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Returns the revision that `If-Match` requires; none without the header, and for `*`. A tag that is not one of ours matches no
/// revision.
fn expected(headers: &HeaderMap) -> Option<RevisionTag> {
    let value = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default().trim();
    let tag = || value.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    (value != "*").then(|| tag().unwrap_or(NO_REVISION))
}

fn revision_of_path(id: &str, number: &str) -> Result<(PackageId, u32), RequestError> {
    let id = id.parse().map_err(|_| RequestError::UnknownPackage)?;
    Ok((id, number.parse().map_err(|_| RequestError::UnknownRevision)?))
}
