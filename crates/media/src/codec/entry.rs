//! Sample entries (ISO/IEC 14496-12 8.5.2, 12.1.3, 12.2.3).

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{AvcConfig, AvcParser, HevcConfig, HevcParser, aac};
use crate::isobmff::{BoxView, BoxWriter, Boxes, FourCc};
use crate::track::TrackKind;
use crate::{Error, Result};

/// A sample entry, ready to be written into an init segment.
#[derive(Debug, Clone)]
pub struct SampleEntry<'a> {
    /// Its type: `avc1`, `mp4a`.
    pub kind: FourCc,
    /// The RFC 6381 `codecs` string.
    pub codecs: String,
    /// What is known of the picture, for video.
    pub video: Option<VideoFacts>,
    /// What is known of the sound, for audio.
    pub audio: Option<AudioFacts>,
    /// How its samples are protected.
    pub protection: ProtectionRule,
    /// Everything behind the box header, in ISO form: carried through byte for byte, children and all.
    body: Cow<'a, [u8]>,
}

/// What a manifest says of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoFacts {
    /// Coded width in pixels.
    pub width: u16,
    /// Coded height in pixels.
    pub height: u16,
    /// Sample (pixel) aspect ratio, from `pasp`.
    pub sample_aspect_ratio: Option<(u32, u32)>,
}

/// What a manifest says of sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioFacts {
    /// Samples per second of the decoded sound.
    pub sample_rate: u32,
    /// Channels; `ChannelConfiguration` of ISO/IEC 23091-3 where it is 1 to 6 or 8.
    pub channels: u16,
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
}

impl ProtectionRule {
    /// A parser of one segment's samples; `None` where the whole sample is protected.
    #[must_use]
    pub fn parser(&self) -> Option<SampleParser> {
        match self {
            Self::FullSample => None,
            Self::Avc(config) => Some(SampleParser::Avc(AvcParser::new(config))),
            Self::Hevc(config) => Some(SampleParser::Hevc(HevcParser::new(config))),
        }
    }
}

/// Finds the bytes of a segment's samples that may be encrypted.
#[derive(Debug)]
pub enum SampleParser {
    /// H.264.
    Avc(AvcParser),
    /// H.265.
    Hevc(HevcParser),
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
        }
    }
}

impl<'a> SampleEntry<'a> {
    /// Reads an entry of the `stsd` box of track `track_id`.
    ///
    /// # Errors
    /// [`Error::AlreadyEncrypted`], [`Error::UnsupportedCodec`] or [`Error::Malformed`].
    pub fn parse(entry: &BoxView<'a>, kind: TrackKind, track_id: u32) -> Result<Self> {
        match &entry.kind.0 {
            b"encv" | b"enca" => Err(already_encrypted(entry, kind, track_id)),
            b"avc1" | b"avc3" if kind == TrackKind::Video => Self::avc(entry),
            b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" if kind == TrackKind::Video => Self::hevc(entry),
            b"mp4a" if kind == TrackKind::Audio => Self::aac(entry, track_id),
            _ => Err(Error::UnsupportedCodec { track_id, codec: entry.kind.to_string() }),
        }
    }

    /// Writes the entry as a box of type `kind`, its own or that of a protected track, with what `more` writes at its end.
    pub(crate) fn write(&self, w: &mut BoxWriter, kind: &[u8; 4], more: impl FnOnce(&mut BoxWriter)) {
        w.plain(kind, |w| {
            w.raw(&self.body);
            more(w);
        });
    }

    fn avc(entry: &BoxView<'a>) -> Result<Self> {
        let (video, children) = visual(entry)?;
        let avcc = children.clone().find_kind(b"avcC")?.ok_or(entry.malformed("it has no avcC box"))?;
        let config = AvcConfig::parse(&avcc)?;
        Ok(Self {
            kind: entry.kind,
            codecs: format!("{}.{}", entry.kind, config.profile_level()),
            video: Some(video),
            audio: None,
            protection: ProtectionRule::Avc(config),
            body: Cow::Borrowed(without_terminator(entry.payload, children)?),
        })
    }

    /// An `hev1` entry whose record holds all parameter sets becomes `hvc1`, which is what Apple's players take. The entries of
    /// Dolby Vision keep their names: players tell by them that its metadata must be applied.
    fn hevc(entry: &BoxView<'a>) -> Result<Self> {
        let (video, children) = visual(entry)?;
        let hvcc = children.clone().find_kind(b"hvcC")?.ok_or(entry.malformed("it has no hvcC box"))?;
        let config = HevcConfig::parse(&hvcc)?;
        let kind = if entry.kind == b"hev1" && config.is_complete() { FourCc(*b"hvc1") } else { entry.kind };
        let profile = match &kind.0 {
            b"dvh1" | b"dvhe" => dolby_vision(&children)?.ok_or(entry.malformed("it has no dvcC or dvvC box"))?,
            _ => config.profile_level(),
        };
        Ok(Self {
            kind,
            codecs: format!("{kind}.{profile}"),
            video: Some(video),
            audio: None,
            protection: ProtectionRule::Hevc(config),
            body: Cow::Borrowed(without_terminator(entry.payload, children)?),
        })
    }

