//! Sample entries (ISO/IEC 14496-12 8.5.2): which codec reads which, and what comes of it.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{
    Av1Config, Av1Parser, AvcConfig, AvcParser, ChannelConfiguration, Colour, HevcConfig, HevcParser, TextInfo,
    Vp9Parser, aac, ac3, av1, avc, flac, hevc, mp3, opus, text, vp9,
};
use crate::cenc::Scheme;
use crate::codec::TrackKind;
use crate::isobmff::{BoxView, BoxWriter, Boxes, FourCc};
use crate::{Error, Result};

/// A sample entry, ready to be written into an init segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleEntry<'a> {
    /// Its type: `avc1`, `mp4a`.
    pub kind: FourCc,
    /// The RFC 6381 `codecs` string.
    pub codecs: String,
    /// What is known of the picture, for video.
    pub video: Option<VideoInfo>,
    /// What is known of the sound, for audio.
    pub audio: Option<AudioInfo>,
    /// What is known of the text, for subtitles.
    pub text: Option<TextInfo>,
    /// How its samples are protected.
    pub protection: ProtectionRule,
    /// Everything behind the box header, in ISO form: carried through byte for byte, children and all.
    body: Cow<'a, [u8]>,
}

/// What a manifest says of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoInfo {
    /// Coded width in pixels.
    pub width: u16,
    /// Coded height in pixels.
    pub height: u16,
    /// Sample (pixel) aspect ratio, from `pasp`.
    pub sample_aspect_ratio: Option<(u32, u32)>,
    /// Its colours, where told.
    pub colour: Option<Colour>,
}

/// What a manifest says of sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// Samples per second of the decoded sound.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u16,
    /// Where they belong, where known.
    pub channel_configuration: Option<ChannelConfiguration>,
    /// The complexity index of joint object coding, for Dolby Atmos.
    pub joc_complexity: Option<u8>,
}

/// Which bytes of a sample may be encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProtectionRule {
    /// The whole sample: audio.
    FullSample,
    /// H.264: the slice data of every VCL NAL unit.
    Avc(AvcConfig),
    /// H.265: the slice segment data of every VCL NAL unit.
    Hevc(HevcConfig),
    /// AV1: the tiles.
    Av1(Av1Config),
    /// VP9: what follows the uncompressed header of each frame.
    Vp9,
}

impl ProtectionRule {
    /// A parser of one segment's samples; `None` where the whole sample is protected.
    #[must_use]
    pub fn parser(&self) -> Option<SampleParser> {
        match self {
            Self::FullSample => None,
            Self::Avc(config) => Some(SampleParser::Avc(AvcParser::new(config))),
            Self::Hevc(config) => Some(SampleParser::Hevc(HevcParser::new(config))),
            Self::Av1(config) => Some(SampleParser::Av1(Box::new(Av1Parser::new(config)))),
            Self::Vp9 => Some(SampleParser::Vp9(Vp9Parser::default())),
        }
    }

    /// Whether a standard says how samples of this kind are protected by `scheme`.
    #[must_use]
    pub fn allows(&self, scheme: Scheme) -> bool {
        !matches!((self, scheme), (Self::Vp9, Scheme::Cbcs))
    }
}

/// Finds the bytes of a segment's samples that may be encrypted.
#[derive(Debug)]
pub enum SampleParser {
    /// H.264.
    Avc(AvcParser),
    /// H.265.
    Hevc(HevcParser),
    /// AV1.
    Av1(Box<Av1Parser>),
    /// VP9.
    Vp9(Vp9Parser),
}

impl SampleParser {
    /// Appends the ranges of `sample` that may be encrypted to `protected`, in order and apart.
    ///
    /// Must be called on a segment's samples in decode order. `offset` is where the sample lies in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when the sample does not parse as its codec.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        match self {
            Self::Avc(parser) => parser.protected_ranges(sample, offset, protected),
            Self::Hevc(parser) => parser.protected_ranges(sample, offset, protected),
            Self::Av1(parser) => parser.protected_ranges(sample, offset, protected),
            Self::Vp9(parser) => parser.protected_ranges(sample, offset, protected),
        }
    }
}

