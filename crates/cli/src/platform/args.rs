//! Arguments of the commands that work with a deployed platform.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::argument_types::{EncryptArg, LayoutArg, LeaveOutArg, SchemeArg, SubtitleArgs, WhenArg};
use crate::failure::Failure;
use crate::platform::client::PlatformClient;
use crate::platform::endpoint::{Token, api_address};

/// Options of every command that works with a platform.
#[derive(Debug, Args)]
pub(crate) struct PlatformOptions {
    /// Print one JSON object per line.
    #[arg(long, help_heading = None)]
    pub(crate) json: bool,
    /// API address: output `ApiUrl` of the stack.
    #[arg(long, env = "VPP_API", value_name = "URL", help_heading = "Platform")]
    api: Option<String>,
    /// File with the bearer token, or with the JSON of the platform's secret; - for standard input. Default: `VPP_TOKEN`.
    #[arg(long, env = "VPP_TOKEN_FILE", value_name = "FILE", help_heading = "Platform")]
    token_file: Option<PathBuf>,
    /// Maximum number of retries after a connection error, 429 or 5xx, with exponential backoff.
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u32).range(..=19), help_heading = "Platform")]
    retries: u32,
    /// Allow sending the token over plain HTTP to another machine.
    #[arg(long, help_heading = "Platform")]
    plain_http: bool,
}

impl PlatformOptions {
    /// Returns a client of the platform.
    pub(crate) fn connect(&self) -> Result<PlatformClient, Failure> {
        let no_api = || Failure::usage("specify the API address with --api URL or in VPP_API");
        let api = api_address(self.api.as_deref().ok_or_else(no_api)?, self.plain_http)?;
        let text = match &self.token_file {
            Some(file) => read_file_or_stdin(file)?,
            None => std::env::var("VPP_TOKEN").unwrap_or_default(),
        };
        let no_token = || Failure::usage("specify a token in VPP_TOKEN, or its file with --token-file");
        Ok(PlatformClient::new(api, Token::parse(&text).ok_or_else(no_token)?, self.retries))
    }

    /// Returns whether the token is read from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.token_file.as_deref().is_some_and(is_stdin)
    }
}

/// Reads a small text file, or standard input.
pub(crate) fn read_file_or_stdin(file: &Path) -> Result<String, Failure> {
    const MAX_BYTES: u64 = 64 * 1024;
    let mut text = String::new();
    let source: Box<dyn Read> = if is_stdin(file) {
        Box::new(std::io::stdin())
    } else {
        Box::new(fs::File::open(file).map_err(Failure::io(file))?)
    };
    source.take(MAX_BYTES).read_to_string(&mut text).map_err(Failure::io(file))?;
    Ok(text)
}

/// Returns whether a file argument stands for standard input.
pub(crate) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Options of a requested package.
#[derive(Debug, Args)]
#[command(next_help_heading = "Package")]
pub(crate) struct PackageOptions {
    /// Protection scheme. Default: cbcs.
    #[arg(long)]
    pub(crate) scheme: Option<SchemeArg>,
    /// Tracks to encrypt. Default: video, or all with --audio-only.
    #[arg(long)]
    pub(crate) encrypt: Option<EncryptArg>,
    /// Output layout: one file per segment, or one per track.
    #[arg(long)]
    pub(crate) layout: Option<LayoutArg>,
    /// When to make segments. Default: ahead.
    #[arg(long)]
    pub(crate) when: Option<WhenArg>,
    /// Days until a segment that was made on demand expires: 1, 7, 30, 90 or 365. Default: it stays.
    #[arg(long, value_name = "DAYS", requires = "when", value_parser = clap::value_parser!(u16).range(1..=365))]
    pub(crate) retention_days: Option<u16>,
    /// Target segment duration, 1 to 60.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u8).range(1..=60))]
    pub(crate) segment_duration: Option<u8>,
    /// Package only the audio tracks.
    #[arg(long)]
    pub(crate) audio_only: bool,
    /// Tracks to leave out. Without it, a file with an unsupported track is refused.
    #[arg(long, value_name = "TRACKS")]
    pub(crate) leave_out: Option<LeaveOutArg>,
    /// Key ID of your own content key, which is in `VPP_KEY` or in --key-file.
    #[arg(long, value_name = "KID")]
    pub(crate) kid: Option<String>,
    /// File with the content key; - for standard input.
    #[arg(long, value_name = "FILE", requires = "kid")]
    pub(crate) key_file: Option<PathBuf>,
    /// Key ID of a separate audio key, which is in `VPP_AUDIO_KEY` or in --audio-key-file. Requires --encrypt all.
    #[arg(long, value_name = "KID", requires = "kid")]
    pub(crate) audio_kid: Option<String>,
    /// File with the audio key; - for standard input.
    #[arg(long, value_name = "FILE", requires = "audio_kid")]
    pub(crate) audio_key_file: Option<PathBuf>,
    /// Widevine pssh box in base64, to signal in the manifests.
    #[arg(long, value_name = "BASE64")]
    pub(crate) widevine: Option<String>,
    /// PlayReady pssh box in base64, to signal in the manifests.
    #[arg(long, value_name = "BASE64")]
    pub(crate) playready: Option<String>,
    /// FairPlay key URI (skd://), to signal in the playlists. Requires cbcs.
    #[arg(long, value_name = "URI")]
    pub(crate) fairplay: Option<String>,
    #[command(flatten)]
    pub(crate) subtitles: SubtitleArgs,
}

