//! The command line, and the job it resolves to.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use vpp_media::cenc::{ConstantIv, ContentKey, ContentKeys, Drm, FairPlayUri, KeyId, Pssh, Scheme};
use vpp_media::cmaf::{KeyParameters, Layout, PlanOptions, ProtectedTracks, Protection};
use vpp_media::isobmff::Index;
use vpp_media::track::{Role, TrackLabels, is_language_tag};

use crate::failure::Failure;
use crate::platform::args as platform;

/// Package video: encrypted MPEG-DASH from an MP4, without transcoding; here, or by a deployed platform.
#[derive(Debug, Parser)]
#[command(name = "vpp", version, after_long_help = EXITS)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXITS: &str = "Exit status: 0 done; 1 refused or failed, with `code: message` on stderr; 2 usage; 3 a file could not be \
                     read or written; 4 the platform cannot be reached; 5 the token is not accepted.";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Package local movies as one stream: writes DIR/stream.mpd and its segments.
    #[command(
        after_help = "Exit status: 0 packaged; 1 refused, with `code: message` on stderr; 2 usage; 3 a file could \
                            not be read or written."
    )]
    Package(Box<PackageArgs>),
    /// Say what a movie's index tells of the stream to come: bit rates, key pictures, segments, and what to change.
    Inspect(Inspection),
    /// Send movies to a platform, and follow what becomes of them. Interrupted, the same command goes on where it was.
    #[command(after_help = EXITS)]
    Upload(Box<platform::Upload>),
    /// Ask a platform for a package of what was uploaded, with options of its own.
    #[command(after_help = EXITS)]
    Request(Box<platform::Request>),
    /// List packages or contents, newest first.
    #[command(after_help = EXITS)]
    List(platform::List),
    /// Say how far packages and contents are.
    #[command(after_help = EXITS)]
    Status(platform::Named),
    /// Say where a package that is Ready is played from.
    #[command(after_help = EXITS)]
    Url(platform::Url),
    /// Delete packages with all that was made of them, or contents with their files.
    #[command(after_help = EXITS)]
    Delete(platform::Delete),
    /// Put packages that failed back to work.
    #[command(after_help = EXITS)]
    Retry(platform::Named),
    /// Print what a shell needs to complete this command.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder.
    Manual {
        /// The folder.
        folder: PathBuf,
    },
}

/// Arguments of `vpp inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspection {
    /// The movie: an MP4 or MOV file.
    pub(crate) input: PathBuf,
    /// Duration segments should have.
    #[arg(long, value_name = "SECONDS", default_value = "6", value_parser = seconds)]
    pub(crate) segment_duration: Duration,
    /// Accept a movie without video, and leave out the video of one that has it.
    #[arg(long)]
    pub(crate) audio_only: bool,
    /// Print the findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `vpp package`.
