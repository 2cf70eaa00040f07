//! A package: contents packaged as one stream.
//!
//! Its [`State`] is in [`crate::domain::state`]; its [`Progress`] only grows.

use std::collections::BTreeMap;

use vpp_media::cenc::{Drm, KeyId, Scheme};
use vpp_media::cmaf::{KeyParameters, Layout, Protection, RepresentationId};

use crate::domain::content::{Content, MediaInfo, Source};
use crate::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use crate::domain::id::{ContentId, PackageId};
use crate::domain::package_options::PackageOptions;
use crate::domain::receipt::{MadeSegment, Receipt};
use crate::domain::resource_usage::ResourceUsage;
use crate::domain::revision::{RevisionProgress, RevisionTag};
use crate::domain::state::{Advance, Stage, StageWork, State, Status, Step, Transition};
use crate::domain::timestamp::Timestamp;
use crate::domain::when::{RetentionDays, When};

/// One or several contents, packaged as one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// `packaged_content_id`.
    pub id: PackageId,
    /// `input_content_id` of the first content.
    pub content: ContentId,
    /// The file of the first content.
    pub source: Source,
    /// The further contents and their files, in order.
    pub further_inputs: Vec<PackageInput>,
    /// The options.
    pub options: PackageOptions,
    /// When its segments are made.
    pub when: When,
    /// When a segment that was made on demand expires; `None` if it stays.
    pub retention: Option<RetentionDays>,
    /// The encryption; `None` for a clear package.
    pub encryption: Option<Encryption>,
    /// When it was requested.
    pub created_at: Timestamp,
    /// The attempt: a new one starts when the package is retried, or requested again after its deletion.
    pub attempt: u64,
    /// The last object a stage produced, as `s3://bucket/key`.
    pub output_file_path: Option<String>,
    /// The progress of the work.
    pub progress: Progress,
    /// Resource usage of each finished stage; for ingest, the sum over all contents.
    pub usage: BTreeMap<Stage, ResourceUsage>,
    /// The representations that are signalled as encrypted and of which nothing is encrypted, because every sample is smaller
    /// than a block. Known when the package is Ready.
    pub nothing_encrypted: Vec<RepresentationId>,
    /// The revisions of its manifests.
    pub revisions: RevisionProgress,
    /// The state.
    pub state: State,
}

/// One of the contents of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageInput {
    /// `input_content_id`.
    pub content: ContentId,
    /// Its file.
    pub source: Source,
}

/// The encryption of a package: public parameters and wrapped keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// Scheme, tracks, key ids and IVs.
    pub protection: Protection,
    /// The wrapped content key: of all tracks, or of the video.
    pub key: WrappedKey,
    /// The wrapped key of the audio, when it has a separate one.
    pub audio_key: Option<WrappedKey>,
}

impl Encryption {
    /// Returns the encryption with a key that the vault generated, and the DRM systems that can deliver that key.
    /// `content_seed` identifies the package's contents: the constant IV is derived from it.
    #[must_use]
    pub fn with_generated_key(request: &KeyRequest<'_>, generated: GeneratedKey, content_seed: &[u8]) -> (Self, Drm) {
        let &KeyRequest { package, scheme, tracks, .. } = request;
        let GeneratedKey { key, wrapped, iv, drm } = generated;
        let derived = KeyParameters::derive(scheme, &key, package.kid(), content_seed);
        let iv = iv.filter(|_| scheme == Scheme::Cbcs).unwrap_or(derived.iv);
        let protection = Protection { scheme, tracks, key: KeyParameters { iv, ..derived }, audio_key: None };
        (Self { protection, key: wrapped, audio_key: None }, drm)
    }

    /// Returns the wrapped keys, each with its key id.
    pub fn keys(&self) -> impl Iterator<Item = (KeyId, &WrappedKey)> {
        let audio = self.protection.audio_key.zip(self.audio_key.as_ref());
        std::iter::once((self.protection.key.kid, &self.key))
            .chain(audio.map(|(parameters, key)| (parameters.kid, key)))
    }
}

/// Counters of the work, which only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Work units with a receipt.
    pub work_units_done: u32,
    /// Bytes read from the sources, including the ingest of the contents.
    pub bytes_read: u64,
    /// Bytes written to the output bucket.
    pub bytes_written: u64,
    /// Segments made on demand. One that expired and was made again counts twice.
    pub segments_made: u64,
}

