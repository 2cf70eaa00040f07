//! The command line of `vpp`.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use vpp_media::cenc::{ConstantIv, ContentKey, FairPlayUri, KeyId, Pssh};

use crate::argument_types::{EncryptArg, LayoutArg, LeaveOutArg, SchemeArg, SubtitleArgs};
use crate::doctor::args::DoctorArgs;
use crate::platform::args as platform;
use crate::platform::edit::EditArgs;

/// Package MP4, Matroska and WebM movies as encrypted MPEG-DASH and HLS without transcoding, locally or on a deployed platform.
#[derive(Debug, Parser)]
#[command(name = "vpp", version, after_long_help = PLATFORM_EXIT_STATUS)]
pub(crate) struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const LOCAL_EXIT_STATUS: &str = "Exit status: 0 success; 1 the movie is refused, with `code: message` on stderr; 2 usage \
                                 error; 3 a file could not be read or written; 128 + n interrupted by signal n.";
const PLATFORM_EXIT_STATUS: &str = "Exit status: 0 success; 1 refused or failed, with `code: message` on stderr; 2 usage \
                                    error; 3 a file could not be read or written; 4 the platform is unreachable; 5 the \
                                    token is not accepted.";

const DOCTOR_EXIT_STATUS: &str = "Exit status: 0 nothing is wrong; 1 something is, or the stack does not exist; 2 usage \
                                  error, such as missing credentials; 4 AWS is unreachable.";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Package local movies into DIR: stream.mpd, stream.m3u8 and their segments.
    #[command(after_help = LOCAL_EXIT_STATUS)]
    Package(Box<PackageArgs>),
    /// Show bit rates, key frames, segments and warnings of a local movie.
    #[command(after_help = LOCAL_EXIT_STATUS)]
    Inspect(InspectArgs),
    /// Upload movies to a platform and follow their progress. If interrupted, run the same command again to continue.
    #[command(after_help = PLATFORM_EXIT_STATUS)]
    Upload(Box<platform::UploadArgs>),
    /// Request a package of uploaded contents, with packaging options.
    ///
    /// In --subtitles, --captions and --forced-subtitles, FILE is the ID of an uploaded subtitle file.
    #[command(after_help = PLATFORM_EXIT_STATUS)]
    Request(Box<platform::RequestArgs>),
    /// List packages or contents, newest first.
    #[command(after_help = PLATFORM_EXIT_STATUS)]
    List(platform::ListArgs),
    /// Show the status of packages and contents.
    #[command(after_help = PLATFORM_EXIT_STATUS)]
    Status(platform::IdArgs),
    /// Print the playback addresses of a package that is playable.
    #[command(after_help = PLATFORM_EXIT_STATUS)]
    Url(platform::UrlArgs),
    /// Delete packages, or with --contents uploaded files.
    #[command(after_help = PLATFORM_EXIT_STATUS)]
    Delete(platform::DeleteArgs),
    /// Retry failed packages.
    #[command(after_help = PLATFORM_EXIT_STATUS)]
    Retry(platform::IdArgs),
    /// Make all segments of packages that are made on demand.
    #[command(after_help = PLATFORM_EXIT_STATUS)]
    Ahead(platform::IdArgs),
    /// Edit the manifests of a package: subtitles, labels, languages, roles, chapters. No media is read or written.
    ///
    /// In --subtitles, --captions and --forced-subtitles, FILE is the ID of an uploaded subtitle file.
    #[command(after_help = PLATFORM_EXIT_STATUS)]
    Edit(Box<EditArgs>),
    /// Look at a deployed stack with your AWS credentials, and name what is wrong and how to mend it.
    #[command(after_help = DOCTOR_EXIT_STATUS)]
    Doctor(DoctorArgs),
    /// Print a shell completion script.
    Completions {
        /// The shell to generate the script for.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages to a folder.
    Manual {
        /// Output folder.
        folder: PathBuf,
    },
}

