//! Contents and packages as callers see them. No field of a key exists here.

use std::collections::BTreeMap;

use serde::Serialize;
use vpp_media::cenc::Drm;
use vpp_media::preflight::{Preflight, PreflightView, Warning};
use vpp_pipeline::domain::content::{Content, Verdict};
use vpp_pipeline::domain::layout;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::probe_report::{Container, Track};
use vpp_pipeline::domain::resource_usage::ResourceUsage;
use vpp_pipeline::domain::state::State;
use vpp_pipeline::domain::subtitles::{SubtitleDescription, SubtitleFile};
use vpp_pipeline::domain::timestamp::Timestamp;

/// A package.
#[derive(Debug, Serialize)]
pub(crate) struct PackageView {
    packaged_content_id: String,
    input_content_id: String,
    /// Of a package of several contents, all of them in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    input_content_ids: Option<Vec<String>>,
    status: &'static str,
    progress: Progress,
    times: Times,
    url: String,
    urls: Urls,
    /// Whether the CDN asks for leave, which these addresses are without.
    private: bool,
    receipt: ReceiptView,
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_kid: Option<String>,
    scheme: &'static str,
    encrypt: &'static str,
    audio_only: bool,
    segment_seconds: f64,
    layout: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subtitles: Vec<SubtitlesView>,
    #[serde(skip_serializing_if = "DrmView::is_none")]
    drm: DrmView,
    created_at: Timestamp,
    fragmented_at: Option<Timestamp>,
    encrypted_at: Option<Timestamp>,
    ready_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
}

/// A subtitle file beside the movie.
#[derive(Debug, Serialize)]
struct SubtitlesView {
    input_content_id: String,
    language: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    kind: &'static str,
}

impl From<&SubtitleFile> for SubtitlesView {
    fn from(subtitles: &SubtitleFile) -> Self {
        let SubtitleDescription { language, label, kind } = subtitles.description.clone();
        Self { input_content_id: subtitles.content.to_string(), language, label, kind: kind.name() }
    }
}

/// The DRM systems that manifests name, as they were given.
#[derive(Debug, PartialEq, Eq, Default, Serialize)]
struct DrmView {
    #[serde(skip_serializing_if = "Option::is_none")]
    widevine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    playready: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fairplay: Option<String>,
}

impl DrmView {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl From<&Drm> for DrmView {
    fn from(drm: &Drm) -> Self {
        Self {
            widevine: drm.widevine.as_ref().map(ToString::to_string),
            playready: drm.playready.as_ref().map(ToString::to_string),
            fairplay: drm.fairplay.as_ref().map(ToString::to_string),
        }
    }
}

/// How far it is, exactly. `bytes_done` and `bytes_total` are of the sources.
#[derive(Debug, Serialize)]
struct Progress {
    work_units_done: u32,
    work_units_total: Option<u32>,
    bytes_done: u64,
    bytes_total: u64,
    bytes_read: u64,
    bytes_written: u64,
    source_bytes: u64,
}

/// When it came to which status, as far as it did.
#[derive(Debug, Serialize)]
struct Times {
    queued: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    fragmented: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ready: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleting: Option<Timestamp>,
}

/// Where players find it, or will.
#[derive(Debug, Serialize)]
pub(crate) struct Urls {
    dash: String,
    hls: String,
}

impl Urls {
    /// Of a stream whose MPD is at `dash`.
    pub(crate) fn new(dash: String) -> Self {
        Self { hls: layout::hls_url(&dash), dash }
    }
}

/// What it has cost so far.
#[derive(Debug, Serialize)]
struct ReceiptView {
    bytes_read: u64,
    bytes_written: u64,
    #[serde(flatten)]
    spent: Option<SpentView>,
}

/// What the functions that made it have spent, those of its contents included.
#[derive(Debug, Serialize)]
struct SpentView {
    #[serde(flatten)]
    all: StageView,
    /// Of each stage that is done; encrypt's is said when the package is Ready.
    stages: BTreeMap<&'static str, StageView>,
}

/// What functions have spent.
#[derive(Debug, Serialize)]
struct StageView {
    requests: Requests,
    function_ms: u64,
    peak_memory_bytes: u64,
}

/// Requests to the store.
#[derive(Debug, Serialize)]
struct Requests {
    get: u64,
    put: u64,
}

impl SpentView {
    /// Nothing is known of a package that was made before this was counted.
    fn of(package: &Package) -> Option<Self> {
        let all = package.usage.values().copied().reduce(ResourceUsage::and)?.into();
        let stages = package.usage.iter().map(|(stage, spent)| (stage.as_str(), (*spent).into())).collect();
        Some(Self { all, stages })
    }
}

impl From<ResourceUsage> for StageView {
    fn from(spent: ResourceUsage) -> Self {
        let requests = Requests { get: spent.gets, put: spent.puts };
        Self { requests, function_ms: spent.millis, peak_memory_bytes: spent.peak_memory }
    }
}

#[derive(Debug, Serialize)]
struct FailureView {
    stage: &'static str,
    code: String,
    message: String,
}

impl PackageView {
    /// A player finds it at `url`, or will; if it is `private`, with leave only.
    pub(crate) fn new(package: &Package, url: String, private: bool) -> Self {
        let options = &package.options;
        let (scheme, encrypt) = options.protection.names();
        let protection = package.encryption.as_ref().map(|encryption| encryption.protection);
        let plan = package.state.plan();
        let (deleting_at, state) = match &package.state {
            State::Deleting { at, before } => (Some(*at), &**before),
            state => (None, state),
        };
        let (ready_at, failed_at, failure) = match state {
            State::Ready { at, .. } => (Some(*at), None, None),
            State::Failed { at, failure, .. } => (None, Some(*at), Some(failure)),
            _ => (None, None, None),
        };
        let bytes_total = package.sources().map(|source| source.bytes).sum();
        let all_done = state.encrypted_at().is_some();
        Self {
            packaged_content_id: package.id.to_string(),
            input_content_id: package.content.to_string(),
            input_content_ids: (!package.further_inputs.is_empty())
                .then(|| package.contents().map(ToString::to_string).collect()),
            status: package.status().as_str(),
            progress: Progress {
                work_units_done: package.progress.work_units_done,
                work_units_total: plan.map(|plan| plan.work_units),
                bytes_done: if all_done { bytes_total } else { package.progress.bytes_read.min(bytes_total) },
                bytes_total,
                bytes_read: package.progress.bytes_read,
                bytes_written: package.progress.bytes_written,
                source_bytes: bytes_total,
            },
            times: Times {
                queued: package.created_at,
                fragmented: plan.map(|plan| plan.at),
                encrypted: state.encrypted_at(),
                ready: ready_at,
                failed: failed_at,
                deleting: deleting_at,
            },
            urls: Urls::new(url.clone()),
            url,
            private,
            receipt: ReceiptView {
                bytes_read: package.progress.bytes_read,
                bytes_written: package.progress.bytes_written,
                spent: SpentView::of(package),
            },
            kid: protection.map(|protection| protection.key.kid.to_string()),
            audio_kid: protection.and_then(|protection| protection.audio_key).map(|key| key.kid.to_string()),
            scheme,
            encrypt,
            audio_only: options.audio_only,
            segment_seconds: options.segment_duration.as_secs_f64(),
            layout: options.layout.name(),
            subtitles: options.subtitles.iter().map(SubtitlesView::from).collect(),
            drm: DrmView::from(&options.drm),
            created_at: package.created_at,
            fragmented_at: plan.map(|plan| plan.at),
            encrypted_at: state.encrypted_at(),
            ready_at,
            failed_at,
            failure: failure.map(|failure| FailureView {
                stage: failure.stage.as_str(),
                code: failure.code.clone(),
                message: failure.message.clone(),
            }),
        }
    }
}

/// A content; of what preflight found, the verdict and the codes of its warnings.
#[derive(Debug, Serialize)]
pub(crate) struct ContentView {
    input_content_id: String,
    input_content_origin: String,
    status: &'static str,
    bytes: u64,
    bytes_read: u64,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
    #[serde(flatten)]
    facts: VerdictView,
}

/// A content with all that preflight found.
#[derive(Debug, Serialize)]
pub(crate) struct WholeContentView<'c> {
    #[serde(flatten)]
    content: ContentView,
    #[serde(skip_serializing_if = "Option::is_none")]
    preflight: Option<PreflightView<'c>>,
}

