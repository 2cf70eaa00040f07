//! The body of `POST /packaged_content`, parsed into a [`PackageRequest`]. Every problem names its field.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use vpp_http::{Object, Problem};
use vpp_media::cenc::{ContentKey, Drm, FairPlayUri, KeyId, ParseDrmError, ParseKeyError, Pssh, Scheme};
use vpp_media::cmaf::{Layout, MAX_INPUTS, ProtectedTracks, UnsupportedTracks};
use vpp_media::plain_text::is_plain_text;
use vpp_media::track::is_language_tag;
use vpp_pipeline::api::package_request::{PackageRequest, RequestedProtection, SEGMENT_SECONDS};
use vpp_pipeline::domain::id::{ContentId, Inputs};
use vpp_pipeline::domain::package_options::{ProtectionOptions, RequestedKeys};
use vpp_pipeline::domain::subtitles::{SubtitleDescription, SubtitleKind};
use vpp_pipeline::domain::when::{RetentionDays, When};
use zeroize::Zeroizing;

use crate::request_body::{decode, missing_field};

/// Maximum number of subtitle files in a package: more than any movie has languages.
const MAX_SUBTITLES: usize = 64;

const FIELDS: [&str; 23] = [
    "input_content_id",
    "input_content_ids",
    "key",
    "kid",
    "audio_key",
    "audio_kid",
    "scheme",
    "encrypt",
    "audio_only",
    "unsupported",
    "segment_seconds",
    "layout",
    "when",
    "retention_days",
    "subtitles",
    "subtitles.input_content_id",
    "subtitles.language",
    "subtitles.label",
    "subtitles.kind",
    "drm",
    "drm.widevine",
    "drm.playready",
    "drm.fairplay",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    input_content_id: Option<String>,
    input_content_ids: Option<Vec<String>>,
    key: Option<String>,
    kid: Option<String>,
    audio_key: Option<String>,
    audio_kid: Option<String>,
    scheme: Option<String>,
    encrypt: Option<String>,
    #[serde(default)]
    audio_only: bool,
    unsupported: Option<String>,
    segment_seconds: Option<u64>,
    layout: Option<String>,
    when: Option<String>,
    retention_days: Option<u64>,
    #[serde(default)]
    subtitles: Vec<Object<SubtitlesBody>>,
    #[serde(default)]
    drm: Object<DrmBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubtitlesBody {
    input_content_id: Option<String>,
    language: Option<String>,
    label: Option<String>,
    kind: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DrmBody {
    widevine: Option<String>,
    playready: Option<String>,
    fairplay: Option<String>,
}

impl DrmBody {
    /// Returns the fields, and whether the request has them.
    fn present(&self) -> [(&'static str, bool); 3] {
        [
            ("drm.widevine", self.widevine.is_some()),
            ("drm.playready", self.playready.is_some()),
            ("drm.fairplay", self.fairplay.is_some()),
        ]
    }
}

/// Parses the body.
///
/// The defaults are `cbcs`, encryption of the video only (of the audio in a package of audio only), a key that the platform
/// generates, the platform's segment duration, and one file per segment, which is made ahead. A clear package takes no field about
/// keys.
pub(crate) fn package_request(body: &[u8], idempotency_key: Option<String>) -> Result<PackageRequest, Problem> {
    let body: Body = decode(body, &FIELDS)?;
    let inputs = inputs(&body)?;
    let segment_duration = body.segment_seconds.map(segment_duration).transpose()?;
    let layout = body.layout.as_deref().map(layout).transpose()?.unwrap_or_default();
    let (when, retention) = when(&body, layout)?;
    let audio_only = body.audio_only;
    let unsupported = body.unsupported.as_deref().map(unsupported).transpose()?.unwrap_or_default();
    let subtitles = subtitles(&body.subtitles)?;
    let (protection, drm) = match body.scheme.as_deref() {
        Some("clear") => (clear(&body)?, Drm::default()),
        _ => encrypted(body)?,
    };
    Ok(PackageRequest {
        inputs,
        protection,
        segment_duration,
        audio_only,
        unsupported,
        drm,
        layout,
        subtitles,
        when,
        retention,
        idempotency_key,
    })
}

/// Parses when segments are made, and how long those of viewers are kept.
fn when(body: &Body, layout: Layout) -> Result<(When, Option<RetentionDays>), Problem> {
    const DAYS: &str = "retention_days";
    let unknown = || Problem::field("invalid_field", "when", "expected ahead or on-demand");
    let when = body.when.as_deref().map(|name| When::from_name(name).ok_or_else(unknown)).transpose()?;
    let when = when.unwrap_or_default();
    if when == When::OnDemand && layout == Layout::SingleFile {
        let detail = "expected ahead: only single segments can be made on demand, which requires layout segments";
        return Err(Problem::field("invalid_field", "when", detail));
    }
    let Some(days) = body.retention_days else { return Ok((when, None)) };
    if when == When::Ahead {
        let detail = "not allowed: segments that are made ahead do not expire";
        return Err(Problem::field("invalid_field", DAYS, detail));
    }
    let allowed = RetentionDays::ALLOWED.map(|days| days.to_string()).join(", ");
    let invalid = || Problem::field("invalid_field", DAYS, format!("expected one of {allowed}"));
    Ok((when, Some(RetentionDays::new(days).ok_or_else(invalid)?)))
}

/// Parses one content or several: the request has exactly one of the two fields.
fn inputs(body: &Body) -> Result<Inputs, Problem> {
    const SEVERAL: &str = "input_content_ids";
    let Some(ids) = &body.input_content_ids else {
        let id = required("input_content_id", body.input_content_id.as_deref())?;
        let id: ContentId = id.parse().map_err(|error| invalid("input_content_id", &error))?;
        return Ok(id.into());
    };
    if body.input_content_id.is_some() {
        return Err(Problem::field(
            "invalid_field",
            SEVERAL,
            "expected either `input_content_id` or `input_content_ids`, not both",
        ));
    }
    let ids = ids.iter().map(|id| id.parse().map_err(|error| invalid(SEVERAL, &error)));
    let ids = ids.collect::<Result<Vec<ContentId>, Problem>>()?;
    let detail = || format!("expected 1 to {MAX_INPUTS} distinct ids");
    Inputs::new(ids).ok_or_else(|| Problem::field("invalid_field", SEVERAL, detail()))
}

/// Parses subtitle files and their descriptions.
pub(crate) fn subtitles(entries: &[Object<SubtitlesBody>]) -> Result<Vec<(ContentId, SubtitleDescription)>, Problem> {
    if entries.len() > MAX_SUBTITLES {
        let detail = format!("expected at most {MAX_SUBTITLES} subtitle files");
        return Err(Problem::field("invalid_field", "subtitles", detail));
    }
    let parse = |entry: &Object<SubtitlesBody>| {
        const ID: &str = "subtitles.input_content_id";
        const LANGUAGE: &str = "subtitles.language";
        let id = required(ID, entry.input_content_id.as_deref())?;
        let id = id.parse().map_err(|error| invalid(ID, &error))?;
        let language = language(LANGUAGE, required(LANGUAGE, entry.language.as_deref())?)?;
        let label = entry.label.as_deref().map(|text| label("subtitles.label", text)).transpose()?;
        let kind = entry.kind.as_deref().map_or(Some(SubtitleKind::default()), SubtitleKind::from_name);
        let expected = || Problem::field("invalid_field", "subtitles.kind", "expected subtitles, captions or forced");
        Ok((id, SubtitleDescription { language, label, kind: kind.ok_or_else(expected)? }))
    };
    entries.iter().map(parse).collect()
}

/// Parses the language of a track.
pub(crate) fn language(field: &'static str, tag: &str) -> Result<String, Problem> {
    if is_language_tag(tag) {
        return Ok(tag.to_owned());
    }
    Err(Problem::field("invalid_field", field, "expected a BCP 47 language tag, such as en or pt-BR"))
}

/// Parses the label of a track.
pub(crate) fn label(field: &'static str, text: &str) -> Result<String, Problem> {
    if (1..=100).contains(&text.chars().count()) && is_plain_text(text) && !text.contains('"') {
        return Ok(text.to_owned());
    }
    let detail = "expected 1 to 100 characters without quotation marks, control characters and bidirectional overrides";
    Err(Problem::field("invalid_field", field, detail))
}

fn clear(body: &Body) -> Result<RequestedProtection, Problem> {
    let fields = [
        ("key", body.key.is_some()),
        ("kid", body.kid.is_some()),
        ("audio_key", body.audio_key.is_some()),
        ("audio_kid", body.audio_kid.is_some()),
        ("encrypt", body.encrypt.is_some()),
    ];
    match fields.into_iter().chain(body.drm.present()).find(|(_, present)| *present) {
        Some((field, _)) => {
            Err(Problem::field("invalid_field", field, "not allowed: a clear package is not encrypted"))
        }
        None => Ok(RequestedProtection::Clear),
    }
}

fn encrypted(body: Body) -> Result<(RequestedProtection, Drm), Problem> {
    let default = if body.audio_only { "all" } else { "video" };
    let tracks = body.encrypt.as_deref().unwrap_or(default);
    let (scheme, tracks) = encryption(body.scheme.as_deref().unwrap_or("cbcs"), tracks)?;
    if body.audio_only && tracks == ProtectedTracks::Video {
        let detail = "expected all, or scheme clear: a package of audio only has no video to encrypt";
        return Err(Problem::field("invalid_field", "encrypt", detail));
    }
    let [key, audio_key] = [body.key, body.audio_key].map(|key| key.map(Zeroizing::new));
    if key.is_none() && body.kid.is_none() && audio_key.is_none() && body.audio_kid.is_none() {
        let drm = drm(&body.drm, scheme)?;
        return Ok((RequestedProtection::Encrypt { scheme, tracks, keys: None }, drm));
    }
    // A value that is malformed is reported before one that is missing.
    let kids = [("kid", body.kid.as_deref()), ("audio_kid", body.audio_kid.as_deref())];
    let [kid, audio_kid] = kids.map(|(field, text)| text.map(|text| parse_key::<KeyId>(field, text)).transpose());
    let keys = [("key", key), ("audio_key", audio_key)];
    let [key, audio_key] = keys.map(|(field, text)| text.map(|text| parse_key::<ContentKey>(field, &text)).transpose());
    let (kid, audio_kid, key, audio_key) = (kid?, audio_kid?, key?, audio_key?);
    let key = (required("kid", kid)?, required("key", key)?);
    let audio_key = match (audio_kid, audio_key) {
        (None, None) => None,
        (audio_kid, audio_key) => Some((required("audio_kid", audio_kid)?, required("audio_key", audio_key)?)),
    };
    if audio_key.is_some() && (tracks == ProtectedTracks::Video || body.audio_only) {
        let detail = "not allowed: only a package of video and audio with encrypt all can have a separate audio key";
        return Err(Problem::field("invalid_field", "audio_key", detail));
    }
    let keys = RequestedKeys { key, audio_key };
    if keys.audio_key.as_ref().is_some_and(|(kid, _)| *kid == keys.key.0) {
        return Err(Problem::field("invalid_field", "audio_kid", "expected a key id that differs from kid"));
    }
    let drm = drm(&body.drm, scheme)?;
    Ok((RequestedProtection::Encrypt { scheme, tracks, keys: Some(keys) }, drm))
}

/// Parses the signalling of the DRM systems. `FairPlay` supports `cbcs` only.
fn drm(body: &DrmBody, scheme: Scheme) -> Result<Drm, Problem> {
    let pssh = |field: &'static str, text: &Option<String>, parse: fn(&str) -> Result<Pssh, ParseDrmError>| {
        text.as_deref().map(|text| parse(text).map_err(|error| invalid(field, &error))).transpose()
    };
    if body.fairplay.is_some() && scheme != Scheme::Cbcs {
        return Err(Problem::field("invalid_field", "drm.fairplay", "FairPlay requires scheme cbcs"));
    }
    let fairplay = body.fairplay.as_deref().map(str::parse::<FairPlayUri>).transpose();
    Ok(Drm {
        widevine: pssh("drm.widevine", &body.widevine, Pssh::widevine)?,
        playready: pssh("drm.playready", &body.playready, Pssh::playready)?,
        fairplay: fairplay.map_err(|error| invalid("drm.fairplay", &error))?,
    })
}

fn required<T>(field: &'static str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| missing_field(field))
}

fn parse_key<T: FromStr<Err = ParseKeyError>>(field: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| invalid(field, &error))
}

fn invalid(field: &'static str, error: &impl ToString) -> Problem {
    Problem::field("invalid_field", field, error.to_string())
}

fn encryption(scheme: &str, tracks: &str) -> Result<(Scheme, ProtectedTracks), Problem> {
    match (ProtectionOptions::from_names(scheme, tracks), ProtectionOptions::from_names(scheme, "video")) {
        (Some(ProtectionOptions::Encrypt { scheme, tracks }), _) => Ok((scheme, tracks)),
        (_, Some(_)) => Err(Problem::field("invalid_field", "encrypt", "expected video or all")),
        (_, None) => Err(Problem::field("invalid_field", "scheme", "expected cbcs, cenc or clear")),
    }
}

fn layout(name: &str) -> Result<Layout, Problem> {
    let layout = Layout::from_name(name);
    layout.ok_or_else(|| Problem::field("invalid_field", "layout", "expected segments or single-file"))
}

fn unsupported(name: &str) -> Result<UnsupportedTracks, Problem> {
    let unsupported = UnsupportedTracks::from_name(name);
    unsupported.ok_or_else(|| Problem::field("invalid_field", "unsupported", "expected refuse or leave_out"))
}

fn segment_duration(seconds: u64) -> Result<Duration, Problem> {
    if SEGMENT_SECONDS.contains(&seconds) {
        return Ok(Duration::from_secs(seconds));
    }
    let (from, to) = SEGMENT_SECONDS.into_inner();
    Err(Problem::field("invalid_field", "segment_seconds", format!("expected {from} to {to} seconds")))
}
