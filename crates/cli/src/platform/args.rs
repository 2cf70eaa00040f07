//! Arguments of the commands that work with a deployed platform.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::args::{EncryptArg, Given, LayoutArg, SchemeArg, given};
use crate::failure::Failure;
use crate::platform::http::{Platform, Token, address};

/// Which platform, and who asks.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// The API's address: output `ApiUrl` of the stack.
    #[arg(long, env = "VPP_API", value_name = "URL", help_heading = "Platform")]
    api: Option<String>,
    /// A file that holds the bearer token, or the JSON of the platform's secret; - is standard input. Without it: `VPP_TOKEN`.
    #[arg(long, env = "VPP_TOKEN_FILE", value_name = "FILE", help_heading = "Platform")]
    token_file: Option<PathBuf>,
    /// How often what fails in passing is tried, with ever longer pauses.
    #[arg(long, value_name = "N", default_value = "6", value_parser = clap::value_parser!(u32).range(1..=20), help_heading = "Platform")]
    tries: u32,
    /// Let the token go over plain HTTP to another machine.
    #[arg(long, help_heading = "Platform")]
    plain_http: bool,
}

impl Connection {
    /// The platform.
    pub(crate) fn open(&self) -> Result<Platform, Failure> {
        let missing = || Failure::usage("name the platform's API with --api URL or in VPP_API");
        let api = address(self.api.as_deref().ok_or_else(missing)?, self.plain_http)?;
        let text = match &self.token_file {
            Some(file) => read(file)?,
            None => std::env::var("VPP_TOKEN").unwrap_or_default(),
        };
        let none = || Failure::usage("put a token into VPP_TOKEN, or name a file that holds one with --token-file");
        Ok(Platform::new(api, Token::read(&text).ok_or_else(none)?, self.tries))
    }

    /// Whether the token is to come from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.token_file.as_deref().is_some_and(is_stdin)
    }
}

/// The text of a small file, or of standard input.
pub(crate) fn read(file: &Path) -> Result<String, Failure> {
    const MOST: u64 = 64 * 1024;
    let mut text = String::new();
    let from: Box<dyn Read> = if is_stdin(file) {
        Box::new(std::io::stdin())
    } else {
        Box::new(fs::File::open(file).map_err(Failure::io(file))?)
    };
    from.take(MOST).read_to_string(&mut text).map_err(Failure::io(file))?;
    Ok(text)
}

pub(crate) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// What a package is to be.
#[derive(Debug, Default, Args)]
pub(crate) struct Wishes {
    /// Protection scheme; cbcs unless said otherwise.
    #[arg(long, help_heading = "Package")]
    pub(crate) scheme: Option<SchemeArg>,
    /// Which tracks to encrypt: the video, unless the package is of audio only.
    #[arg(long, help_heading = "Package")]
    pub(crate) encrypt: Option<EncryptArg>,
    /// One file per segment, or one per track.
    #[arg(long, help_heading = "Package")]
    pub(crate) layout: Option<LayoutArg>,
    /// Duration segments should have, 1 to 60.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u8).range(1..=60), help_heading = "Package")]
    pub(crate) segment_duration: Option<u8>,
    /// Package the sound alone.
    #[arg(long, help_heading = "Package")]
    pub(crate) audio_only: bool,
    /// Key id, when the key is yours: the key itself is in `VPP_KEY`, or in --key-file.
    #[arg(long, value_name = "KID", help_heading = "Package")]
    pub(crate) kid: Option<String>,
    /// A file that holds the content key; - is standard input.
    #[arg(long, value_name = "FILE", requires = "kid", help_heading = "Package")]
    pub(crate) key_file: Option<PathBuf>,
    /// Key id of the audio's own key, which is in `VPP_AUDIO_KEY` or in --audio-key-file. With --encrypt all.
    #[arg(long, value_name = "KID", requires = "kid", help_heading = "Package")]
    pub(crate) audio_kid: Option<String>,
    /// A file that holds the audio's content key.
    #[arg(long, value_name = "FILE", requires = "audio_kid", help_heading = "Package")]
    pub(crate) audio_key_file: Option<PathBuf>,
    /// Widevine's pssh box in base64, to be named in the manifests.
    #[arg(long, value_name = "BASE64", help_heading = "Package")]
    pub(crate) widevine: Option<String>,
    /// `PlayReady`'s pssh box in base64, to be named in the manifests.
    #[arg(long, value_name = "BASE64", help_heading = "Package")]
    pub(crate) playready: Option<String>,
    /// The skd:// URI at which `FairPlay` asks for the key, to be named in the playlists. With cbcs.
    #[arg(long, value_name = "URI", help_heading = "Package")]
    pub(crate) fairplay: Option<String>,
    /// Subtitles: a `WebVTT` file (for `request`: the id of an uploaded one), their language before it, a name behind it.
    #[arg(long, value_name = "LANGUAGE=FILE[:LABEL]", value_parser = given, help_heading = "Package")]
    pub(crate) subtitles: Vec<Given>,
    /// Subtitles for who cannot hear, likewise.
    #[arg(long, value_name = "LANGUAGE=FILE[:LABEL]", value_parser = given, help_heading = "Package")]
    pub(crate) captions: Vec<Given>,
    /// Subtitles that are shown to all, likewise.
    #[arg(long, value_name = "LANGUAGE=FILE[:LABEL]", value_parser = given, help_heading = "Package")]
    pub(crate) forced_subtitles: Vec<Given>,
}

