//! The JSON that `mp4probe` prints: one object that describes the container and the tracks.

use serde::Serialize;

use crate::bento4::{self, Movie};

/// The description of one file.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The release of Bento4 that parsed the file.
    bento4: &'static str,
    container: Container,
    tracks: Vec<Track>,
}

#[derive(Debug, Serialize)]
struct Container {
    /// `null` if the file has no `ftyp` box, like old QuickTime files.
    major_brand: Option<String>,
    compatible_brands: Vec<String>,
    timescale: u32,
    /// In units of `timescale`.
    duration: u64,
    /// Whether the movie has an `mvex` box, which announces fragments.
    fragmented: bool,
    /// Whether the movie box precedes the media data.
    fast_start: bool,
}

#[derive(Debug, Serialize)]
struct Track {
    id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    /// The codec string (RFC 6381).
    codec: String,
    /// The four-character code of the sample entry; for a protected track, that of the original format.
    sample_entry: String,
    language: String,
    timescale: u32,
    /// In units of `timescale`.
    duration: u64,
    sample_count: u32,
    #[serde(flatten)]
    format: Format,
    protected: bool,
    /// The four-character code of the protection scheme, such as `cbcs`.
    scheme: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Format {
    Video { width: u32, height: u32 },
    Audio { sample_rate: u32, channels: u32 },
    Other {},
}

impl Report {
    /// Describes an open movie.
    pub(crate) fn of(movie: &Movie) -> Result<Self, bento4::Error> {
        let container = movie.container()?;
        let tracks = (0..container.track_count)
            .map(|index| movie.track(index).map(|track| Track::from(&track)))
            .collect::<Result<_, _>>()?;
        Ok(Self { bento4: env!("BENTO4_VERSION"), container: Container::from(&container), tracks })
    }
}

impl From<&bento4::Container> for Container {
    fn from(container: &bento4::Container) -> Self {
        Self {
            major_brand: (container.has_file_type != 0).then(|| four_characters(container.major_brand)),
            compatible_brands: container.compatible_brands().map(four_characters).collect(),
            timescale: container.timescale,
            duration: container.duration,
            fragmented: container.fragmented != 0,
            fast_start: container.moov_before_mdat != 0,
        }
    }
}

impl From<&bento4::Track> for Track {
    fn from(track: &bento4::Track) -> Self {
        let kind = kind(track.kind);
        Self {
            id: track.id,
            kind,
            codec: track.codec(),
            sample_entry: four_characters(track.sample_entry),
            language: language(track.language()),
            timescale: track.timescale,
            duration: track.duration,
            sample_count: track.sample_count,
            format: match kind {
                "video" => Format::Video { width: track.width, height: track.height },
                "audio" => Format::Audio { sample_rate: track.sample_rate, channels: track.channels },
                _ => Format::Other {},
            },
            protected: track.is_protected != 0,
            scheme: (track.scheme != 0).then(|| four_characters(track.scheme)),
        }
    }
}

/// Returns the name of a `ProbeTrackKind` of `probe.h`.
fn kind(kind: u32) -> &'static str {
    match kind {
        1 => "video",
        2 => "audio",
        3 => "text",
        4 => "subtitles",
        5 => "hint",
        6 => "system",
        _ => "unknown",
    }
}

/// Returns the ISO 639-2 code, or `und` if the field holds a QuickTime language number.
fn language(code: String) -> String {
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase()) { code } else { "und".to_owned() }
}

/// Returns a four-character code as text. A byte outside printable ASCII becomes `.`.
fn four_characters(code: u32) -> String {
    code.to_be_bytes()
        .map(|byte| match byte {
            b' '..=b'~' => char::from(byte),
            _ => '.',
        })
        .iter()
        .collect()
}
