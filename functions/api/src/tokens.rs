//! `POST /packaged_content/{id}/playback_tokens`: leave to play a package for a while.
//!
//! Where they lead is another function: this one can sign tokens and cannot read a key.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use tracing::{Instrument, info, info_span};
use vpp_http::Problem;
use vpp_pipeline::api::licences::{PlaybackError, PlaybackTokens};
use vpp_pipeline::api::playback_token::TOKEN_SECONDS;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::ports::{Catalog, Clock, TokenSigner};

use crate::routes::{json, unreadable};
use crate::view::Urls;

type Served<C, S, K> = State<Arc<PlaybackTokens<C, S, K>>>;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    seconds: Option<u64>,
}

#[derive(Serialize)]
struct TokenView {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_url: Option<String>,
    urls: Urls,
}

/// The route, over its ports.
pub(crate) fn routes<C, S, K>(tokens: Arc<PlaybackTokens<C, S, K>>) -> Router
where
    C: Catalog + 'static,
    S: TokenSigner + 'static,
    K: Clock + 'static,
{
    Router::new().route("/packaged_content/{id}/playback_tokens", post(issue::<C, S, K>)).with_state(tokens)
}

async fn issue<C, S, K>(
    State(tokens): Served<C, S, K>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem>
where
    C: Catalog,
    S: TokenSigner,
    K: Clock,
{
    let id: PackageId = id.parse().map_err(|_| PlaybackError::UnknownPackage)?;
    let lifetime = lifetime(&body.map_err(|rejection| unreadable(&rejection))?)?;
    let span = info_span!("playback_token", packaged_content_id = %id);
    async {
        let issued = tokens.issue(&id, lifetime).await?;
        info!(expires_at = %issued.expires_at, "token given");
        let (token, license_url) = issued.keys.map(|keys| (keys.token.to_string(), keys.licence_url)).unzip();
        let view = TokenView { token, expires_at: issued.expires_at, license_url, urls: Urls::new(issued.url) };
        Ok(json(StatusCode::CREATED, &view))
    }
    .instrument(span)
    .await
}

/// How long the token is to last, if the caller says.
fn lifetime(body: &[u8]) -> Result<Option<Duration>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let decoded = serde_path_to_error::deserialize::<_, Body>(&mut json).map_err(|error| {
        let field = error.path().to_string();
        match field.as_str() {
            "seconds" if error.inner().is_data() => wrong_lifetime(),
            "." => not_json(),
            _ if error.inner().is_data() => Problem::field("unknown_field", &field, "the known field is seconds"),
            _ => not_json(),
        }
    })?;
    json.end().map_err(|_| not_json())?;
    match decoded.seconds {
        Some(seconds) if !TOKEN_SECONDS.contains(&seconds) => Err(wrong_lifetime()),
        seconds => Ok(seconds.map(Duration::from_secs)),
    }
}

fn wrong_lifetime() -> Problem {
    let (from, to) = TOKEN_SECONDS.into_inner();
    Problem::field("invalid_field", "seconds", format!("expected {from} to {to} seconds"))
}

fn not_json() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_json", "the body is neither empty nor a JSON object")
}
