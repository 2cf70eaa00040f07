//! `AudioSpecificConfig` (ISO/IEC 14496-3 1.6.2.1): the AAC profile, sampling rate and channel configuration.
//!
//! # Three ways to signal spectral band replication
//!
//! HE-AAC is AAC-LC with spectral band replication (SBR), which doubles the sampling rate. HE-AAC v2 adds parametric stereo (PS),
//! which derives two channels from one. A stream signals them with object type 5 or 29 *first* (hierarchical signalling), with a
//! sync extension 0x2b7 *after* the AAC-LC configuration (backward compatible signalling), or only in its frames (implicit
//! signalling, which no index shows). The first two give the same `codecs` string, and the sampling rate of the output.

use super::bit_reader::BitReader;
use super::channel_configuration::ChannelConfiguration;
use super::channel_configuration::position::{C, CS, L_R, LC_RC, LFE, LFE2, LS_RS, LSR_RSR};
use super::track_info::AudioInfo;
use super::usac::{USAC, UsacConfig};

/// The fields of `AudioSpecificConfig` that manifests need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AudioSpecificConfig {
    /// The audio object type of the `codecs` string: 2 for AAC-LC, 5 for HE-AAC, 29 for HE-AAC v2.
    pub(super) object_type: u8,
    sample_rate: u32,
    /// Number of channels and their configuration, if present.
    channels: Option<(u16, Option<ChannelConfiguration>)>,
}

const SBR: u8 = 5;
const PS: u8 = 29;
/// Error resilient bit sliced arithmetic coding, which has a second channel configuration after SBR.
const ER_BSAC: u8 = 22;

/// `syncExtensionType`s of SBR, and of PS after it.
const SYNC_SBR: u32 = 0x2b7;
const SYNC_PS: u32 = 0x548;

const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