impl Package {
    /// Creates a package of `content` in the status Queued. The bytes that ingest read from the file count as bytes read for
    /// the package.
    #[must_use]
    pub fn queued(
        id: PackageId,
        content: &Content,
        info: &MediaInfo,
        options: PackageOptions,
        encryption: Option<Encryption>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            content: content.id.clone(),
            source: content.source(info),
            further_inputs: Vec::new(),
            options,
            when: When::default(),
            retention: None,
            encryption,
            created_at,
            attempt: created_at.unix_millis(),
            output_file_path: None,
            progress: Progress { bytes_read: content.bytes_read, ..Progress::default() },
            usage: BTreeMap::from([(Stage::Ingest, content.usage)]),
            nothing_encrypted: Vec::new(),
            revisions: RevisionProgress::default(),
            state: State::Queued,
        }
    }

    /// Appends a content.
    #[must_use]
    pub fn with_input(mut self, content: &Content, info: &MediaInfo) -> Self {
        self.further_inputs.push(PackageInput { content: content.id.clone(), source: content.source(info) });
        self.progress.bytes_read += content.bytes_read;
        let ingest = self.usage.entry(Stage::Ingest).or_default();
        *ingest = ingest.and(content.usage);
        self
    }

    /// Sets when its segments are made, and how long those of viewers are kept.
    #[must_use]
    pub fn made(self, when: When, retention: Option<RetentionDays>) -> Self {
        Self { when, retention, ..self }
    }

    /// Returns the ids of its contents, in order.
    pub fn contents(&self) -> impl Iterator<Item = &ContentId> {
        std::iter::once(&self.content).chain(self.further_inputs.iter().map(|input| &input.content))
    }

    /// Returns the files of its contents, in order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.source).chain(self.further_inputs.iter().map(|input| &input.source))
    }

    /// Returns the number of bytes of all its files.
    #[must_use]
    pub fn source_bytes(&self) -> u64 {
        self.sources().map(|source| source.bytes).sum()
    }

    /// Applies a transition, if the package is of the transition's attempt and in a status that the step starts from. Otherwise
    /// the package is unchanged.
    pub fn apply(&mut self, transition: &Transition) -> Advance {
        let state = self.state.clone().step(transition);
        let Some(state) = state.filter(|_| transition.attempt.is_none_or(|attempt| attempt == self.attempt)) else {
            return Advance::Stale(self.status());
        };
        self.state = state;
        if let Step::Retried { .. } = transition.step {
            self.attempt = transition.started_attempt();
        }
        let StageWork { output, bytes_read, bytes_written, usage, nothing_encrypted } = &transition.work;
        self.progress.bytes_read += bytes_read;
        self.progress.bytes_written += bytes_written;
        self.usage.extend(usage.iter().copied());
        if output.is_some() {
            self.output_file_path.clone_from(output);
        }
        if !nothing_encrypted.is_empty() {
            self.nothing_encrypted.clone_from(nothing_encrypted);
        }
        Advance::Done
    }

    /// Counts a work unit that had no receipt before.
    pub fn count(&mut self, receipt: &Receipt) {
        self.progress.work_units_done += 1;
        self.progress.bytes_read += receipt.bytes_read;
        self.progress.bytes_written += receipt.bytes_written();
    }

    /// Counts a segment that was made on demand.
    pub fn count_made(&mut self, made: &MadeSegment) {
        self.progress.segments_made += 1;
        self.progress.bytes_read += made.bytes_read;
        self.progress.bytes_written += made.bytes_written;
    }

    /// Returns the last time at which a function may have started to write objects; `None` while one may still start. While
    /// segments expire, the origin makes them, and revisions of an edited package are published, whatever the status.
    #[must_use]
    pub fn at_rest_since(&self) -> Option<Timestamp> {
        match (&self.state, self.retention.is_none() && self.revisions.latest == 0) {
            (state, true) => state.at_rest_since(),
            (State::Deleting { at, .. }, false) => Some(*at),
            (_, false) => None,
        }
    }

    /// Returns since when players can play the package; `None` if they cannot. In the segments layout, every segment can be
    /// made once the plan is written: see [`crate::origin`].
    #[must_use]
    pub fn playable_at(&self) -> Option<Timestamp> {
        match (&self.state, self.options.layout) {
            (State::Fragmented(plan) | State::Encrypted { plan, .. } | State::Ready { plan, .. }, Layout::Segments) => {
                Some(plan.at)
            }
            (State::Ready { at, .. }, Layout::SingleFile) => Some(*at),
            _ => None,
        }
    }

    /// Returns the tag of the latest revision.
    #[must_use]
    pub fn revision_tag(&self) -> RevisionTag {
        RevisionTag { attempt: self.attempt, number: self.revisions.latest }
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// Returns when the package entered its current status.
    #[must_use]
    pub fn status_since(&self) -> Timestamp {
        match &self.state {
            State::Queued => self.created_at,
            State::Fragmented(plan) => plan.at,
            State::Encrypted { at, .. }
            | State::Ready { at, .. }
            | State::Failed { at, .. }
            | State::Deleting { at, .. } => *at,
        }
    }
}
