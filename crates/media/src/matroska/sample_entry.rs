//! Sample entries (ISO/IEC 14496-12 8.5.2) from the codec configuration of a Matroska track (RFC 9559 Codec mappings).

use super::ac3::{write_dac3, write_dec3};
use super::opus;
use super::track_entry::{FrameEncoding, TrackEntry, VideoSettings};
use super::vp9::write_vpcc;
use crate::codec::{mp3_object_type, write_audio_esds};
use crate::isobmff::BoxWriter;
use crate::time::reduce;

/// Type of the sample entry of a codec that no sample entry is made for. Its payload names the codec.
pub(crate) const UNMAPPED_CODEC: [u8; 4] = *b"mkv ";

/// `objectTypeIndication` of AAC (mp4ra.org).
const AAC: u8 = 0x40;

/// The codecs that sample entries are made for (RFC 9559 and its codec registry).
const CODECS: [&str; 10] = [
    "V_MPEG4/ISO/AVC",
    "V_MPEGH/ISO/HEVC",
    "V_AV1",
    "V_VP9",
    "A_OPUS",
    "A_AAC",
    "A_MPEG/L3",
    "A_FLAC",
    "A_AC3",
    "A_EAC3",
];

/// What the sample entry of a track is made of, besides its frames.
#[derive(Debug)]
pub(super) struct Configuration<'t> {
    pub(super) entry: &'t TrackEntry,
    /// The first bytes of the first frame.
    pub(super) head: &'t [u8],
}