impl<'c> From<&'c Content> for WholeContentView<'c> {
    fn from(content: &'c Content) -> Self {
        Self { content: content.into(), preflight: preflight(content).map(PreflightView::from) }
    }
}

fn preflight(content: &Content) -> Option<&Preflight> {
    content.media_info().and_then(|facts| facts.preflight.as_ref())
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum VerdictView {
    Ingested {
        video_track_number: Option<u32>,
        container: Container,
        tracks: Vec<Track>,
        #[serde(skip_serializing_if = "Option::is_none")]
        packaged_content_id: Option<String>,
    },
    Subtitles {
        media: &'static str,
    },
    Refused {
        code: String,
        message: String,
    },
}

impl From<&Content> for ContentView {
    fn from(content: &Content) -> Self {
        let facts = match &content.verdict {
            Verdict::Ingested(facts) => VerdictView::Ingested {
                video_track_number: facts.video_track_number,
                container: facts.report.container.clone(),
                tracks: facts.report.tracks.clone(),
                packaged_content_id: facts.package.as_ref().map(ToString::to_string),
            },
            Verdict::Subtitles => VerdictView::Subtitles { media: "subtitles" },
            Verdict::Refused(refusal) => {
                VerdictView::Refused { code: refusal.code.clone(), message: refusal.message.clone() }
            }
        };
        Self {
            input_content_id: content.id.to_string(),
            input_content_origin: content.location.to_string(),
            status: content.status(),
            bytes: content.bytes,
            bytes_read: content.bytes_read,
            created_at: content.created_at,
            verdict: content.preflight_verdict(),
            warnings: preflight(content).map_or(&[][..], |own| &own.warnings).iter().map(Warning::code).collect(),
            facts,
        }
    }
}

/// Some contents, and where the next page starts.
#[derive(Debug, Serialize)]
pub(crate) struct ContentsView {
    pub(crate) input_content: Vec<ContentView>,
    pub(crate) next_cursor: Option<String>,
}

/// Some packages, and where the next page starts.
#[derive(Debug, Serialize)]
pub(crate) struct PackagesView {
    pub(crate) packaged_content: Vec<PackageView>,
    pub(crate) next_cursor: Option<String>,
}

/// A content that is gone.
#[derive(Debug, Serialize)]
pub(crate) struct DeletedView {
    input_content_id: String,
    input_content_origin: String,
    status: &'static str,
    deleted_at: Option<Timestamp>,
}

impl From<&Content> for DeletedView {
    fn from(content: &Content) -> Self {
        Self {
            input_content_id: content.id.to_string(),
            input_content_origin: content.location.to_string(),
            status: "Deleted",
            deleted_at: content.deleted_at,
        }
    }
}
