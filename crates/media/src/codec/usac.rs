//! Unified Speech and Audio Coding, "xHE-AAC" (ISO/IEC 23003-3): the `UsacConfig` of an `AudioSpecificConfig`.

use super::bit_reader::BitReader;
use super::channel_configuration::{ChannelConfiguration, channels_of_cicp};

/// The audio object type of USAC (ISO/IEC 14496-3 table 1.17).
pub(super) const USAC: u8 = 42;

/// `usacSamplingFrequencyIndex` (table 67), from 0; 0 for a reserved one.
const SAMPLE_RATES: [u32; 28] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350, 0, 0, 57_600,
    51_200, 40_000, 38_400, 34_150, 28_800, 25_600, 20_000, 19_200, 17_075, 14_400, 12_800, 9_600,
];

/// The fields of a `UsacConfig` (5.2) that manifests need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UsacConfig {
    /// The sampling rate of the output; `None` for a reserved index.
    pub(super) sample_rate: Option<u32>,
    /// Number of channels and their configuration.
    pub(super) channels: Option<(u16, Option<ChannelConfiguration>)>,
}

impl UsacConfig {
    /// Parses the start of a `UsacConfig`.
    pub(super) fn parse(bits: &mut BitReader<'_>) -> Option<Self> {
        let sample_rate = Some(sampling_frequency(bits)?).filter(|rate| *rate > 0);
        bits.skip(3)?; // coreSbrFrameLengthIndex
        let index = bits.bits_u8(5)?;
        if index > 0 {
            let channels = channels_of_cicp(index).map(|channels| (channels, Some(ChannelConfiguration::Cicp(index))));
            return Some(Self { sample_rate, channels });
        }
        let number = escaped_value(bits, [5, 8, 16])?;
        let mut positions = Some(0_u32);
        for _ in 0..number {
            let position = 1_u32.checked_shl(bits.bits(5)?)?;
            positions = positions.filter(|positions| positions & position == 0).map(|positions| positions | position);
        }
        let configuration = positions.map(ChannelConfiguration::of_positions);
        Some(Self { sample_rate, channels: Some((u16::try_from(number).ok()?, configuration)) })
    }
}

/// Parses a sampling frequency in hertz (`usacSamplingFrequencyIndex`, `usacSamplingFrequency`), 0 if it is reserved. MPEG-H has
/// the same fields.
pub(super) fn sampling_frequency(bits: &mut BitReader<'_>) -> Option<u32> {
    match bits.bits(5)? {
        0x1f => bits.bits(24),
        index => Some(SAMPLE_RATES.get(usize::try_from(index).ok()?).copied().unwrap_or(0)),
    }
}

/// Parses an `escapedValue` (5.2.2): a number of `widths[0]` bits; with its greatest value, more bits follow.
pub(super) fn escaped_value(bits: &mut BitReader<'_>, widths: [u32; 3]) -> Option<u32> {
    let mut value = 0_u32;
    for width in widths {
        let more = bits.bits(width)?;
        value = value.checked_add(more)?;
        if more.count_ones() < width {
            break;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::bit_reader::bytes_of_bits;

    fn parse(bits: &str) -> Option<UsacConfig> {
        UsacConfig::parse(&mut BitReader::new(&bytes_of_bits(bits)))
    }

    #[test]
    fn a_configuration_states_the_output_rate_and_the_channels() {
        let stereo = Some((2, Some(ChannelConfiguration::Cicp(2))));
        assert_eq!(parse("00011 001 00010"), Some(UsacConfig { sample_rate: Some(48_000), channels: stereo }));
        let free = format!("11111 {:024b} 001 00010", 37_800);
        assert_eq!(parse(&free), Some(UsacConfig { sample_rate: Some(37_800), channels: stereo }));
        assert_eq!(parse("01101 001 00010").unwrap().sample_rate, None, "reserved");
    }

    #[test]
    fn listed_channels_have_positions() {
        // Three channels: L, R, LFE
        let listed = parse("00011 001 00000 00011 00000 00001 00011").unwrap();
        assert_eq!(listed.channels, Some((3, Some(ChannelConfiguration::Positions(0b1011)))));
        // Two channels at one position
        let repeated = parse("00011 001 00000 00010 00000 00000").unwrap();
        assert_eq!(repeated.channels, Some((2, None)));
        assert_eq!(parse(&format!("00011 001 00000 11111 11111111 {}", "1".repeat(16))), None, "more than there are");
    }
}