impl Configuration<'_> {
    /// Writes the sample entry. For a codec without one, writes an entry that the parser of the movie refuses by the codec's name.
    pub(super) fn write(&self, w: &mut BoxWriter) {
        let mut scratch = BoxWriter::new();
        let written = (self.entry.encoding == FrameEncoding::None).then(|| self.write_known(&mut scratch)).flatten();
        match written.and_then(|()| scratch.finish().ok()) {
            Some(bytes) => w.raw(&bytes),
            None => self.write_unknown(w),
        }
    }

    /// Returns whether a sample entry is defined for the codec.
    fn has_sample_entry(&self) -> bool {
        CODECS.contains(&self.entry.codec_id.as_str())
    }

    fn write_unknown(&self, w: &mut BoxWriter) {
        let suffix = match self.entry.encoding {
            FrameEncoding::None if self.has_sample_entry() => {
                " (without a valid configuration: CodecPrivate, or a first key frame)"
            }
            FrameEncoding::None => "",
            FrameEncoding::Compressed => " (compressed frames)",
            FrameEncoding::HeaderStripped => {
                " (frames without their first bytes: remux with mkvmerge --compression -1:none)"
            }
            FrameEncoding::Encrypted => " (encrypted frames)",
        };
        w.plain(&UNMAPPED_CODEC, |w| {
            w.zeros(6);
            w.u16(1); // data_reference_index
            w.raw(self.entry.codec_id.as_bytes());
            w.raw(suffix.as_bytes());
        });
    }

    fn write_known(&self, w: &mut BoxWriter) -> Option<()> {
        let TrackEntry { codec_id, codec_private, audio, .. } = self.entry;
        let has_private = !codec_private.is_empty();
        let copied = |w: &mut BoxWriter, kind: &[u8; 4], configuration: &[u8; 4]| {
            self.visual(w, kind, |w| has_private.then(|| w.plain(configuration, |w| w.raw(codec_private))))
        };
        match codec_id.as_str() {
            "V_MPEG4/ISO/AVC" => copied(w, b"avc1", b"avcC"),
            "V_MPEGH/ISO/HEVC" => copied(w, b"hvc1", b"hvcC"),
            "V_AV1" => copied(w, b"av01", b"av1C"),
            "V_VP9" => self.visual(w, b"vp09", |w| write_vpcc(w, self.entry, self.head)),
            "A_OPUS" => {
                let channels = opus::channels(codec_private)?;
                audio_entry(w, b"Opus", channels, opus::SAMPLE_RATE, |w| opus::write_dops(w, codec_private))
            }
            "A_AAC" => {
                let private = Some(codec_private).filter(|_| has_private)?;
                self.audio(w, b"mp4a", |w| {
                    write_audio_esds(w, AAC, private);
                    Some(())
                })
            }
            "A_MPEG/L3" => {
                let object_type = mp3_object_type(audio.sample_rate);
                self.audio(w, b"mp4a", |w| {
                    write_audio_esds(w, object_type, &[]);
                    Some(())
                })
            }
            "A_FLAC" => {
                let blocks = codec_private.strip_prefix(b"fLaC")?;
                self.audio(w, b"fLaC", |w| {
                    w.full(b"dfLa", 0, 0, |w| w.raw(blocks));
                    Some(())
                })
            }
            "A_AC3" => self.audio(w, b"ac-3", |w| write_dac3(w, self.head)),
            "A_EAC3" => self.audio(w, b"ec-3", |w| write_dec3(w, self.head)),
            _ => None,
        }
    }

    fn visual(
        &self,
        w: &mut BoxWriter,
        kind: &[u8; 4],
        configuration: impl FnOnce(&mut BoxWriter) -> Option<()>,
    ) -> Option<()> {
        let VideoSettings { width, height, display, colour } = &self.entry.video;
        let (width, height) = (u16::try_from(*width).ok()?, u16::try_from(*height).ok()?);
        let mut written = None;
        w.plain(kind, |w| {
            w.zeros(6);
            w.u16(1); // data_reference_index
            w.zeros(16);
            w.u16(width);
            w.u16(height);
            w.u32(0x0048_0000); // horizresolution, 72 dpi
            w.u32(0x0048_0000); // vertresolution
            w.zeros(4);
            w.u16(1); // frame_count
            w.zeros(32); // compressorname
            w.u16(0x18); // depth
            w.u16(0xffff);
            written = configuration(w);
            if let Some((horizontal, vertical)) = display.and_then(|display| pixel_aspect_ratio(display, width, height))
            {
                w.plain(b"pasp", |w| {
                    w.u32(horizontal);
                    w.u32(vertical);
                });
            }
            if let Some(colour) = colour {
                w.plain(b"colr", |w| {
                    w.raw(b"nclx");
                    for value in [colour.primaries, colour.transfer, colour.matrix] {
                        w.u16(value.into());
                    }
                    w.u8(if colour.is_full_range { 0x80 } else { 0 });
                });
            }
        });
        written
    }

    fn audio(
        &self,
        w: &mut BoxWriter,
        kind: &[u8; 4],
        configuration: impl FnOnce(&mut BoxWriter) -> Option<()>,
    ) -> Option<()> {
        audio_entry(w, kind, self.entry.audio.channels, self.entry.audio.sample_rate, configuration)
    }
}

fn audio_entry(
    w: &mut BoxWriter,
    kind: &[u8; 4],
    channels: u16,
    sample_rate: u32,
    configuration: impl FnOnce(&mut BoxWriter) -> Option<()>,
) -> Option<()> {
    let mut written = None;
    w.plain(kind, |w| {
        w.zeros(6);
        w.u16(1); // data_reference_index
        w.zeros(8);
        w.u16(channels);
        w.u16(16); // samplesize
        w.zeros(4);
        // The field has 16 bits. A higher rate is in the configuration.
        w.u32(u16::try_from(sample_rate).map_or(0, |rate| u32::from(rate) << 16));
        written = configuration(w);
    });
    written
}

/// Returns the shape of a pixel, width to height, from the display aspect ratio; `None` for square pixels.
fn pixel_aspect_ratio((width, height): (u64, u64), coded_width: u16, coded_height: u16) -> Option<(u32, u32)> {
    let horizontal = u32::try_from(width.checked_mul(coded_height.into())?).ok()?;
    let vertical = u32::try_from(height.checked_mul(coded_width.into())?).ok()?;
    let ratio = reduce(horizontal, vertical);
    (horizontal > 0 && vertical > 0 && ratio != (1, 1)).then_some(ratio)
}
