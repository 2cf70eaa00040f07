//! Packages as callers see them.

use std::collections::BTreeMap;

use serde::Serialize;
use vpp_media::cenc::Drm;
use vpp_media::cmaf::RepresentationId;
use vpp_pipeline::domain::layout;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::resource_usage::ResourceUsage;
use vpp_pipeline::domain::state::State;
use vpp_pipeline::domain::subtitles::{SubtitleDescription, SubtitleFile};
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::domain::when::RetentionDays;

use super::revision::RevisionField;
use super::unreadable::{OrUnreadable, UnreadablePackage};

/// A package.
#[derive(Debug, Serialize)]
pub(crate) struct PackageResponse {
    packaged_content_id: String,
    input_content_id: String,
    /// All contents in order, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    input_content_ids: Option<Vec<String>>,
    status: &'static str,
    /// Whether players can play it: segments that are not written yet are made when they are requested.
    playable: bool,
    progress: Progress,
    times: Times,
    url: String,
    urls: StreamUrls,
    /// Whether the CDN requires signed paths. The URLs here are not signed.
    private: bool,
    receipt: Receipt,
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_kid: Option<String>,
    scheme: &'static str,
    encrypt: &'static str,
    audio_only: bool,
    unsupported: &'static str,
    segment_seconds: f64,
    layout: &'static str,
    when: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_days: Option<u16>,
    /// Segments made on demand.
    segments_made: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subtitles: Vec<SubtitlesField>,
    /// The revisions of its manifests.
    revision: RevisionField,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<WarningField>,
    #[serde(skip_serializing_if = "DrmField::is_none")]
    drm: DrmField,
    created_at: Timestamp,
    fragmented_at: Option<Timestamp>,
    encrypted_at: Option<Timestamp>,
    ready_at: Option<Timestamp>,
    playable_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureField>,
}

/// A warning about the output of the package.
#[derive(Debug, Serialize)]
struct WarningField {
    code: &'static str,
    /// The representation, whose name is that of its folder.
    representation: String,
    message: &'static str,
    action: &'static str,
}

impl WarningField {
    /// Returns the warning about a representation of which nothing is encrypted. The report on its content has a warning with the
    /// same code if its index tells.
    fn nothing_encrypted(representation: &RepresentationId) -> Self {
        Self {
            code: "nothing_to_encrypt",
            representation: representation.to_string(),
            message: "signalled as encrypted, but no sample is large enough to encrypt",
            action: "request cenc if the track must be encrypted, or leave it clear",
        }
    }
}

/// A subtitle file of the package.
#[derive(Debug, Serialize)]
struct SubtitlesField {
    input_content_id: String,
    language: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    kind: &'static str,
}

impl From<&SubtitleFile> for SubtitlesField {
    fn from(subtitles: &SubtitleFile) -> Self {
        let SubtitleDescription { language, label, kind } = subtitles.description.clone();
        Self { input_content_id: subtitles.content.to_string(), language, label, kind: kind.name() }
    }
}

/// The signalling of the DRM systems, as the request specified it.
#[derive(Debug, PartialEq, Eq, Default, Serialize)]
struct DrmField {
    #[serde(skip_serializing_if = "Option::is_none")]
    widevine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    playready: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fairplay: Option<String>,
}