#[derive(Debug, Args)]
pub(crate) struct PackageArgs {
    /// The movie, an MP4 or MOV file; or several, the rungs of a ladder and further languages, for one package.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Folder to write the package to.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Content key: 16 bytes as hex, dashed UUID, base64 or base64url.
    #[arg(long, env = "VPP_KEY", hide_env_values = true, requires = "kid")]
    key: Option<ContentKey>,
    /// Key id, in the same forms.
    #[arg(long, requires = "key")]
    kid: Option<KeyId>,
    /// Content key of the audio, when it has one of its own. With --encrypt all.
    #[arg(long, env = "VPP_AUDIO_KEY", hide_env_values = true, requires_all = ["audio_kid", "key"])]
    audio_key: Option<ContentKey>,
    /// Its key id.
    #[arg(long, requires = "audio_key")]
    audio_kid: Option<KeyId>,
    /// Protection scheme; cbcs when a key is given, clear otherwise.
    #[arg(long)]
    scheme: Option<SchemeArg>,
    /// The cbcs IV, or the seed of the cenc IVs; derived from key and key id (for cenc, and the movie) when not given.
    #[arg(long, requires = "key")]
    iv: Option<ConstantIv>,
    /// Which tracks to encrypt: the video, unless the package is of audio only.
    #[arg(long)]
    encrypt: Option<EncryptArg>,
    /// Widevine's pssh box in base64, to be named in the manifests.
    #[arg(long, value_name = "BASE64", value_parser = Pssh::widevine, requires = "key")]
    widevine: Option<Pssh>,
    /// `PlayReady`'s pssh box in base64, to be named in the manifests.
    #[arg(long, value_name = "BASE64", value_parser = Pssh::playready, requires = "key")]
    playready: Option<Pssh>,
    /// The skd:// URI at which `FairPlay` asks for the key, to be named in the playlists. With cbcs.
    #[arg(long, value_name = "URI", requires = "key")]
    fairplay: Option<FairPlayUri>,
    /// Where players ask for a `ClearKey` licence, to be named in the MPD.
    #[arg(long, value_name = "URL", value_parser = address)]
    licence_url: Option<String>,
    /// Where HLS players fetch a key, with ?kid=KID behind it, to be named in the playlists.
    #[arg(long, value_name = "URL", value_parser = address)]
    key_url: Option<String>,
    /// Subtitles in a `WebVTT` file, their language before it and a name for people behind it; any number of times.
    #[arg(long, value_name = "LANGUAGE=FILE[:LABEL]", value_parser = given)]
    subtitles: Vec<Given>,
    /// Subtitles for who cannot hear, likewise.
    #[arg(long, value_name = "LANGUAGE=FILE[:LABEL]", value_parser = given)]
    captions: Vec<Given>,
    /// Subtitles that are shown to all, likewise.
    #[arg(long, value_name = "LANGUAGE=FILE[:LABEL]", value_parser = given)]
    forced_subtitles: Vec<Given>,
    /// One file per segment, or one per track.
    #[arg(long, default_value = "segments")]
    layout: LayoutArg,
    /// Duration segments should have.
    #[arg(long, value_name = "SECONDS", default_value = "6", value_parser = seconds)]
    segment_duration: Duration,
    /// Accept a movie without video, and leave out the video of one that has it.
    #[arg(long)]
    audio_only: bool,
    /// Print a summary as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemeArg {
    Cbcs,
    Cenc,
    Clear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EncryptArg {
    Video,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutArg {
    Segments,
    SingleFile,
}

/// A subtitle file that was named.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) language: String,
    pub(crate) path: PathBuf,
    pub(crate) label: Option<String>,
}

pub(crate) fn given(text: &str) -> Result<Given, String> {
    let (language, rest) = text.split_once('=').ok_or("expected LANGUAGE=FILE, as in en=english.vtt")?;
    if !is_language_tag(language) {
        return Err(format!("{language} is no language tag, such as en or pt-BR"));
    }
    // What follows the last colon is the label, unless it is part of the path.
    let named = rest.rsplit_once(':').filter(|(path, label)| path.len() > 1 && !label.contains(['/', '\\']));
    let (path, label) = named.map_or((rest, None), |(path, label)| (path, Some(label)));
    let label = label.map(str::to_owned).filter(|label| !label.is_empty());
    Ok(Given { language: language.to_owned(), path: path.into(), label })
}

/// Subtitles beside the movie.
#[derive(Debug)]
pub(crate) struct Subtitles {
    pub(crate) path: PathBuf,
    pub(crate) language: String,
    pub(crate) labels: TrackLabels,
}

/// An address that manifests of either kind can hold.
fn address(text: &str) -> Result<String, String> {
    let known = text.starts_with("https://") || text.starts_with("http://");
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    let address = (known && printable).then(|| text.to_owned());
    address.ok_or_else(|| "expected an address that begins with https:// or http://".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration >= Duration::from_millis(100));
    duration.ok_or_else(|| "expected at least 0.1 seconds".to_owned())
}

/// What is to be done, with nothing left to check.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) output: PathBuf,
    /// Everything but the protection, which may depend on the movies.
    pub(crate) options: PlanOptions,
    pub(crate) encryption: Option<Encryption>,
    /// Subtitles beside the movie, in the order of their kinds.
    pub(crate) subtitles: Vec<Subtitles>,
    /// The DRM systems to name in the manifests.
    pub(crate) drm: Drm,
    /// Where licences are asked for, and keys fetched.
    pub(crate) licence_url: Option<String>,
    pub(crate) key_url: Option<String>,
    pub(crate) json: bool,
}

/// How the package is to be encrypted.
#[derive(Debug)]
pub(crate) struct Encryption {
    key: (KeyId, ContentKey),
    audio_key: Option<(KeyId, ContentKey)>,
    scheme: Scheme,
    tracks: ProtectedTracks,
    iv: Option<ConstantIv>,
}

