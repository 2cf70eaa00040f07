//! `AudioSpecificConfig` (ISO/IEC 14496-3 1.6.2.1): which AAC, at which rate, on which loudspeakers.
//!
//! # Spectral band replication, said in three ways
//!
//! HE-AAC is AAC-LC with a second layer (SBR) that doubles the rate; version 2 adds a third (PS) that makes two channels of
//! one. A stream may say so *first* (object type 5 or 29, the hierarchical way), *behind* the configuration of the AAC-LC
//! layer (a sync extension 0x2b7, the backward compatible way), or nowhere but in its frames (the implicit way, which no
//! index shows). The first two give the same `codecs` string and the rate that is heard.

use super::bits::Bits;
use super::{AudioInfo, ChannelConfiguration};

/// The part of an `AudioSpecificConfig` that a manifest needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AudioSpecificConfig {
    /// The object type that a `codecs` string names: 2 for AAC-LC, 5 for HE-AAC, 29 for HE-AAC v2.
    pub(super) object_type: u8,
    sample_rate: u32,
    /// Number and layout, where stated.
    channels: Option<(u16, Option<ChannelConfiguration>)>,
}

const SBR: u8 = 5;
const PS: u8 = 29;
/// Error resilient bit sliced arithmetic coding, which has a channel configuration of its own behind SBR.
const ER_BSAC: u8 = 22;

/// `syncExtensionType`s: SBR follows, and behind it PS.
const SYNC_SBR: u32 = 0x2b7;
const SYNC_PS: u32 = 0x548;

const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

impl AudioSpecificConfig {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(bytes);
        let signalled = object_type(&mut bits)?;
        let mut sample_rate = frequency(&mut bits)?;
        let configuration = bits.byte(4)?;
        let mut config = Self { object_type: signalled, sample_rate, channels: configured(configuration) };
        let mut core = signalled;
        if matches!(signalled, SBR | PS) {
            sample_rate = frequency(&mut bits)?;
            config.sample_rate = sample_rate;
            core = object_type(&mut bits)?;
            if core == ER_BSAC {
                bits.skip(4)?;
            }
        }
        // What follows is not needed by all; what is cut off there leaves what has been read.
        let _ = config.core(&mut bits, core, configuration);
        if config.object_type == PS {
            // Parametric stereo makes two channels of one.
            config.channels = configured(2);
        }
        Some(config)
    }

    /// The configuration of the core layer, and the sync extensions behind it.
    fn core(&mut self, bits: &mut Bits<'_>, core: u8, configuration: u8) -> Option<()> {
        if matches!(core, 1..=4 | 6 | 7 | 17 | 19..=23) {
            self.general_audio(bits, core, configuration)?;
        }
        if matches!(core, 17 | 19..=27 | 39) {
            bits.skip(2)?; // epConfig
        }
        if matches!(self.object_type, SBR | PS) || bits.take(11)? != SYNC_SBR || object_type(bits)? != SBR {
            return None;
        }
        if bits.flag()? {
            self.sample_rate = frequency(bits)?;
            self.object_type = SBR;
            if bits.take(11)? == SYNC_PS && bits.flag()? {
                self.object_type = PS;
            }
        }
        Some(())
    }

    /// `GASpecificConfig` (4.4.1), where a program configuration element may list the channels.
    fn general_audio(&mut self, bits: &mut Bits<'_>, core: u8, configuration: u8) -> Option<()> {
        bits.skip(1)?; // frameLengthFlag
        if bits.flag()? {
            bits.skip(14)?; // coreCoderDelay
        }
        let extension = bits.flag()?;
        if configuration == 0 {
            self.channels = Some(program_config(bits)?);
        }
        if matches!(core, 6 | 20) {
            bits.skip(3)?; // layerNr
        }
        if extension {
            match core {
                ER_BSAC => bits.skip(16)?,
                17 | 19 | 20 | 23 => bits.skip(3)?,
                _ => {}
            }
            bits.skip(1)?; // extensionFlag3
        }
        Some(())
    }

    /// The facts of the track, from what its sample entry states and this knows better.
    pub(super) fn facts(&self, stated: &AudioInfo) -> AudioInfo {
        let (channels, layout) = self.channels.unwrap_or((stated.channels, stated.channel_configuration));
        AudioInfo { sample_rate: self.sample_rate, channels, channel_configuration: layout, joc_complexity: None }
    }
}

/// `channelConfiguration` (table 1.19), which counts on in ISO/IEC 23091-3.
fn configured(configuration: u8) -> Option<(u16, Option<ChannelConfiguration>)> {
    let channels = match configuration {
        1..=6 => u16::from(configuration),
        7 | 12 | 14 => 8,
        11 => 7,
        13 => 24,
        _ => return None,
    };
    Some((channels, Some(ChannelConfiguration::Cicp(configuration))))
}