impl<'a> SampleEntry<'a> {
    /// Reads an entry of the `stsd` box of track `track_id`.
    ///
    /// # Errors
    /// [`Error::AlreadyEncrypted`], [`Error::UnsupportedCodec`] or [`Error::Malformed`].
    pub fn parse(entry: &BoxView<'a>, kind: TrackKind, track_id: u32) -> Result<Self> {
        match (kind, &entry.kind.0) {
            (_, b"encv" | b"enca") => Err(already_encrypted(entry, kind, track_id)),
            (TrackKind::Video, b"avc1" | b"avc3") => avc::sample_entry(entry),
            (TrackKind::Video, b"hvc1" | b"hev1" | b"dvh1" | b"dvhe") => hevc::sample_entry(entry),
            (TrackKind::Video, b"av01") => av1::sample_entry(entry),
            (TrackKind::Video, b"vp09") => vp9::sample_entry(entry),
            (TrackKind::Audio, b"mp4a") => aac::sample_entry(entry, track_id),
            (TrackKind::Audio, b".mp3" | b"ms\0U") => mp3::sample_entry(entry),
            (TrackKind::Audio, b"ac-3") => ac3::ac3(entry),
            (TrackKind::Audio, b"ec-3") => ac3::eac3(entry),
            (TrackKind::Audio, b"Opus") => opus::sample_entry(entry),
            (TrackKind::Audio, b"fLaC") => flac::sample_entry(entry),
            (TrackKind::Text, b"wvtt") => text::webvtt(entry),
            (TrackKind::Text, b"stpp") => text::ttml(entry, track_id),
            (TrackKind::Text, b"tx3g") => text::timed_text(entry),
            _ => Err(Error::UnsupportedCodec { track_id, codec: entry.kind.to_string() }),
        }
    }

    /// A visual entry whose `body` stands behind its box header.
    pub(super) fn picture(
        kind: FourCc,
        codecs: String,
        facts: VideoInfo,
        protection: ProtectionRule,
        body: Cow<'a, [u8]>,
    ) -> Self {
        Self { kind, codecs, video: Some(facts), audio: None, text: None, protection, body }
    }

    /// An audio entry whose `body` stands behind its box header.
    pub(super) fn sound(kind: FourCc, codecs: String, facts: AudioInfo, body: Cow<'a, [u8]>) -> Self {
        let protection = ProtectionRule::FullSample;
        Self { kind, codecs, video: None, audio: Some(facts), text: None, protection, body }
    }

    /// A text entry whose `body` stands behind its box header. Its samples are never protected.
    pub(super) fn text(kind: FourCc, codecs: String, facts: TextInfo, body: Cow<'a, [u8]>) -> Self {
        let protection = ProtectionRule::FullSample;
        Self { kind, codecs, video: None, audio: None, text: Some(facts), protection, body }
    }

    /// Writes the entry as a box of type `kind`, its own or that of a protected track, with what `more` writes at its end.
    pub(crate) fn write(&self, w: &mut BoxWriter, kind: &[u8; 4], more: impl FnOnce(&mut BoxWriter)) {
        w.plain(kind, |w| {
            w.raw(&self.body);
            more(w);
        });
    }
}

/// Names the scheme of a protected entry.
fn already_encrypted(entry: &BoxView<'_>, kind: TrackKind, track_id: u32) -> Error {
    let fixed = if kind == TrackKind::Video { 78 } else { 28 };
    let mut reader = entry.reader();
    let scheme = reader.skip(fixed).ok().and_then(|()| {
        let sinf = Boxes::after(&reader, entry).find_kind(b"sinf").ok()??;
        let (_, _, mut schm) = sinf.child(b"schm").ok()??.full().ok()?;
        schm.array().ok().map(FourCc)
    });
    Error::AlreadyEncrypted { track_id, scheme: scheme.unwrap_or(entry.kind) }
}
