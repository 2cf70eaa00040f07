//! A package: one content made into one stream, and how far that is.
//!
//! How far it is, is a [`State`], with a module of its own. The [`Tally`] stands beside it and only grows.

use std::collections::BTreeMap;
use std::time::Duration;

use vpp_media::cenc::{ContentKey, Drm, KeyId, Scheme};
use vpp_media::cmaf::{KeyParameters, Layout, ProtectedTracks, Protection};

use crate::domain::content::{Content, MediaInfo, Source};
use crate::domain::id::{ContentId, PackageId};
use crate::domain::state::{Advance, Stage, State, Status, Step, Transition, Work};
use crate::domain::subtitles::Subtitles;
use crate::domain::timestamp::Timestamp;
use crate::ports::{KeyError, KeyUse, KeyVault, MadeKey, Receipt, Spent, WrappedKey};

/// How a content is to be packaged. Part of the package's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Encrypted how, or clear.
    pub treatment: Treatment,
    /// Length that segments are cut near.
    pub segment_duration: Duration,
    /// Whether only the sound is packaged, and video not asked for.
    pub audio_only: bool,
    /// The DRM systems that manifests name.
    pub drm: Drm,
    /// How segments are laid out in files.
    pub layout: Layout,
    /// The subtitle files beside the movie.
    pub subtitles: Vec<Subtitles>,
}

/// What is done to the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Nothing: a clear stream.
    Clear,
    /// Encryption.
    Encrypt {
        /// The protection scheme.
        scheme: Scheme,
        /// Which tracks.
        tracks: ProtectedTracks,
    },
}

impl Options {
    /// These, and nothing else asked for.
    #[must_use]
    pub fn new(treatment: Treatment, segment_duration: Duration) -> Self {
        let (drm, layout) = (Drm::default(), Layout::default());
        Self { treatment, segment_duration, audio_only: false, drm, layout, subtitles: Vec::new() }
    }

    /// One text per set of options, to be hashed into ids. What is not asked for is not in it, so that a new option leaves
    /// the ids of older packages as they are.
    #[must_use]
    pub fn canonical(&self) -> String {
        let (scheme, tracks) = self.treatment.names();
        let millis = self.segment_duration.as_millis();
        let mut text = format!("v1 scheme={scheme} encrypt={tracks} segment_ms={millis}");
        let Drm { widevine, playready, fairplay } = &self.drm;
        let asked = [
            self.audio_only.then(|| "audio_only=true".to_owned()),
            widevine.as_ref().map(|pssh| format!("widevine={pssh}")),
            playready.as_ref().map(|pssh| format!("playready={pssh}")),
            fairplay.as_ref().map(|uri| format!("fairplay={uri}")),
            (self.layout != Layout::default()).then(|| format!("layout={}", self.layout.name())),
        ];
        for option in asked.into_iter().flatten().chain(self.subtitles.iter().map(Subtitles::canonical)) {
            text.push(' ');
            text.push_str(&option);
        }
        text
    }
}

impl Treatment {
    /// The names of scheme and tracks as the API and the catalog spell them; a clear package encrypts `none`.
    #[must_use]
    pub fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Clear => ("clear", "none"),
            Self::Encrypt { scheme, tracks } => (
                scheme.name(),
                match tracks {
                    ProtectedTracks::Video => "video",
                    ProtectedTracks::All => "all",
                },
            ),
        }
    }

    /// Reads the two names.
    #[must_use]
    pub fn from_names(scheme: &str, tracks: &str) -> Option<Self> {
        let scheme = match scheme {
            "clear" => return (tracks == "none").then_some(Self::Clear),
            "cbcs" => Scheme::Cbcs,
            "cenc" => Scheme::Cenc,
            _ => return None,
        };
        let tracks = match tracks {
            "video" => ProtectedTracks::Video,
            "all" => ProtectedTracks::All,
            _ => return None,
        };
        Some(Self::Encrypt { scheme, tracks })
    }
}

/// The keys a caller asks for a package with, each under its id.
#[derive(Debug, Clone)]
pub struct RequestedKeys {
    /// Of all tracks, or of the video.
    pub key: (KeyId, ContentKey),
    /// Of the audio, where it is to have one of its own.
    pub audio_key: Option<(KeyId, ContentKey)>,
}

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
    pub further: Vec<Input>,
    /// How it is packaged.
    pub options: Options,
    /// How it is encrypted; none for a clear package.
    pub encryption: Option<Encryption>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Which attempt this is: another whenever it is asked for again after it was deleted, or retried.
    pub attempt: u64,
    /// The last object a stage produced, as `s3://bucket/key`.
    pub output_file_path: Option<String>,
    /// What has been done so far.
    pub tally: Tally,
    /// What the stages cost that are done; of ingest, for all contents.
    pub spent: BTreeMap<Stage, Spent>,
    /// How far it is.
    pub state: State,
}