/// `program_config_element` (4.4.1.1): single channels and pairs in front, at the sides and at the back.
fn program_config(bits: &mut Bits<'_>) -> Option<(u16, Option<ChannelConfiguration>)> {
    bits.skip(10)?; // element_instance_tag, object_type, sampling_frequency_index
    let (front, side, back) = (bits.take(4)?, bits.take(4)?, bits.take(4)?);
    let (lfe, data, coupling) = (bits.take(2)?, bits.take(3)?, bits.take(4)?);
    for mixdown in [4, 4, 3] {
        if bits.flag()? {
            bits.skip(mixdown)?;
        }
    }
    let mut channels = |elements: u32| {
        (0..elements).try_fold(0_u16, |sum, _| {
            let is_pair = bits.flag()?;
            bits.skip(4)?;
            Some(sum.saturating_add(if is_pair { 2 } else { 1 }))
        })
    };
    let (front, side, back) = (channels(front)?, channels(side)?, channels(back)?);
    for width in [lfe.saturating_mul(4), data.saturating_mul(4), coupling.saturating_mul(5)] {
        bits.skip(usize::try_from(width).ok()?)?;
    }
    bits.align();
    let comment = bits.take(8)?;
    bits.skip(usize::try_from(comment).ok()?.saturating_mul(8))?;
    let lfe = u16::try_from(lfe).ok()?;
    let number = match (front, side, back, lfe) {
        (1, 0, 0, 0) => Some(1),
        (2, 0, 0, 0) => Some(2),
        (3, 0, 0, 0) => Some(3),
        (3, 0, 1, 0) => Some(4),
        (3, 2, 0, 0) | (3, 0, 2, 0) => Some(5),
        (3, 2, 0, 1) | (3, 0, 2, 1) => Some(6),
        (5, 2, 0, 1) | (5, 0, 2, 1) => Some(7),
        (2, 0, 1, 0) => Some(9),
        (2, 2, 0, 0) | (2, 0, 2, 0) => Some(10),
        (3, 2, 1, 1) => Some(11),
        (3, 2, 2, 1) => Some(12),
        _ => None,
    };
    let channels = [side, back, lfe].into_iter().fold(front, u16::saturating_add);
    Some((channels, number.map(ChannelConfiguration::Cicp)))
}

fn object_type(bits: &mut Bits<'_>) -> Option<u8> {
    let short = bits.byte(5)?;
    if short == 31 { Some(bits.byte(6)?.saturating_add(32)) } else { Some(short) }
}

/// A sampling frequency in hertz; a reserved index is none.
fn frequency(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(4)? {
        15 => bits.take(24),
        index => SAMPLE_RATES.get(usize::try_from(index).ok()?).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> (u8, u32, Option<u16>, Option<ChannelConfiguration>) {
        let config = AudioSpecificConfig::parse(bytes).unwrap();
        let (channels, layout) = config.channels.unzip();
        (config.object_type, config.sample_rate, channels, layout.flatten())
    }

    /// The bytes of a row of 0s and 1s, blanks left out.
    fn bits(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        digits.chunks(8).map(|eight| (0..8).fold(0, |byte, i| byte << 1 | eight.get(i).unwrap_or(&0))).collect()
    }

    const CICP: fn(u8) -> Option<ChannelConfiguration> = |number| Some(ChannelConfiguration::Cicp(number));

    #[test]
    fn low_complexity_and_high_efficiency_are_told_apart() {
        assert_eq!(parse(&[0x11, 0x90]), (2, 48_000, Some(2), CICP(2)));
        assert_eq!(parse(&[0x12, 0x10]), (2, 44_100, Some(2), CICP(2)));
        // 00101 0110 0010 0011 ...: SBR, core 24 kHz, two channels, output 48 kHz
        assert_eq!(parse(&[0x2b, 0x11, 0x88, 0x00]), (5, 48_000, Some(2), CICP(2)));
        // 11101 0110 0001 0011 ...: parametric stereo over one channel
        assert_eq!(parse(&[0xeb, 0x09, 0x88, 0x00]), (29, 48_000, Some(2), CICP(2)));
        assert_eq!(AudioSpecificConfig::parse(&[0x11]), None);
    }

    #[test]
    fn high_efficiency_said_behind_the_core_is_found() {
        // AAC-LC, 24 kHz, stereo, GASpecificConfig; sync extension, SBR, present, 48 kHz
        let he = bits("00010 0110 0010 000  01010110111 00101 1 0011");
        assert_eq!(parse(&he), (5, 48_000, Some(2), CICP(2)));
        // ... one channel, then PS, present
        let he2 = bits("00010 0110 0001 000  01010110111 00101 1 0011  10101001000 1");
        assert_eq!(parse(&he2), (29, 48_000, Some(2), CICP(2)));
        let absent = bits("00010 0110 0010 000  01010110111 00101 0");
        assert_eq!(parse(&absent), (2, 24_000, Some(2), CICP(2)));
    }

    #[test]
    fn layouts_are_those_of_the_standard() {
        assert_eq!(parse(&[0x11, 0xb0]).2, Some(6));
        assert_eq!(parse(&[0x11, 0xb8]), (2, 48_000, Some(8), CICP(7)));
        assert_eq!(parse(&[0x11, 0xe0]), (2, 48_000, Some(8), CICP(12)));
        // Configuration 0: front C, L+R; back Ls+Rs; LFE
        let tags = "0 0000 1 0000  1 0000  0000";
        let listed =
            bits(&format!("00010 0011 0000 000  0000 01 0011 0010 0000 0001 01 000 0000 0 0 0 {tags} 00 00000000"));
        assert_eq!(parse(&listed), (2, 48_000, Some(6), CICP(6)));
    }
}