/// Arguments of `vpp upload`.
#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    /// Files to upload, and folders to search for movies and subtitle files (mp4, m4v, m4a, mov, mkv, mka, webm, vtt, srt, ttml, dfxp,
    /// scc).
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Number of parts to upload in parallel.
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) parallel: u8,
    /// Wait until each file is ingested or refused, and its package is Ready or Failed.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Request a package of each file. Implied by every package option.
    #[arg(long)]
    pub(crate) package: bool,
    /// Request one package of all files: the bit rates and languages of one stream.
    #[arg(long)]
    pub(crate) together: bool,
    #[command(flatten)]
    pub(crate) package_options: PackageOptions,
    #[command(flatten)]
    pub(crate) platform: PlatformOptions,
}

/// Arguments of `vpp request`.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// IDs of the contents: one movie, or the bit rates and languages of one stream.
    #[arg(required = true, value_name = "INPUT_CONTENT_ID", value_parser = id)]
    pub(crate) contents: Vec<String>,
    /// Wait until the package is Ready or Failed, or playable if it is made on demand.
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) package_options: PackageOptions,
    #[command(flatten)]
    pub(crate) platform: PlatformOptions,
}

/// The resources that `vpp list` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListedResource {
    Packages,
    Contents,
}

/// Arguments of `vpp list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Resources to list, newest first.
    #[arg(value_name = "WHAT", default_value = "packages")]
    pub(crate) resource: ListedResource,
    /// Maximum number of items.
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "all")]
    pub(crate) limit: u32,
    /// List all items.
    #[arg(long)]
    pub(crate) all: bool,
    /// Continue at the cursor of an earlier list.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// Filter by status. Packages: Queued, Fragmented, Encrypted, Ready, Failed, Deleting. Contents: Ingested, Refused, Subtitles.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// List only packages of this content.
    #[arg(long, value_name = "INPUT_CONTENT_ID", value_parser = id)]
    pub(crate) of: Option<String>,
    /// List only contents whose origin starts with this prefix, such as `s3://BUCKET/FOLDER/`.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) origin: Option<String>,
    #[command(flatten)]
    pub(crate) platform: PlatformOptions,
}

/// Arguments of `vpp status`, `vpp retry` and `vpp ahead`.
#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// IDs of packages; `vpp status` also accepts IDs of contents.
    #[arg(required = true, value_name = "ID", value_parser = id)]
    pub(crate) ids: Vec<String>,
    /// Wait until each package is Ready or Failed, or playable if it is made on demand.
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) platform: PlatformOptions,
}

/// Arguments of `vpp url`.
#[derive(Debug, Args)]
pub(crate) struct UrlArgs {
    /// ID of the package.
    #[arg(value_name = "PACKAGED_CONTENT_ID", value_parser = id)]
    pub(crate) id: String,
    /// Print only the address of the DASH manifest.
    #[arg(long, conflicts_with = "hls")]
    pub(crate) dash: bool,
    /// Print only the address of the HLS playlist.
    #[arg(long)]
    pub(crate) hls: bool,
    /// Also request a playback token.
    #[arg(long)]
    pub(crate) token: bool,
    /// Lifetime of the playback token.
    #[arg(long, value_name = "SECONDS", requires = "token")]
    pub(crate) seconds: Option<u64>,
    #[command(flatten)]
    pub(crate) platform: PlatformOptions,
}

/// Arguments of `vpp delete`.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// IDs of packages, or with --contents of contents.
    #[arg(required = true, value_name = "ID", value_parser = id)]
    pub(crate) ids: Vec<String>,
    /// Delete uploaded files. Their packages remain.
    #[arg(long)]
    pub(crate) contents: bool,
    /// Wait until each deletion is complete.
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) platform: PlatformOptions,
}

/// Parses an ID, which becomes a part of a request path.
pub(super) fn id(text: &str) -> Result<String, String> {
    let valid = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if valid { Ok(text.to_owned()) } else { Err("expected an ID of letters, digits and hyphens".to_owned()) }
}
