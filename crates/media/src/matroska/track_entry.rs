//! Tracks as Matroska describes them (RFC 9559 5.1.4).

use super::ebml::{Element, elements};
use super::ids;
use crate::codec::UNSPECIFIED_COLOUR;
use crate::number::whole_hertz;

/// `TrackType` (RFC 9559 5.1.4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrackType {
    Video,
    Audio,
    Subtitle,
    Other,
}

/// What is done to the frames of a track before they are stored (`ContentEncodings`, RFC 9559 5.1.4.1.31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameEncoding {
    None,
    Compressed,
    HeaderStripped,
    Encrypted,
}

/// The properties of a track.
#[derive(Debug, Clone)]
pub(super) struct TrackEntry {
    pub(super) number: u64,
    pub(super) kind: TrackType,
    pub(super) codec_id: String,
    pub(super) codec_private: Vec<u8>,
    /// Duration of a frame in nanoseconds, if all have the same.
    pub(super) default_duration: Option<u64>,
    /// Nanoseconds to subtract from the timestamps of blocks (`CodecDelay`).
    pub(super) codec_delay: u64,
    pub(super) language: String,
    pub(super) name: Option<String>,
    /// Whether it is presented unless the viewer chooses otherwise: `FlagEnabled` and `FlagDefault`.
    pub(super) is_default: bool,
    /// Roles of DASH (ISO/IEC 23009-1 5.8.5.5) that its flags state.
    pub(super) roles: Vec<&'static str>,
    pub(super) encoding: FrameEncoding,
    pub(super) video: VideoSettings,
    pub(super) audio: AudioSettings,
}

/// `Video` (RFC 9559 5.1.4.1.28).
#[derive(Debug, Clone, Default)]
pub(super) struct VideoSettings {
    pub(super) width: u64,
    pub(super) height: u64,
    /// `DisplayWidth` and `DisplayHeight`, in any unit: their ratio is the display aspect ratio.
    pub(super) display: Option<(u64, u64)>,
    pub(super) colour: Option<ColourSettings>,
}

/// `Colour`: code points of ISO/IEC 23091-2.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColourSettings {
    pub(super) primaries: u8,
    pub(super) transfer: u8,
    pub(super) matrix: u8,
    pub(super) is_full_range: bool,
}

/// `Audio` (RFC 9559 5.1.4.1.29).
#[derive(Debug, Clone, Copy)]
pub(super) struct AudioSettings {
    pub(super) sample_rate: u32,
    pub(super) channels: u16,
    pub(super) bit_depth: u16,
}

/// `DisplayUnit` of pixels, centimetres, inches and an aspect ratio. With others, the size is unknown.
const DISPLAY_UNITS: std::ops::RangeInclusive<u64> = 0..=3;

impl TrackEntry {
    /// Reads a `TrackEntry`; `None` without `TrackNumber`.
    pub(super) fn parse(entry: &Element<'_>) -> Option<Self> {
        let mut track = Self {
            number: 0,
            kind: TrackType::Other,
            codec_id: String::new(),
            codec_private: Vec::new(),
            default_duration: None,
            codec_delay: 0,
            language: "eng".to_owned(),
            name: None,
            is_default: true,
            roles: Vec::new(),
            encoding: FrameEncoding::None,
            video: VideoSettings::default(),
            audio: AudioSettings { sample_rate: 8000, channels: 1, bit_depth: 16 },
        };
        let mut bcp47 = None;
        for child in elements(entry.data) {
            let is_set = || child.uint() == Some(1);
            match child.id {
                ids::TRACK_NUMBER => track.number = child.uint().unwrap_or(0),
                ids::TRACK_TYPE => track.kind = track_type(child.uint()),
                ids::FLAG_ENABLED | ids::FLAG_DEFAULT => track.is_default &= child.uint() != Some(0),
                ids::FLAG_HEARING_IMPAIRED if is_set() => track.roles.push("caption"),
                ids::FLAG_VISUAL_IMPAIRED if is_set() => track.roles.push("description"),
                ids::FLAG_COMMENTARY if is_set() => track.roles.push("commentary"),
                ids::DEFAULT_DURATION => track.default_duration = child.uint().filter(|duration| *duration > 0),
                ids::NAME => track.name = Some(child.text()),
                ids::LANGUAGE => track.language = child.text(),
                ids::LANGUAGE_BCP47 => bcp47 = Some(child.text()),
                ids::CODEC_ID => track.codec_id = child.text(),
                ids::CODEC_PRIVATE => child.data.clone_into(&mut track.codec_private),
                ids::CODEC_DELAY => track.codec_delay = child.uint().unwrap_or(0),
                ids::CONTENT_ENCODINGS => track.encoding = frame_encoding(&child),
                ids::VIDEO => track.video = video_settings(&child),
                ids::AUDIO => track.audio = audio_settings(&child, track.audio),
                _ => {}
            }
        }
        track.language = bcp47.unwrap_or(track.language);
        (track.number > 0).then_some(track)
    }
}

