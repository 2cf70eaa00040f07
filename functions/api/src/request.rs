//! The body of `POST /packaged_content`, parsed into what the use case takes. Every problem names its field.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use vpp_media::cenc::ParseKeyError;
use vpp_pipeline::api::{PackageRequest, RequestedTreatment, SEGMENT_SECONDS};
use vpp_pipeline::package::Treatment;
use zeroize::Zeroizing;

use crate::problem::Problem;
use axum::http::StatusCode;

const FIELDS: [&str; 6] = ["input_content_id", "key", "kid", "scheme", "encrypt", "segment_seconds"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    input_content_id: Option<String>,
    key: Option<String>,
    kid: Option<String>,
    scheme: Option<String>,
    encrypt: Option<String>,
    segment_seconds: Option<u64>,
}

/// Reads the body.
///
/// Defaults: `cbcs`, the video only, the platform's segment duration. A clear package takes neither key nor kid.
pub(crate) fn package_request(body: &[u8]) -> Result<PackageRequest, Problem> {
    let body = decode(body)?;
    let content = required("input_content_id", body.input_content_id)?;
    let content = content.parse().map_err(|error| invalid("input_content_id", &error))?;
    let key = body.key.map(Zeroizing::new);
    let treatment = match body.scheme.as_deref().unwrap_or("cbcs") {
        "clear" => {
            let given = [("key", key.is_some()), ("kid", body.kid.is_some()), ("encrypt", body.encrypt.is_some())];
            if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
                return Err(Problem::field("invalid_field", field, "a clear package is not encrypted: leave it out"));
            }
            RequestedTreatment::Clear
        }
        scheme => {
            let tracks = body.encrypt.as_deref().unwrap_or("video");
            let (scheme, tracks) = encryption(scheme, tracks)?;
            let key = parse("key", required("key", key)?.as_str())?;
            let kid = parse("kid", &required("kid", body.kid)?)?;
            RequestedTreatment::Encrypt { scheme, tracks, key, kid }
        }
    };
    let segment_duration = body.segment_seconds.map(segment_duration).transpose()?;
    Ok(PackageRequest { content, treatment, segment_duration })
}

/// The JSON's shape. serde's own words are not passed on: they repeat values.
fn decode(body: &[u8]) -> Result<Body, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let decoded: Body = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        if !error.inner().is_data() {
            return not_json();
        }
        match FIELDS.contains(&field.as_str()) {
            true => Problem::field("invalid_field", &field, format!("`{field}` is not of its type")),
            false if field == "." => not_json(),
            false => Problem::field("unknown_field", &field, format!("known fields are {}", FIELDS.join(", "))),
        }
    })?;
    json.end().map_err(|_| not_json())?;
    Ok(decoded)
}

fn not_json() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_json", "the body is not a JSON object")
}

fn required<T>(field: &'static str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::field("missing_field", field, format!("`{field}` is required")))
}

fn parse<T: FromStr<Err = ParseKeyError>>(field: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| invalid(field, &error))
}

fn invalid(field: &'static str, error: &impl ToString) -> Problem {
    Problem::field("invalid_field", field, error.to_string())
}

fn encryption(
    scheme: &str,
    tracks: &str,
) -> Result<(vpp_media::cenc::Scheme, vpp_media::cmaf::ProtectedTracks), Problem> {
    match (Treatment::from_names(scheme, tracks), Treatment::from_names(scheme, "video")) {
        (Some(Treatment::Encrypt { scheme, tracks }), _) => Ok((scheme, tracks)),
        (_, Some(_)) => Err(Problem::field("invalid_field", "encrypt", "expected video or all")),
        (_, None) => Err(Problem::field("invalid_field", "scheme", "expected cbcs, cenc or clear")),
    }
}

fn segment_duration(seconds: u64) -> Result<Duration, Problem> {
    if SEGMENT_SECONDS.contains(&seconds) {
        return Ok(Duration::from_secs(seconds));
    }
    let (from, to) = SEGMENT_SECONDS.into_inner();
    Err(Problem::field("invalid_field", "segment_seconds", format!("expected {from} to {to} seconds")))
}