impl AudioSpecificConfig {
    /// Parses the payload of a `DecoderSpecificInfo`.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(bytes);
        let first_object_type = audio_object_type(&mut bits)?;
        let sample_rate = sampling_frequency(&mut bits)?;
        let channel_configuration = bits.bits_u8(4)?;
        let mut config =
            Self { object_type: first_object_type, sample_rate, channels: channels_of(channel_configuration) };
        let mut core_object_type = first_object_type;
        if first_object_type == USAC {
            let usac = UsacConfig::parse(&mut bits)?;
            config.sample_rate = usac.sample_rate.unwrap_or(sample_rate);
            config.channels = usac.channels.or(config.channels);
            return Some(config);
        }
        if matches!(first_object_type, SBR | PS) {
            config.sample_rate = sampling_frequency(&mut bits)?;
            core_object_type = audio_object_type(&mut bits)?;
            if core_object_type == ER_BSAC {
                bits.skip(4)?;
            }
        }
        // The rest is optional: if it ends early, the fields read so far remain valid.
        let _ = config.core_and_extensions(&mut bits, core_object_type, channel_configuration);
        if config.object_type == PS {
            config.channels = channels_of(2);
        }
        Some(config)
    }

    /// Parses the configuration of the core codec, and the sync extensions after it.
    fn core_and_extensions(&mut self, bits: &mut BitReader<'_>, core: u8, channel_configuration: u8) -> Option<()> {
        if matches!(core, 1..=4 | 6 | 7 | 17 | 19..=23) {
            self.ga_specific_config(bits, core, channel_configuration)?;
        }
        if matches!(core, 17 | 19..=27 | 39) {
            bits.skip(2)?; // epConfig
        }
        if matches!(self.object_type, SBR | PS) || bits.bits(11)? != SYNC_SBR || audio_object_type(bits)? != SBR {
            return None;
        }
        if bits.flag()? {
            self.sample_rate = sampling_frequency(bits)?;
            self.object_type = SBR;
            if bits.bits(11)? == SYNC_PS && bits.flag()? {
                self.object_type = PS;
            }
        }
        Some(())
    }

    /// Parses `GASpecificConfig` (4.4.1). With channel configuration 0, a `program_config_element` lists the channels.
    fn ga_specific_config(&mut self, bits: &mut BitReader<'_>, core: u8, channel_configuration: u8) -> Option<()> {
        bits.skip(1)?; // frameLengthFlag
        if bits.flag()? {
            bits.skip(14)?; // coreCoderDelay
        }
        let extension = bits.flag()?;
        if channel_configuration == 0 {
            self.channels = Some(program_config_element(bits)?);
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

    /// Returns the properties of the track: from this configuration, which is more reliable, or else from the sample entry.
    pub(super) fn audio_info(&self, of_entry: &AudioInfo) -> AudioInfo {
        let (channels, channel_configuration) =
            self.channels.unwrap_or((of_entry.channels, of_entry.channel_configuration));
        AudioInfo { channel_configuration, ..AudioInfo::new(self.sample_rate, channels) }
    }

    /// Returns the sampling rate of the output in hertz.
    pub(super) fn sample_rate(&self) -> u32 {
        self.sample_rate
    }
}

/// Returns the channels of a `channelConfiguration` (table 1.19, continued in ISO/IEC 23091-3).
fn channels_of(channel_configuration: u8) -> Option<(u16, Option<ChannelConfiguration>)> {
    let channels = match channel_configuration {
        1..=6 => u16::from(channel_configuration),
        7 | 12 | 14 => 8,
        11 => 7,
        13 => 24,
        _ => return None,
    };
    Some((channels, Some(ChannelConfiguration::Cicp(channel_configuration))))
}

/// Parses `program_config_element` (4.4.1.1): single channels and channel pairs at the front, at the sides and at the back.
fn program_config_element(bits: &mut BitReader<'_>) -> Option<(u16, Option<ChannelConfiguration>)> {
    bits.skip(10)?; // element_instance_tag, object_type, sampling_frequency_index
    let (front, side, back) = (bits.bits(4)?, bits.bits(4)?, bits.bits(4)?);
    let (lfe, data, coupling) = (bits.bits_u8(2)?, bits.bits_u8(3)?, bits.bits_u8(4)?);
    for mixdown in [4, 4, 3] {
        if bits.flag()? {
            bits.skip(mixdown)?;
        }
    }
    let mut channels = |elements: u32| {
        (0..elements).try_fold(0_u16, |sum, _| {
            let is_pair = bits.flag()?;
            bits.skip(4)?;
            sum.checked_add(if is_pair { 2 } else { 1 })
        })
    };
    let (front, side, back) = (channels(front)?, channels(side)?, channels(back)?);
    for (elements, width) in [(lfe, 4), (data, 4), (coupling, 5)] {
        bits.skip(usize::from(elements).checked_mul(width)?)?;
    }
    bits.align()?;
    let comment_bytes = usize::from(bits.bits_u8(8)?);
    bits.skip(comment_bytes.checked_mul(8)?)?;
    let positions = positions(front, side, back, lfe);
    let channels = front.checked_add(side)?.checked_add(back)?.checked_add(lfe.into())?;
    Some((channels, positions.map(ChannelConfiguration::of_positions)))
}

/// Returns the positions of these numbers of channels, as bits of `OutputChannelPosition`. A `program_config_element` lists front
/// elements from the centre outwards, and back elements from the outside inwards (ISO/IEC 14496-3 4.5.1.2).
fn positions(front: u16, side: u16, back: u16, lfe: u8) -> Option<u32> {
    let front = match front {
        0 => 0,
        1 => C,
        2 => L_R,
        3 => L_R | C,
        4 => LC_RC | L_R,
        5 => LC_RC | L_R | C,
        _ => return None,
    };
    // A single pair surrounds the listener, whether it is listed at the sides or at the back.
    let surround = match (side, back) {
        (0, 0) => 0,
        (0, 1) => CS,
        (2, 0) | (0, 2) => LS_RS,
        (2, 1) | (0, 3) => LS_RS | CS,
        (2, 2) | (0, 4) => LS_RS | LSR_RSR,
        (2, 3) | (0, 5) => LS_RS | LSR_RSR | CS,
        _ => return None,
    };
    let lfe = match lfe {
        0 => 0,
        1 => LFE,
        2 => LFE | LFE2,
        _ => return None,
    };
    Some(front | surround | lfe)
}

/// Parses `GetAudioObjectType` (1.6.2.1).
fn audio_object_type(bits: &mut BitReader<'_>) -> Option<u8> {
    const ESCAPE: u8 = 31;
    let object_type = bits.bits_u8(5)?;
    if object_type == ESCAPE { bits.bits_u8(6)?.checked_add(32) } else { Some(object_type) }
}

/// Parses a sampling frequency in hertz; a reserved index is `None`.
fn sampling_frequency(bits: &mut BitReader<'_>) -> Option<u32> {
    match bits.bits(4)? {
        15 => bits.bits(24),
        index => SAMPLE_RATES.get(usize::try_from(index).ok()?).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::bit_reader::bytes_of_bits as bits;

    fn parse(bytes: &[u8]) -> (u8, u32, Option<u16>, Option<ChannelConfiguration>) {
        let config = AudioSpecificConfig::parse(bytes).unwrap();
        let (channels, channel_configuration) = config.channels.unzip();
        (config.object_type, config.sample_rate, channels, channel_configuration.flatten())
    }

    const CICP: fn(u8) -> Option<ChannelConfiguration> = |number| Some(ChannelConfiguration::Cicp(number));

    #[test]
    fn low_complexity_and_high_efficiency_are_distinguished() {
        assert_eq!(parse(&[0x11, 0x90]), (2, 48_000, Some(2), CICP(2)));
        assert_eq!(parse(&[0x12, 0x10]), (2, 44_100, Some(2), CICP(2)));
        // 00101 0110 0010 0011 ...: SBR, core 24 kHz, two channels, output 48 kHz
        assert_eq!(parse(&[0x2b, 0x11, 0x88, 0x00]), (5, 48_000, Some(2), CICP(2)));
        // 11101 0110 0001 0011 ...: parametric stereo over one channel
        assert_eq!(parse(&[0xeb, 0x09, 0x88, 0x00]), (29, 48_000, Some(2), CICP(2)));
        assert_eq!(AudioSpecificConfig::parse(&[0x11]), None);
    }

    #[test]
    fn backward_compatible_signalling_of_high_efficiency_is_found() {
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
    fn channel_configurations_are_those_of_the_standard() {
        assert_eq!(parse(&[0x11, 0xb0]).2, Some(6));
        assert_eq!(parse(&[0x11, 0xb8]), (2, 48_000, Some(8), CICP(7)));
        assert_eq!(parse(&[0x11, 0xe0]), (2, 48_000, Some(8), CICP(12)));
        // Configuration 0: front C, L+R; back Ls+Rs; LFE
        let tags = "0 0000 1 0000  1 0000  0000";
        let listed =
            bits(&format!("00010 0011 0000 000  0000 01 0011 0010 0000 0001 01 000 0000 0 0 0 {tags} 00 00000000"));
        assert_eq!(parse(&listed), (2, 48_000, Some(6), CICP(6)));
    }

    #[test]
    fn listed_channels_without_a_configuration_number_have_positions() {
        // (front, side, back, LFE channels); numbers and positions of ISO/IEC 23091-3 tables 3 and 4
        let configuration =
            |(front, side, back, lfe)| ChannelConfiguration::of_positions(positions(front, side, back, lfe).unwrap());
        let bits = |positions: &[u32]| positions.iter().fold(0, |bits, position| bits | 1 << position);
        assert_eq!(
            [(3, 0, 3, 1), (3, 2, 1, 1), (3, 0, 4, 1)].map(configuration),
            [11, 11, 12].map(ChannelConfiguration::Cicp)
        );
        for (listed, positions) in [
            ((2, 0, 0, 1), &[0, 1, 3][..]),
            ((3, 2, 2, 0), &[0, 1, 2, 4, 5, 8, 9]),
            ((3, 0, 3, 0), &[0, 1, 2, 4, 5, 10]),
            ((3, 2, 3, 0), &[0, 1, 2, 4, 5, 8, 9, 10]),
            ((2, 0, 0, 2), &[0, 1, 3, 26]),
        ] {
            assert_eq!(configuration(listed), ChannelConfiguration::Positions(bits(positions)), "{listed:?}");
        }
        assert_eq!(positions(7, 0, 0, 0), None);
    }
}