/// One of the contents of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
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
    /// That of a key which the vault makes, and the DRM systems that have it. `content` tells the package's contents from all others.
    ///
    /// # Errors
    /// When none is made.
    pub async fn make<V: KeyVault>(vault: &V, asked: &KeyUse<'_>, content: &[u8]) -> Result<(Self, Drm), KeyError> {
        let &KeyUse { package, scheme, tracks, .. } = asked;
        let MadeKey { key, wrapped, iv, drm } = vault.make(asked).await?;
        let derived = KeyParameters::derive(scheme, &key, package.kid(), content);
        let iv = iv.filter(|_| scheme == Scheme::Cbcs).unwrap_or(derived.iv);
        let protection = Protection { scheme, tracks, key: KeyParameters { iv, ..derived }, audio_key: None };
        Ok((Self { protection, key: wrapped, audio_key: None }, drm))
    }

    /// The wrapped keys, each with its id.
    pub fn keys(&self) -> impl Iterator<Item = (KeyId, &WrappedKey)> {
        let audio = self.protection.audio_key.zip(self.audio_key.as_ref());
        std::iter::once((self.protection.key.kid, &self.key)).chain(audio.map(|(own, key)| (own.kid, key)))
    }
}

/// Counts that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
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
        facts: &MediaInfo,
        options: Options,
        encryption: Option<Encryption>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            content: content.id.clone(),
            source: content.source(facts),
            further: Vec::new(),
            options,
            encryption,
            created_at,
            attempt: created_at.unix_millis(),
            output_file_path: None,
            tally: Tally { bytes_read: content.bytes_read, ..Tally::default() },
            spent: BTreeMap::from([(Stage::Ingest, content.spent)]),
            state: State::Queued,
        }
    }

    /// The package with one more content behind those it has.
    #[must_use]
    pub fn and(mut self, content: &Content, facts: &MediaInfo) -> Self {
        self.further.push(Input { content: content.id.clone(), source: content.source(facts) });
        self.tally.bytes_read += content.bytes_read;
        let ingest = self.spent.entry(Stage::Ingest).or_default();
        *ingest = ingest.and(content.spent);
        self
    }

    /// The ids of its contents, in order.
    pub fn contents(&self) -> impl Iterator<Item = &ContentId> {
        std::iter::once(&self.content).chain(self.further.iter().map(|input| &input.content))
    }

    /// The files it is made from, in order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.source).chain(self.further.iter().map(|input| &input.source))
    }

    /// Takes a step, if the package is of the step's attempt and in a status the step starts from; else it is unchanged.
    pub fn apply(&mut self, transition: &Transition) -> Advance {
        let state = self.state.clone().step(transition);
        let Some(state) = state.filter(|_| transition.of.is_none_or(|attempt| attempt == self.attempt)) else {
            return Advance::Stale(self.status());
        };
        self.state = state;
        if let Step::Retried { .. } = transition.step {
            self.attempt = transition.attempt();
        }
        let Work { output, bytes_read, bytes_written, spent } = &transition.work;
        self.tally.bytes_read += bytes_read;
        self.tally.bytes_written += bytes_written;
        self.spent.extend(spent.iter().copied());
        if output.is_some() {
            self.output_file_path.clone_from(output);
        }
        Advance::Done
    }

    /// Adds a work unit that had no receipt before.
    pub fn count(&mut self, receipt: &Receipt) {
        self.tally.work_units_done += 1;
        self.tally.bytes_read += receipt.bytes_read;
        self.tally.bytes_written += receipt.bytes_written();
    }

    /// How far it is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.state.status()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_treatment_reads_back_from_its_names() {
        for tracks in ["video", "all"] {
            let treatment = Treatment::from_names("cbcs", tracks).unwrap();
            assert_eq!(treatment.names(), ("cbcs", tracks));
        }
        assert_eq!(Treatment::from_names("clear", "none"), Some(Treatment::Clear));
        assert_eq!(Treatment::from_names("clear", "video"), None);
        assert_eq!(Treatment::from_names("cbc1", "video"), None);
    }
}