impl DrmField {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl From<&Drm> for DrmField {
    fn from(drm: &Drm) -> Self {
        Self {
            widevine: drm.widevine.as_ref().map(ToString::to_string),
            playready: drm.playready.as_ref().map(ToString::to_string),
            fairplay: drm.fairplay.as_ref().map(ToString::to_string),
        }
    }
}

/// The progress. `bytes_done` and `bytes_total` count source bytes.
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

/// The time of each status that the package has reached.
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

/// The URLs of the manifests, which players can load once the package is playable.
#[derive(Debug, Serialize)]
pub(crate) struct StreamUrls {
    dash: String,
    hls: String,
}

impl StreamUrls {
    /// Returns the URLs of a package whose MPD is at `dash`.
    pub(crate) fn new(dash: String) -> Self {
        Self { hls: layout::hls_url(&dash), dash }
    }
}

/// The resource usage so far.
#[derive(Debug, Serialize)]
struct Receipt {
    bytes_read: u64,
    bytes_written: u64,
    #[serde(flatten)]
    usage: Option<Usage>,
}

/// The resource usage of the functions that created the package and ingested its contents.
#[derive(Debug, Serialize)]
struct Usage {
    #[serde(flatten)]
    total: StageUsage,
    /// The usage of each completed stage. The usage of encrypt is known when the package is Ready.
    stages: BTreeMap<&'static str, StageUsage>,
}

/// The resource usage of functions.
#[derive(Debug, Serialize)]
struct StageUsage {
    requests: Requests,
    function_ms: u64,
    peak_memory_bytes: u64,
}

/// Requests to S3.
#[derive(Debug, Serialize)]
struct Requests {
    get: u64,
    put: u64,
}

impl Usage {
    /// Returns `None` for a package of an older version, which did not count usage.
    fn of(package: &Package) -> Option<Self> {
        let total = package.usage.values().copied().reduce(ResourceUsage::and)?.into();
        let stages = package.usage.iter().map(|(stage, usage)| (stage.as_str(), (*usage).into())).collect();
        Some(Self { total, stages })
    }
}

impl From<ResourceUsage> for StageUsage {
    fn from(usage: ResourceUsage) -> Self {
        let requests = Requests { get: usage.gets, put: usage.puts };
        Self { requests, function_ms: usage.millis, peak_memory_bytes: usage.peak_memory }
    }
}

#[derive(Debug, Serialize)]
struct FailureField {
    stage: &'static str,
    code: String,
    message: String,
}

impl PackageResponse {
    /// Creates the response for a package whose MPD is at `url`. If it is `private`, the CDN requires signed paths.
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
        let bytes_total = package.source_bytes();
        let all_done = state.encrypted_at().is_some();
        Self {
            packaged_content_id: package.id.to_string(),
            input_content_id: package.content.to_string(),
            input_content_ids: (!package.further_inputs.is_empty())
                .then(|| package.contents().map(ToString::to_string).collect()),
            status: package.status().as_str(),
            playable: package.playable_at().is_some(),
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
            urls: StreamUrls::new(url.clone()),
            url,
            private,
            receipt: Receipt {
                bytes_read: package.progress.bytes_read,
                bytes_written: package.progress.bytes_written,
                usage: Usage::of(package),
            },
            kid: protection.map(|protection| protection.key.kid.to_string()),
            audio_kid: protection.and_then(|protection| protection.audio_key).map(|key| key.kid.to_string()),
            scheme,
            encrypt,
            audio_only: options.audio_only,
            unsupported: options.unsupported.name(),
            segment_seconds: options.segment_duration.as_secs_f64(),
            layout: options.layout.name(),
            when: package.when.name(),
            retention_days: package.retention.map(RetentionDays::days),
            segments_made: package.progress.segments_made,
            subtitles: options.subtitles.iter().map(SubtitlesField::from).collect(),
            revision: RevisionField::from(&package.revisions),
            warnings: package.nothing_encrypted.iter().map(WarningField::nothing_encrypted).collect(),
            drm: DrmField::from(&options.drm),
            created_at: package.created_at,
            fragmented_at: plan.map(|plan| plan.at),
            encrypted_at: state.encrypted_at(),
            ready_at,
            playable_at: package.playable_at(),
            failed_at,
            failure: failure.map(|failure| FailureField {
                stage: failure.stage.as_str(),
                code: failure.code.clone(),
                message: failure.message.clone(),
            }),
        }
    }
}

/// A page of packages, and the cursor of the next page.
#[derive(Debug, Serialize)]
pub(crate) struct PackageList {
    pub(crate) packaged_content: Vec<OrUnreadable<PackageResponse, UnreadablePackage>>,
    pub(crate) next_cursor: Option<String>,
}