impl Encryption {
    /// What the plan has to know of it. `indexes` are those of the movies, which tell them from others.
    pub(crate) fn protection(&self, indexes: &[Index]) -> Protection {
        // Only counter mode asks which content it is: what is to be had of an index may be a hundred megabytes.
        let pieces = indexes.iter().filter(|_| self.scheme == Scheme::Cenc).flat_map(Index::spans);
        let content = pieces.map(|(_, bytes)| bytes).collect::<Vec<_>>().concat();
        let parameters = |(kid, key): &(KeyId, ContentKey)| KeyParameters::derive(self.scheme, key, *kid, &content);
        let derived = parameters(&self.key);
        let key = KeyParameters { iv: self.iv.unwrap_or(derived.iv), ..derived };
        let audio_key = self.audio_key.as_ref().map(parameters);
        Protection { scheme: self.scheme, tracks: self.tracks, key, audio_key }
    }

    /// The keys.
    pub(crate) fn keys(&self) -> ContentKeys {
        [Some(&self.key), self.audio_key.as_ref()].into_iter().flatten().cloned().collect()
    }
}

impl PackageArgs {
    /// Resolves the arguments.
    pub(crate) fn resolve(self) -> Result<Job, Failure> {
        let keyed = self.kid.zip(self.key);
        let scheme = self.scheme.unwrap_or(if keyed.is_some() { SchemeArg::Cbcs } else { SchemeArg::Clear });
        let keyed = match (scheme, keyed) {
            (SchemeArg::Clear, None) => None,
            (SchemeArg::Clear, Some(_)) => return Err(Failure::usage("a clear package takes no --key and --kid")),
            (_, None) => return Err(Failure::usage("an encrypted package takes --key and --kid")),
            (_, keyed) => keyed,
        };
        let tracks = match self.encrypt {
            Some(EncryptArg::Video) if self.audio_only => {
                return Err(Failure::usage("--encrypt video leaves nothing to encrypt of --audio-only"));
            }
            None if self.audio_only => ProtectedTracks::All,
            Some(EncryptArg::Video) | None => ProtectedTracks::Video,
            Some(EncryptArg::All) => ProtectedTracks::All,
        };
        let audio_key = self.audio_kid.zip(self.audio_key);
        if audio_key.is_some() && tracks == ProtectedTracks::Video {
            return Err(Failure::usage("--audio-key takes --encrypt all"));
        }
        let same_id = keyed.as_ref().zip(audio_key.as_ref()).is_some_and(|((kid, _), (audio, _))| kid == audio);
        if same_id {
            return Err(Failure::usage("--audio-kid is that of --kid: two keys have two ids"));
        }
        let scheme = if scheme == SchemeArg::Cenc { Scheme::Cenc } else { Scheme::Cbcs };
        if self.fairplay.is_some() && scheme != Scheme::Cbcs {
            return Err(Failure::usage("--fairplay takes --scheme cbcs"));
        }
        let drm = Drm { widevine: self.widevine, playready: self.playready, fairplay: self.fairplay };
        let encryption = keyed.map(|key| Encryption { key, audio_key, scheme, tracks, iv: self.iv });
        let options = PlanOptions {
            segment_duration: self.segment_duration,
            audio_only: self.audio_only,
            layout: match self.layout {
                LayoutArg::Segments => Layout::Segments,
                LayoutArg::SingleFile => Layout::SingleFile,
            },
            ..PlanOptions::default()
        };
        let kinds = [
            (self.subtitles, Role::Subtitle),
            (self.captions, Role::Caption),
            (self.forced_subtitles, Role::ForcedSubtitle),
        ];
        let subtitles = kinds.into_iter().flat_map(|(given, role)| {
            given.into_iter().map(move |Given { language, path, label }| {
                let labels = TrackLabels { label, roles: vec![role] };
                Subtitles { path, language, labels }
            })
        });
        let subtitles = subtitles.collect();
        Ok(Job {
            inputs: self.inputs,
            output: self.output,
            options,
            encryption,
            subtitles,
            drm,
            licence_url: self.licence_url,
            key_url: self.key_url,
            json: self.json,
        })
    }
}
