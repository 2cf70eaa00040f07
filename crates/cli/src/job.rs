//! The packaging job that the arguments of `vpp package` resolve to.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use vpp_media::cenc::{ConstantIv, ContentKey, ContentKeys, Drm, KeyId, Scheme};
use vpp_media::cmaf::{KeyParameters, Layout, PlanOptions, ProtectedTracks, Protection};
use vpp_media::isobmff::Index;
use vpp_media::track::{Role, TrackLabels};

use crate::args::PackageArgs;
use crate::argument_types::{EncryptArg, LayoutArg, LeaveOutArg, SchemeArg, SubtitleArgs, SubtitleKind};
use crate::failure::Failure;

/// A packaging job with validated options.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) output: PathBuf,
    /// Every option except the protection, which may depend on the movies.
    pub(crate) options: PlanOptions,
    pub(crate) encryption: Option<Encryption>,
    /// Subtitle files: subtitles, then captions, then forced subtitles.
    pub(crate) subtitles: Vec<SubtitleFile>,
    /// The DRM systems that the manifests signal.
    pub(crate) drm: Drm,
    /// The ClearKey licence URL that the MPD signals.
    pub(crate) licence_url: Option<String>,
    /// The key URL that the playlists signal.
    pub(crate) key_url: Option<String>,
    /// The number of threads that package.
    pub(crate) threads: NonZeroUsize,
}

impl Job {
    /// Validates the arguments and applies the defaults.
    pub(crate) fn resolve(args: PackageArgs) -> Result<Self, Failure> {
        let drm = Drm { widevine: args.widevine, playready: args.playready, fairplay: args.fairplay };
        let key = args.kid.zip(args.key);
        let scheme = args.scheme.unwrap_or(if key.is_some() { SchemeArg::Cbcs } else { SchemeArg::Clear });
        let scheme = match (scheme, &key) {
            (SchemeArg::Clear, Some(_)) => {
                return Err(Failure::usage("--scheme clear cannot be used with --key and --kid"));
            }
            (SchemeArg::Cbcs | SchemeArg::Cenc, None) => {
                return Err(Failure::usage("an encrypted package requires --key and --kid"));
            }
            (SchemeArg::Clear, None) | (SchemeArg::Cbcs, Some(_)) => Scheme::Cbcs,
            (SchemeArg::Cenc, Some(_)) => Scheme::Cenc,
        };
        let tracks = protected_tracks(args.encrypt, args.audio_only)?;
        let audio_key = args.audio_kid.zip(args.audio_key);
        if audio_key.is_some() && tracks == ProtectedTracks::Video {
            return Err(Failure::usage("--audio-key requires --encrypt all"));
        }
        if key.as_ref().zip(audio_key.as_ref()).is_some_and(|((kid, _), (audio_kid, _))| kid == audio_kid) {
            return Err(Failure::usage("--audio-kid must differ from --kid"));
        }
        if drm.fairplay.is_some() && scheme != Scheme::Cbcs {
            return Err(Failure::usage("--fairplay requires --scheme cbcs"));
        }
        let options = PlanOptions {
            segment_duration: args.segment_duration,
            audio_only: args.audio_only,
            unsupported: LeaveOutArg::unsupported_tracks(args.leave_out),
            layout: match args.layout {
                LayoutArg::Segments => Layout::Segments,
                LayoutArg::SingleFile => Layout::SingleFile,
            },
            ..PlanOptions::default()
        };
        Ok(Self {
            inputs: args.inputs,
            output: args.output,
            options,
            encryption: key.map(|key| Encryption { key, audio_key, scheme, tracks, iv: args.iv }),
            subtitles: subtitle_files(&args.subtitles),
            drm,
            licence_url: args.licence_url,
            key_url: args.key_url,
            threads: args.jobs.map_or_else(default_threads, NonZeroUsize::from),
        })
    }
}

impl Job {
    /// Converts a refusal of the engine, and names the input that it is about if there are several.
    pub(crate) fn refusal(&self, error: vpp_media::Error) -> Failure {
        let (position, error) = error.into_movie();
        let failure = Failure::from(error);
        match position {
            Some(position) => self.name(position, failure),
            None => failure,
        }
    }

    /// Names the input that a refusal is about, if there are several.
    pub(crate) fn name(&self, position: usize, failure: Failure) -> Failure {
        match self.inputs.get(position).filter(|_| self.inputs.len() > 1) {
            Some(path) => failure.in_file(path),
            None => failure,
        }
    }
}

/// Returns the number of processors that this process may use, or one if the system does not tell.
fn default_threads() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn protected_tracks(encrypt: Option<EncryptArg>, audio_only: bool) -> Result<ProtectedTracks, Failure> {
    match (encrypt, audio_only) {
        (Some(EncryptArg::Video), true) => {
            Err(Failure::usage("--encrypt video cannot be used with --audio-only: there is no video to encrypt"))
        }
        (Some(EncryptArg::Video) | None, false) => Ok(ProtectedTracks::Video),
        (Some(EncryptArg::All), _) | (None, true) => Ok(ProtectedTracks::All),
    }
}

/// A subtitle file to add to the package.
#[derive(Debug)]
pub(crate) struct SubtitleFile {
    pub(crate) path: PathBuf,
    pub(crate) language: String,
    pub(crate) labels: TrackLabels,
}

fn subtitle_files(args: &SubtitleArgs) -> Vec<SubtitleFile> {
    let files = args.iter().map(|(kind, file)| {
        let role = match kind {
            SubtitleKind::Subtitles => Role::Subtitle,
            SubtitleKind::Captions => Role::Caption,
            SubtitleKind::Forced => Role::ForcedSubtitle,
        };
        let labels = TrackLabels { label: file.label.clone(), roles: vec![role] };
        SubtitleFile { path: file.path.clone(), language: file.language.clone(), labels }
    });
    files.collect()
}

/// The encryption of a package.
#[derive(Debug)]
pub(crate) struct Encryption {
    key: (KeyId, ContentKey),
    audio_key: Option<(KeyId, ContentKey)>,
    scheme: Scheme,
    tracks: ProtectedTracks,
    iv: Option<ConstantIv>,
}

impl Encryption {
    /// Returns the protection parameters for the plan. Under `cenc`, the IVs are derived from the `indexes` of the movies.
    pub(crate) fn protection(&self, indexes: &[Index]) -> Protection {
        // Only counter mode needs the content. Otherwise it is left out, because an index may have a hundred megabytes.
        let spans = indexes.iter().filter(|_| self.scheme == Scheme::Cenc).flat_map(Index::spans);
        let content = spans.map(|(_, bytes)| bytes).collect::<Vec<_>>().concat();
        let parameters = |(kid, key): &(KeyId, ContentKey)| KeyParameters::derive(self.scheme, key, *kid, &content);
        let derived = parameters(&self.key);
        let key = KeyParameters { iv: self.iv.unwrap_or(derived.iv), ..derived };
        let audio_key = self.audio_key.as_ref().map(parameters);
        Protection { scheme: self.scheme, tracks: self.tracks, key, audio_key }
    }

    /// Returns the content keys.
    pub(crate) fn keys(&self) -> ContentKeys {
        [Some(&self.key), self.audio_key.as_ref()].into_iter().flatten().cloned().collect()
    }
}