/// Arguments of `vpp inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Input movie (MP4, MOV, Matroska or WebM).
    pub(crate) input: PathBuf,
    /// Target segment duration.
    #[arg(long, value_name = "SECONDS", default_value = "6", value_parser = seconds)]
    pub(crate) segment_duration: Duration,
    /// Package only the audio tracks; a movie without video is accepted, and video may have any codec.
    #[arg(long)]
    pub(crate) audio_only: bool,
    /// Tracks to leave out. Without it, a movie with an unsupported track is refused.
    #[arg(long, value_name = "TRACKS")]
    pub(crate) leave_out: Option<LeaveOutArg>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `vpp package`.
#[derive(Debug, Args)]
pub(crate) struct PackageArgs {
    /// Input movies (MP4, MOV, Matroska or WebM): one movie, or the bit rates and languages of one package.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Output folder.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Content key: 16 bytes as hex, UUID, base64 or base64url.
    #[arg(long, env = "VPP_KEY", hide_env_values = true, requires = "kid")]
    pub(crate) key: Option<ContentKey>,
    /// Key ID, in the same formats as --key.
    #[arg(long, requires = "key")]
    pub(crate) kid: Option<KeyId>,
    /// Separate content key for the audio. Requires --encrypt all.
    #[arg(long, env = "VPP_AUDIO_KEY", hide_env_values = true, requires_all = ["audio_kid", "key"])]
    pub(crate) audio_key: Option<ContentKey>,
    /// Key ID of the audio key.
    #[arg(long, requires = "audio_key")]
    pub(crate) audio_kid: Option<KeyId>,
    /// Protection scheme. Default: cbcs with --key, clear without.
    #[arg(long)]
    pub(crate) scheme: Option<SchemeArg>,
    /// Constant IV for cbcs, or IV seed for cenc. Default: derived from the key, the key ID and, for cenc, the movie.
    #[arg(long, requires = "key")]
    pub(crate) iv: Option<ConstantIv>,
    /// Tracks to encrypt. Default: video, or all with --audio-only.
    #[arg(long)]
    pub(crate) encrypt: Option<EncryptArg>,
    /// Widevine pssh box in base64, to signal in the manifests.
    #[arg(long, value_name = "BASE64", value_parser = Pssh::widevine, requires = "key")]
    pub(crate) widevine: Option<Pssh>,
    /// PlayReady pssh box in base64, to signal in the manifests.
    #[arg(long, value_name = "BASE64", value_parser = Pssh::playready, requires = "key")]
    pub(crate) playready: Option<Pssh>,
    /// FairPlay key URI (skd://), to signal in the playlists. Requires cbcs.
    #[arg(long, value_name = "URI", requires = "key")]
    pub(crate) fairplay: Option<FairPlayUri>,
    /// ClearKey licence URL, to signal in the MPD.
    #[arg(long, value_name = "URL", value_parser = web_address)]
    pub(crate) licence_url: Option<String>,
    /// Key URL for HLS players, to signal in the playlists; ?kid=KID is appended.
    #[arg(long, value_name = "URL", value_parser = web_address)]
    pub(crate) key_url: Option<String>,
    /// Output layout: one file per segment, or one per track.
    #[arg(long, default_value = "segments")]
    pub(crate) layout: LayoutArg,
    /// Target segment duration.
    #[arg(long, value_name = "SECONDS", default_value = "6", value_parser = seconds)]
    pub(crate) segment_duration: Duration,
    /// Package only the audio tracks; a movie without video is accepted, and video may have any codec.
    #[arg(long)]
    pub(crate) audio_only: bool,
    /// Tracks to leave out. Without it, a movie with an unsupported track is refused.
    #[arg(long, value_name = "TRACKS")]
    pub(crate) leave_out: Option<LeaveOutArg>,
    /// Number of threads that read, encrypt and write. Default: the number of processors. The output is the same.
    #[arg(short, long, value_name = "THREADS")]
    pub(crate) jobs: Option<NonZeroU16>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) subtitles: SubtitleArgs,
}

/// Parses an HTTP address that can be written into both an MPD and a playlist.
fn web_address(text: &str) -> Result<String, String> {
    let is_http = text.starts_with("https://") || text.starts_with("http://");
    let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    let address = (is_http && is_printable).then(|| text.to_owned());
    address.ok_or_else(|| "expected an address that begins with https:// or http://".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration >= Duration::from_millis(100));
    duration.ok_or_else(|| "expected at least 0.1 seconds".to_owned())
}
