//! AC-4 (ETSI TS 103 190-1 annex E, ETSI TS 103 190-2 annex E): the `ac-4` entry with its `AC4SpecificBox`.
//!
//! A stream has presentations: mixes of its substreams, such as languages. Players play the first unless told otherwise, so the
//! first one states the codec string and the channels.

use super::audio_sample_entry::AudioSampleEntry;
use super::bit_reader::BitReader;
use super::channel_configuration::ChannelConfiguration;
use super::sample_entry::SampleEntry;
use super::track_info::AudioInfo;
use crate::Result;
use crate::isobmff::BoxView;

/// The presentation version of immersive stereo, which is virtualised for headphones.
const IMMERSIVE_STEREO: u32 = 2;

/// The channel mask of a presentation of objects, which has no channels (ETSI TS 103 190-2 G.3.1).
const OBJECTS: u32 = 0x80_0000;

/// Reads an `ac-4` entry with its `AC4SpecificBox` (E.5).
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (audio, dac4) = AudioSampleEntry::configured(entry, b"dac4")?;
    let ac4 = Ac4::parse(dac4.payload).ok_or(dac4.malformed("it ends before its first presentation does"))?;
    let info = ac4.audio_info(audio.channels);
    Ok(SampleEntry::audio(entry.kind, ac4.codecs(), info, audio.body).with_dependent_samples())
}

/// The fields of `ac4_dsi` (ETSI TS 103 190-1 E.6) or `ac4_dsi_v1` (ETSI TS 103 190-2 E.6) that manifests need.
#[derive(Debug, PartialEq, Eq)]
struct Ac4 {
    bitstream_version: u32,
    sample_rate: u32,
    presentation_version: u32,
    /// The compatibility indication of the first presentation: the least capable decoder.
    mdcompat: u32,
    /// The channel mask of the first presentation: a bit is a channel or a pair of channels.
    channel_mask: Option<u32>,
}

impl Ac4 {
    fn parse(dsi: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(dsi);
        let (dsi_version, bitstream_version) = (bits.bits(3)?, bits.bits(7)?);
        let sample_rate = if bits.flag()? { 48_000 } else { 44_100 };
        bits.skip(4 + 9)?; // frame_rate_index, n_presentations
        let (presentation_version, presentation_config, is_single) = if dsi_version == 0 {
            let is_single = bits.flag()?;
            let config = bits.bits(5)?;
            (bits.bits(5)?, config, is_single)
        } else {
            if bitstream_version > 1 && bits.flag()? {
                bits.skip(16)?; // short_program_id
                if bits.flag()? {
                    bits.skip(128)?; // program_uuid
                }
            }
            bits.skip(2 + 32 + 32)?; // ac4_bitrate_dsi
            bits.align()?;
            let version = bits.bits(8)?;
            if bits.bits(8)? == 255 {
                bits.skip(16)?; // add_pres_bytes
            }
            (version, bits.bits(5)?, false)
        };
        let mut ac4 = Self { bitstream_version, sample_rate, presentation_version, mdcompat: 0, channel_mask: None };
        // A presentation of configuration 6 has no audio: it only adds substreams to others.
        if presentation_config != 6 || is_single {
            ac4.mdcompat = bits.bits(3)?;
            if dsi_version > 0 {
                ac4.channel_mask = Some(channel_mask(&mut bits, presentation_version)?);
            }
        }
        Some(ac4)
    }

    /// Returns the `codecs` string (ETSI TS 103 190-2 E.13).
    fn codecs(&self) -> String {
        format!("ac-4.{:02X}.{:02X}.{:02X}", self.bitstream_version, self.presentation_version, self.mdcompat)
    }

    fn audio_info(&self, channels_of_entry: u16) -> AudioInfo {
        let channels = self.channel_mask.map_or(0, number_of_channels);
        let channels = if channels == 0 { channels_of_entry } else { channels };
        AudioInfo {
            channel_configuration: self.channel_mask.map(channel_configuration),
            is_virtualized: self.presentation_version == IMMERSIVE_STEREO,
            ..AudioInfo::new(self.sample_rate, channels)
        }
    }
}

/// Parses the channel mask of a presentation (E.8, E.10), after its `mdcompat`.
fn channel_mask(bits: &mut BitReader<'_>, presentation_version: u32) -> Option<u32> {
    if bits.flag()? {
        bits.skip(5)?; // presentation_id
    }
    bits.skip(2)?; // dsi_frame_rate_multiply_info
    if presentation_version == 0 {
        bits.skip(5 + 10)?; // presentation_emdf_version, presentation_key_id
        return bits.bits(24);
    }
    bits.skip(2 + 5 + 10)?; // dsi_frame_rate_fraction_info, presentation_emdf_version, presentation_key_id
    if !bits.flag()? {
        return Some(OBJECTS);
    }
    if matches!(bits.bits(5)?, 11..=14) {
        bits.skip(1 + 2)?; // pres_b_4_back_channels_present, pres_top_channel_pairs
    }
    bits.bits(24)
}

