//! `POST /packaged_content/{id}/playback_tokens`: playback tokens, which let a viewer play a package for a limited time.
//!
//! The licence server, which accepts the tokens, is a separate function: this function can sign tokens and cannot read a key.

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
use vpp_http::{Problem, json, unreadable_body};
use vpp_pipeline::api::licences::{PlaybackError, PlaybackTokens};
use vpp_pipeline::api::playback_token::TOKEN_SECONDS;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::ports::{Catalog, Clock, TokenSigner};

use crate::request_body::{MAX_BODY, decode};
use crate::responses::StreamUrls;

type Served<C, S, K> = State<Arc<PlaybackTokens<C, S, K>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    seconds: Option<u64>,
}

#[derive(Serialize)]
struct TokenResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_url: Option<String>,
    urls: StreamUrls,
}

/// Returns the route.
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
    let lifetime = lifetime(&body.map_err(|rejection| unreadable_body(&rejection, MAX_BODY))?)?;
    let span = info_span!("playback_token", packaged_content_id = %id);
    async {
        let issued = tokens.issue(&id, lifetime).await?;
        info!(expires_at = %issued.expires_at, "playback token issued");
        let (token, license_url) = issued.keys.map(|keys| (keys.token.to_string(), keys.licence_url)).unzip();
        let response =
            TokenResponse { token, expires_at: issued.expires_at, license_url, urls: StreamUrls::new(issued.url) };
        Ok(json(StatusCode::CREATED, &response))
    }
    .instrument(span)
    .await
}

/// Parses the requested lifetime of the token, if there is one. The body may be empty.
fn lifetime(body: &[u8]) -> Result<Option<Duration>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    let Body { seconds } = decode(body, &["seconds"])?;
    match seconds {
        Some(seconds) if !TOKEN_SECONDS.contains(&seconds) => {
            let (from, to) = TOKEN_SECONDS.into_inner();
            Err(Problem::field("invalid_field", "seconds", format!("expected {from} to {to} seconds")))
        }
        seconds => Ok(seconds.map(Duration::from_secs)),
    }
}