fn track_type(value: Option<u64>) -> TrackType {
    match value {
        Some(1) => TrackType::Video,
        Some(2) => TrackType::Audio,
        Some(17) => TrackType::Subtitle,
        _ => TrackType::Other,
    }
}

fn frame_encoding(encodings: &Element<'_>) -> FrameEncoding {
    /// The bit of `ContentEncodingScope` for the frames.
    const SCOPE_FRAMES: u64 = 1;
    /// `ContentCompAlgo` of header stripping.
    const HEADER_STRIPPING: u64 = 3;
    for encoding in elements(encodings.data).filter(|child| child.id == ids::CONTENT_ENCODING) {
        let mut scope = SCOPE_FRAMES;
        let mut found = FrameEncoding::Compressed;
        for child in elements(encoding.data) {
            match child.id {
                ids::CONTENT_ENCODING_SCOPE => scope = child.uint().unwrap_or(scope),
                ids::CONTENT_ENCRYPTION => found = FrameEncoding::Encrypted,
                ids::CONTENT_COMPRESSION => {
                    let algorithm = elements(child.data).find(|child| child.id == ids::CONTENT_COMP_ALGO);
                    if algorithm.and_then(|algorithm| algorithm.uint()) == Some(HEADER_STRIPPING) {
                        found = FrameEncoding::HeaderStripped;
                    }
                }
                _ => {}
            }
        }
        if scope & SCOPE_FRAMES != 0 {
            return found;
        }
    }
    FrameEncoding::None
}

fn video_settings(video: &Element<'_>) -> VideoSettings {
    let mut settings = VideoSettings::default();
    let (mut width, mut height, mut unit) = (None, None, 0);
    for child in elements(video.data) {
        match child.id {
            ids::PIXEL_WIDTH => settings.width = child.uint().unwrap_or(0),
            ids::PIXEL_HEIGHT => settings.height = child.uint().unwrap_or(0),
            ids::DISPLAY_WIDTH => width = child.uint(),
            ids::DISPLAY_HEIGHT => height = child.uint(),
            ids::DISPLAY_UNIT => unit = child.uint().unwrap_or(u64::MAX),
            ids::COLOUR => settings.colour = Some(colour_settings(&child)),
            _ => {}
        }
    }
    settings.display = width.zip(height).filter(|_| DISPLAY_UNITS.contains(&unit));
    settings
}

fn colour_settings(colour: &Element<'_>) -> ColourSettings {
    /// `Range` of full-range video.
    const FULL_RANGE: u64 = 2;
    let mut settings = ColourSettings {
        primaries: UNSPECIFIED_COLOUR,
        transfer: UNSPECIFIED_COLOUR,
        matrix: UNSPECIFIED_COLOUR,
        is_full_range: false,
    };
    for child in elements(colour.data) {
        let code_point = || child.uint().and_then(|value| u8::try_from(value).ok()).unwrap_or(UNSPECIFIED_COLOUR);
        match child.id {
            ids::PRIMARIES => settings.primaries = code_point(),
            ids::TRANSFER_CHARACTERISTICS => settings.transfer = code_point(),
            ids::MATRIX_COEFFICIENTS => settings.matrix = code_point(),
            ids::RANGE => settings.is_full_range = child.uint() == Some(FULL_RANGE),
            _ => {}
        }
    }
    settings
}

fn audio_settings(audio: &Element<'_>, defaults: AudioSettings) -> AudioSettings {
    let mut settings = defaults;
    for child in elements(audio.data) {
        match child.id {
            ids::SAMPLING_FREQUENCY => settings.sample_rate = child.float().map_or(0, |rate| whole_hertz(rate.round())),
            ids::CHANNELS => settings.channels = child.uint().and_then(|count| u16::try_from(count).ok()).unwrap_or(0),
            ids::BIT_DEPTH => settings.bit_depth = child.uint().and_then(|bits| u16::try_from(bits).ok()).unwrap_or(0),
            _ => {}
        }
    }
    settings
}