    fn aac(entry: &BoxView<'a>, track_id: u32) -> Result<Self> {
        let sound = Sound::parse(entry)?;
        let esds = sound.esds.ok_or(entry.malformed("it has no esds box"))?;
        let config = aac::AacConfig::parse(&esds, track_id)?;
        let audio = AudioFacts {
            sample_rate: config.sample_rate.unwrap_or(sound.sample_rate),
            channels: config.channels.unwrap_or(sound.channels),
        };
        Ok(Self {
            kind: entry.kind,
            codecs: config.codecs,
            video: None,
            audio: Some(audio),
            protection: ProtectionRule::FullSample,
            body: sound.body,
        })
    }
}

/// The fixed part of a visual sample entry, and the boxes behind it.
fn visual<'a>(entry: &BoxView<'a>) -> Result<(VideoFacts, Boxes<'a>)> {
    let mut reader = entry.reader();
    // reserved, data_reference_index; pre_defined, reserved, pre_defined
    reader.skip(24)?;
    let (width, height) = (reader.u16()?, reader.u16()?);
    // resolutions, reserved, frame_count, compressorname, depth, pre_defined
    reader.skip(50)?;
    let children = Boxes::after(&reader, entry);
    let pasp = children.clone().find_kind(b"pasp")?;
    let sample_aspect_ratio = pasp.map(|pasp| {
        let mut reader = pasp.reader();
        Ok::<_, Error>((reader.u32()?, reader.u32()?))
    });
    let sample_aspect_ratio = sample_aspect_ratio.transpose()?.filter(|(h, v)| *h > 0 && *v > 0);
    Ok((VideoFacts { width, height, sample_aspect_ratio }, children))
}

/// `PP.LL` of the codecs string: profile and level of the `DOVIDecoderConfigurationRecord`, whose box has another name for
/// profiles from 8 and from 20 on (Dolby Vision Streams within the ISO Base Media File Format, 2.2 and 3).
fn dolby_vision(children: &Boxes<'_>) -> Result<Option<String>> {
    for kind in [b"dvcC", b"dvvC", b"dvwC"] {
        if let Some(found) = children.clone().find_kind(kind)? {
            let mut reader = found.reader();
            reader.skip(2)?; // dv_version_major, dv_version_minor
            let bits = reader.u16()?;
            let (profile, level) = (bits >> 9, (bits >> 3) & 0x3f);
            return Ok(Some(format!("{profile:02}.{level:02}")));
        }
    }
    Ok(None)
}

/// The payload up to the end of its last box: QuickTime ends some lists of boxes with a zero word.
fn without_terminator<'a>(payload: &'a [u8], mut children: Boxes<'a>) -> Result<&'a [u8]> {
    children.by_ref().try_for_each(|child| child.map(drop))?;
    let end = payload.len().saturating_sub(children.rest().len());
    Ok(payload.get(..end).unwrap_or(payload))
}

/// An audio sample entry in ISO form.
struct Sound<'a> {
    sample_rate: u32,
    channels: u16,
    esds: Option<BoxView<'a>>,
    body: Cow<'a, [u8]>,
}

impl<'a> Sound<'a> {
    /// Reads an ISO audio sample entry, or one of QuickTime's versions 1 and 2, which is turned into ISO form: the `esds`
    /// box comes out of its `wave` box, and the fields of the later versions go.
    fn parse(entry: &BoxView<'a>) -> Result<Self> {
        let mut reader = entry.reader();
        reader.skip(8)?;
        let version = reader.u16()?;
        reader.skip(6)?;
        let (channels, sample_size) = (reader.u16()?, reader.u16()?);
        reader.skip(4)?;
        let sample_rate = reader.u32()?;
        let rate = sample_rate >> 16;
        if version == 0 {
            let children = Boxes::after(&reader, entry);
            if let Some(esds) = children.clone().find_kind(b"esds")? {
                let body = Cow::Borrowed(without_terminator(entry.payload, children)?);
                return Ok(Self { sample_rate: rate, channels, esds: Some(esds), body });
            }
        }
        let (rate, channels) = match version {
            0 => (rate, channels),
            1 => {
                reader.skip(16)?;
                (rate, channels)
            }
            2 => {
                reader.skip(4)?;
                let rate = f64::from_bits(reader.u64()?);
                let channels = u16::try_from(reader.u32()?).unwrap_or(channels);
                reader.skip(20)?;
                (whole_hertz(rate), channels)
            }
            _ => return Err(entry.malformed("its version is none of 0, 1 and 2")),
        };
        let children = Boxes::after(&reader, entry);
        let esds = match children.clone().find_kind(b"wave")? {
            Some(wave) => wave.child(b"esds")?,
            None => children.find_kind(b"esds")?,
        };
        let mut w = BoxWriter::new();
        w.raw(entry.payload.split_at(8.min(entry.payload.len())).0);
        w.zeros(8);
        w.u16(channels);
        w.u16(sample_size);
        w.zeros(4);
        w.u32(u16::try_from(rate).map_or(0, |rate| u32::from(rate) << 16));
        w.raw(esds.map_or(&[], |esds| esds.raw));
        Ok(Self { sample_rate: rate, channels, esds, body: Cow::Owned(w.finish()) })
    }
}

/// A sampling rate stored as a float; 0 where it is not a whole number of hertz below 2³².
#[expect(clippy::as_conversions, reason = "a float converts to an integer by `as` alone; the range is checked")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn whole_hertz(rate: f64) -> u32 {
    if (0.0..4_294_967_296.0).contains(&rate) { rate as u32 } else { 0 }
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