/// Arguments of `vpp upload`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct Upload {
    /// Files, and folders, of which every movie and subtitle file is taken (mp4, m4v, m4a, mov, vtt).
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Parts that are sent at the same time.
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) parallel: u8,
    /// Stay until each is judged, and its package is Ready or Failed.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Ask for a package of each, as any of the options below does.
    #[arg(long)]
    pub(crate) package: bool,
    /// Ask for one package of all of them: the rungs of a ladder and further languages.
    #[arg(long)]
    pub(crate) together: bool,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `vpp request`.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// The content, or the contents of one stream: the rungs of a ladder and further languages.
    #[arg(required = true, value_name = "INPUT_CONTENT_ID", value_parser = id)]
    pub(crate) contents: Vec<String>,
    /// Stay until it is Ready or Failed.
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What there are lists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listed {
    Packages,
    Contents,
}

/// Arguments of `vpp list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// What to list, newest first.
    #[arg(default_value = "packages")]
    pub(crate) what: Listed,
    /// At most so many.
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "all")]
    pub(crate) limit: u32,
    /// All of them.
    #[arg(long)]
    pub(crate) all: bool,
    /// Go on where an earlier list ended.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// Only of this status: Queued, Fragmented, Encrypted, Ready, Failed, Deleting; of contents Ingested, Refused, Subtitles.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Only packages of this content.
    #[arg(long, value_name = "INPUT_CONTENT_ID", value_parser = id)]
    pub(crate) of: Option<String>,
    /// Only contents that were uploaded to a place that begins like this, as in `s3://BUCKET/FOLDER/`.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) origin: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `vpp status` and `vpp retry`.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Packages; for `status` contents, too.
    #[arg(required = true, value_name = "ID", value_parser = id)]
    pub(crate) ids: Vec<String>,
    /// Stay until each is Ready or Failed.
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `vpp url`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct Url {
    /// The package.
    #[arg(value_name = "PACKAGED_CONTENT_ID", value_parser = id)]
    pub(crate) id: String,
    /// Print the DASH manifest's address alone.
    #[arg(long, conflicts_with = "hls")]
    pub(crate) dash: bool,
    /// Print the HLS playlist's address alone.
    #[arg(long)]
    pub(crate) hls: bool,
    /// Get a playback token, too.
    #[arg(long)]
    pub(crate) token: bool,
    /// How long the token is to last.
    #[arg(long, value_name = "SECONDS", requires = "token")]
    pub(crate) seconds: Option<u64>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `vpp delete`.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Packages; with --contents, contents.
    #[arg(required = true, value_name = "ID", value_parser = id)]
    pub(crate) ids: Vec<String>,
    /// Delete uploaded files, and leave their packages.
    #[arg(long)]
    pub(crate) contents: bool,
    /// Stay until each is gone.
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// An id, which becomes part of a path.
fn id(text: &str) -> Result<String, String> {
    let whole = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if whole { Ok(text.to_owned()) } else { Err("expected an id, as the platform gives them".to_owned()) }
}
