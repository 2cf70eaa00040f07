//! AAC: the elementary stream descriptor (ISO/IEC 14496-1 7.2.6) and `AudioSpecificConfig` (ISO/IEC 14496-3 1.6.2.1).

use crate::isobmff::{BoxView, Reader};
use crate::{Error, Result};

/// What an `esds` box says of an AAC track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AacConfig {
    /// The RFC 6381 `codecs` string.
    pub(super) codecs: String,
    /// Samples per second of the decoded sound, where stated.
    pub(super) sample_rate: Option<u32>,
    /// Channels of the decoded sound, where stated.
    pub(super) channels: Option<u16>,
}

const ES_DESCRIPTOR: u8 = 3;
const DECODER_CONFIG_DESCRIPTOR: u8 = 4;
const DECODER_SPECIFIC_INFO: u8 = 5;

/// `objectTypeIndication`s (RFC 6381 3.3, mp4ra.org).
const MPEG4_AUDIO: u8 = 0x40;
const MPEG2_AAC: std::ops::RangeInclusive<u8> = 0x66..=0x68;

impl AacConfig {
    pub(super) fn parse(esds: &BoxView<'_>, track_id: u32) -> Result<Self> {
        let (_, _, mut reader) = esds.full()?;
        let mut es = descriptor(&mut reader, ES_DESCRIPTOR, esds)?;
        es.skip(2)?;
        let flags = es.u8()?;
        if flags & 0x80 != 0 {
            es.skip(2)?;
        }
        if flags & 0x40 != 0 {
            let url = es.u8()?;
            es.skip(usize::from(url))?;
        }
        if flags & 0x20 != 0 {
            es.skip(2)?;
        }
        let mut decoder = descriptor(&mut es, DECODER_CONFIG_DESCRIPTOR, esds)?;
        let object_type = decoder.u8()?;
        // streamType, bufferSizeDB, maxBitrate, avgBitrate
        decoder.skip(12)?;
        let specific = descriptor(&mut decoder, DECODER_SPECIFIC_INFO, esds);
        match object_type {
            MPEG4_AUDIO => {
                let config = AudioSpecificConfig::parse(specific?.rest())
                    .ok_or(esds.malformed("its AudioSpecificConfig does not parse"))?;
                Ok(Self {
                    codecs: format!("mp4a.40.{}", config.signalled_object_type),
                    sample_rate: Some(config.sample_rate),
                    channels: config.channels,
                })
            }
            other if MPEG2_AAC.contains(&other) => {
                Ok(Self { codecs: format!("mp4a.{other:x}"), sample_rate: None, channels: None })
            }
            other => Err(Error::UnsupportedCodec { track_id, codec: format!("mp4a.{other:x}") }),
        }
    }
}

/// The payload of the descriptor that comes next, which must be of `tag` (ISO/IEC 14496-1 8.3.3).
fn descriptor<'a>(reader: &mut Reader<'a>, tag: u8, esds: &BoxView<'_>) -> Result<Reader<'a>> {
    if reader.u8()? != tag {
        return Err(esds.malformed("its descriptors are not in the order ES, decoder config, decoder specific"));
    }
    let mut length: usize = 0;
    for _ in 0..4 {
        let byte = reader.u8()?;
        length = (length << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    // A length past the end of the box is seen in the wild and harmless: what is there is read.
    let mut inner = *reader;
    inner.truncate(length);
    reader.skip(inner.rest().len())?;
    Ok(inner)
}

/// The part of an `AudioSpecificConfig` that a manifest needs.
#[derive(Debug, PartialEq, Eq)]
struct AudioSpecificConfig {
    /// 2 for AAC-LC, 5 for HE-AAC, 29 for HE-AAC v2.
    signalled_object_type: u8,
    sample_rate: u32,
    channels: Option<u16>,
}

const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

impl AudioSpecificConfig {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut bits = Bits { bytes, position: 0 };
        let object_type = bits.object_type()?;
        let mut sample_rate = bits.sample_rate()?;
        let channels = match bits.take(4)? {
            0 => None,
            7 => Some(8),
            configuration => u16::try_from(configuration).ok(),
        };
        let hierarchical = matches!(object_type, 5 | 29);
        if hierarchical {
            sample_rate = bits.sample_rate()?;
        }
        // Parametric stereo makes two channels of one.
        let channels = if object_type == 29 && channels == Some(1) { Some(2) } else { channels };
        Some(Self { signalled_object_type: object_type, sample_rate, channels })
    }
}

/// A reader of up to 32 bits at a time.
struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.position / 8)?;
            let shift = 7_usize.saturating_sub(self.position % 8);
            value = (value << 1) | u32::from((byte >> shift) & 1);
            self.position = self.position.saturating_add(1);
        }
        Some(value)
    }

    fn object_type(&mut self) -> Option<u8> {
        let short = self.take(5)?;
        let object_type = if short == 31 { self.take(6)?.saturating_add(32) } else { short };
        u8::try_from(object_type).ok()
    }

    /// A sampling frequency in hertz; a reserved index is none.
    fn sample_rate(&mut self) -> Option<u32> {
        match self.take(4)? {
            15 => self.take(24),
            index => SAMPLE_RATES.get(usize::try_from(index).ok()?).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> (u8, u32, Option<u16>) {
        let config = AudioSpecificConfig::parse(bytes).unwrap();
        (config.signalled_object_type, config.sample_rate, config.channels)
    }

    #[test]
    fn low_complexity_and_high_efficiency_are_told_apart() {
        assert_eq!(parse(&[0x11, 0x90]), (2, 48_000, Some(2)));
        assert_eq!(parse(&[0x12, 0x10]), (2, 44_100, Some(2)));
        // 00101 0110 0010 0011 ...: SBR, core 24 kHz, two channels, output 48 kHz
        assert_eq!(parse(&[0x2b, 0x11, 0x88, 0x00]), (5, 48_000, Some(2)));
        // 11101 0110 0001 0011 ...: parametric stereo over one channel
        assert_eq!(parse(&[0xeb, 0x09, 0x88, 0x00]), (29, 48_000, Some(2)));
        assert_eq!(AudioSpecificConfig::parse(&[0x11]), None);
    }
}
