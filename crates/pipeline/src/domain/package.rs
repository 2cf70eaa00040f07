//! A package: one content made into one stream, and how far that is.
//!
//! How far it is, is a [`State`], with a module of its own. The [`Progress`] stands beside it and only grows.

use std::collections::BTreeMap;

use vpp_media::cenc::{Drm, KeyId, Scheme};
use vpp_media::cmaf::{KeyParameters, Protection};

use crate::domain::content::{Content, MediaInfo, Source};
use crate::domain::content_key::{GeneratedKey, KeyRequest, WrappedKey};
use crate::domain::id::{ContentId, PackageId};
use crate::domain::package_options::PackageOptions;
use crate::domain::receipt::Receipt;
use crate::domain::resource_usage::ResourceUsage;
use crate::domain::state::{Advance, Stage, StageWork, State, Status, Step, Transition};
use crate::domain::timestamp::Timestamp;

/// One content, or several, made into one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// `packaged_content_id`.
    pub id: PackageId,
    /// `input_content_id`; of several, the first.
    pub content: ContentId,
    /// The file it is made from; of several, the first.
    pub source: Source,
    /// The further contents and files it is made from, in order.
    pub further_inputs: Vec<PackageInput>,
    /// How it is packaged.
    pub options: PackageOptions,
    /// How it is encrypted; none for a clear package.
    pub encryption: Option<Encryption>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Which attempt this is: another whenever it is asked for again after it was deleted, or retried.
    pub attempt: u64,
    /// The last object a stage produced, as `s3://bucket/key`.
    pub output_file_path: Option<String>,
    /// What has been done so far.
    pub progress: Progress,
    /// What the stages cost that are done; of ingest, for all contents.
    pub usage: BTreeMap<Stage, ResourceUsage>,
    /// How far it is.
    pub state: State,
}

/// One of the contents of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageInput {
    /// `input_content_id`.
    pub content: ContentId,
    /// The file.
    pub source: Source,
}

/// The public half of a package's encryption, and the key as only the vault can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// Scheme, tracks, kids and IVs.
    pub protection: Protection,
    /// The wrapped content key: of all tracks, or of the video.
    pub key: WrappedKey,
    /// That of the audio, where it has one of its own.
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

    /// The wrapped keys, each with its id.
    pub fn keys(&self) -> impl Iterator<Item = (KeyId, &WrappedKey)> {
        let audio = self.protection.audio_key.zip(self.audio_key.as_ref());
        std::iter::once((self.protection.key.kid, &self.key)).chain(audio.map(|(own, key)| (own.kid, key)))
    }
}

/// Counts that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Work units whose receipts are kept.
    pub work_units_done: u32,
    /// Bytes read from the source for this package, the ingest of its content included.
    pub bytes_read: u64,
    /// Bytes written to the output bucket.
    pub bytes_written: u64,
}

impl Package {
    /// A package of `content` that has just been asked for. What ingest read of the file counts as read for it.
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
            encryption,
            created_at,
            attempt: created_at.unix_millis(),
            output_file_path: None,
            progress: Progress { bytes_read: content.bytes_read, ..Progress::default() },
            usage: BTreeMap::from([(Stage::Ingest, content.usage)]),
            state: State::Queued,
        }
    }

    /// The package with one more content behind those it has.
    #[must_use]
    pub fn with_input(mut self, content: &Content, info: &MediaInfo) -> Self {
        self.further_inputs.push(PackageInput { content: content.id.clone(), source: content.source(info) });
        self.progress.bytes_read += content.bytes_read;
        let ingest = self.usage.entry(Stage::Ingest).or_default();
        *ingest = ingest.and(content.usage);
        self
    }

    /// The ids of its contents, in order.
    pub fn contents(&self) -> impl Iterator<Item = &ContentId> {
        std::iter::once(&self.content).chain(self.further_inputs.iter().map(|input| &input.content))
    }

    /// The files it is made from, in order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.source).chain(self.further_inputs.iter().map(|input| &input.source))
    }

    /// Takes a step, if the package is of the step's attempt and in a status the step starts from; else it is unchanged.
    pub fn apply(&mut self, transition: &Transition) -> Advance {
        let state = self.state.clone().step(transition);
        let Some(state) = state.filter(|_| transition.attempt.is_none_or(|attempt| attempt == self.attempt)) else {
            return Advance::Stale(self.status());
        };
        self.state = state;
        if let Step::Retried { .. } = transition.step {
            self.attempt = transition.started_attempt();
        }
        let StageWork { output, bytes_read, bytes_written, usage } = &transition.work;
        self.progress.bytes_read += bytes_read;
        self.progress.bytes_written += bytes_written;
        self.usage.extend(usage.iter().copied());
        if output.is_some() {
            self.output_file_path.clone_from(output);
        }
        Advance::Done
    }

    /// Adds a work unit that had no receipt before.
    pub fn count(&mut self, receipt: &Receipt) {
        self.progress.work_units_done += 1;
        self.progress.bytes_read += receipt.bytes_read;
        self.progress.bytes_written += receipt.bytes_written();
    }

    /// How far it is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// When the package took its present status.
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