/// Returns the number of channels of a mask (ETSI TS 103 190-2 table A.27). Objects are none.
fn number_of_channels(mask: u32) -> u16 {
    /// The bits that each represent a pair of channels.
    const PAIRS: u32 = 0x7_21bd;
    let channels = mask & (OBJECTS - 1);
    let count = channels.count_ones().saturating_add((channels & PAIRS).count_ones());
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Returns the CICP value of a mask (ETSI TS 103 190-2 table G.1), or the mask if there is none.
fn channel_configuration(mask: u32) -> ChannelConfiguration {
    let number = match mask {
        0x2 => 1,
        0x1 => 2,
        0x3 => 3,
        0x8003 => 4,
        0x7 => 5,
        0x47 => 6,
        0x2_0047 => 7,
        0x8001 => 9,
        0x5 => 10,
        0x8047 => 11,
        0x4f => 12,
        0x2_ff7f | 0x6_ff6f => 13,
        0x57 | 0x4_0047 => 14,
        0x145f | 0x4_144f => 15,
        0x77 | 0x4_0067 => 16,
        0xa77 | 0x4_0a67 => 17,
        0xa7f | 0x4_0a6f => 18,
        0x7f | 0x4_006f => 19,
        0x1_007f | 0x5_006f => 20,
        other => return ChannelConfiguration::Ac4(other),
    };
    ChannelConfiguration::Cicp(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::bit_reader::bytes_of_bits;

    /// Returns an `ac4_dsi_v1` with one presentation: version, then its bits.
    fn dsi(version: u8, presentation: &str) -> Vec<u8> {
        // version 1, bitstream version 2, 48 kHz, frame rate index 13, one presentation, no program identifier; bit rates
        let head = bytes_of_bits(&format!("001 0000010 1 1101 000000001 0 {}", "0".repeat(66)));
        let body = bytes_of_bits(presentation);
        [&head[..], &[version, u8::try_from(body.len()).unwrap()], &body].concat()
    }

    #[test]
    fn the_first_presentation_states_the_codec_string_and_the_channels() {
        // Configuration 31, mdcompat 1, no identifier, 19 bits; channel coded, mode 4 (5.1), mask
        let surround = format!("11111 001 0 {} 1 00100 {:024b}", "0".repeat(19), 0x47);
        let ac4 = Ac4::parse(&dsi(1, &surround)).unwrap();
        let info = ac4.audio_info(2);
        assert_eq!(ac4.codecs(), "ac-4.02.01.01");
        assert_eq!((info.sample_rate, info.channels, info.is_virtualized), (48_000, 6, false));
        assert_eq!(info.channel_configuration, Some(ChannelConfiguration::Cicp(6)));
        // Mode 11 (7.0.4) has three more bits.
        let immersive = format!("11111 011 1 00001 {} 1 01011 1 10 {:024b}", "0".repeat(19), 0x3f);
        let ac4 = Ac4::parse(&dsi(1, &immersive)).unwrap();
        let info = ac4.audio_info(2);
        assert_eq!((ac4.codecs().as_str(), info.channels), ("ac-4.02.01.03", 11));
        assert_eq!(info.channel_configuration, Some(ChannelConfiguration::Ac4(0x3f)));
    }

    #[test]
    fn immersive_stereo_is_virtualised_and_objects_have_no_channels() {
        let stereo = format!("11111 000 0 {} 1 00001 {:024b}", "0".repeat(19), 1);
        let info = Ac4::parse(&dsi(2, &stereo)).unwrap().audio_info(2);
        assert_eq!((info.channels, info.channel_configuration), (2, Some(ChannelConfiguration::Cicp(2))));
        assert!(info.is_virtualized);
        let objects = format!("11111 100 0 {} 0", "0".repeat(19));
        let info = Ac4::parse(&dsi(1, &objects)).unwrap().audio_info(2);
        assert_eq!((info.channels, info.channel_configuration), (2, Some(ChannelConfiguration::Ac4(0x80_0000))));
    }

    #[test]
    fn earlier_versions_have_a_mask_in_another_place_or_none() {
        let presentation = format!("00001 010 0 {} {:024b}", "0".repeat(17), 0x8003);
        let info = Ac4::parse(&dsi(0, &presentation)).unwrap().audio_info(2);
        assert_eq!((info.channels, info.channel_configuration), (4, Some(ChannelConfiguration::Cicp(4))));
        // ac4_dsi: version 0, bitstream version 0, 44.1 kHz, one presentation: single, configuration 0, version 0, mdcompat 1
        let first = bytes_of_bits("000 0000000 0 0000 000000001 1 00000 00000 001");
        let ac4 = Ac4::parse(&first).unwrap();
        assert_eq!((ac4.codecs().as_str(), ac4.audio_info(2).channels), ("ac-4.00.00.01", 2));
        assert_eq!(Ac4::parse(&first[..4]), None);
    }
}
