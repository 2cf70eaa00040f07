//! MPEG-H 3D Audio (ISO/IEC 23008-3 clause 20): `mha1` entries, whose configuration is in an `MHAConfigurationBox`, and `mhm1`
//! entries, whose samples are MHAS packets (clause 14) that repeat it, so that the box is optional.

use super::audio_sample_entry::AudioSampleEntry;
use super::bit_reader::BitReader;
use super::channel_configuration::{ChannelConfiguration, channels_of_cicp};
use super::frame_header::FrameHeader;
use super::sample_entry::SampleEntry;
use super::track_info::AudioInfo;
use super::usac::{escaped_value, sampling_frequency};
use crate::Result;
use crate::isobmff::{BoxView, FourCc};

/// The MHAS packet of the decoder configuration: `PACTYP_MPEGH3DACFG`.
const CONFIGURATION_PACKET: u32 = 1;

/// Reads an `mha1` or `mhm1` entry.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let audio = AudioSampleEntry::parse(entry, b"mhaC")?;
    let of_entry = AudioInfo::new(audio.sample_rate, audio.channels);
    let Some(configuration) = audio.configuration else {
        if entry.kind != b"mhm1" {
            return Err(entry.malformed("it has no box with its codec's configuration"));
        }
        let entry = SampleEntry::audio(entry.kind, entry.kind.to_string(), of_entry, audio.body);
        return Ok(entry.with_dependent_samples().completed_by(FrameHeader::Mhas));
    };
    let config = configuration_record(configuration.payload);
    let config = config.ok_or(configuration.malformed("it ends before its fields do"))?;
    let info = config.audio_info(&of_entry);
    Ok(SampleEntry::audio(entry.kind, config.codecs(entry.kind), info, audio.body).with_dependent_samples())
}

/// Takes the configuration from the first MHAS packets of a sample.
pub(super) fn complete(entry: &mut SampleEntry<'_>, packets: &[u8]) {
    let Some(config) = configuration_packet(packets) else { return };
    entry.codecs = config.codecs(entry.kind);
    entry.audio = entry.audio.as_ref().map(|of_entry| config.audio_info(of_entry));
}

/// The fields of `mpegh3daConfig` (5.2.2.1) that manifests need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Config {
    profile_level: u8,
    sample_rate: Option<u32>,
    /// `ChannelConfiguration` of the reference layout, if it is one.
    layout: u8,
}

impl Config {
    /// Parses the start of an `mpegh3daConfig`.
    fn parse(bits: &mut BitReader<'_>) -> Option<Self> {
        let profile_level = bits.bits_u8(8)?;
        let sample_rate = Some(sampling_frequency(bits)?).filter(|rate| *rate > 0);
        bits.skip(3 + 1 + 1)?; // coreSbrFrameLengthIndex, cfg_reserved, receiverDelayCompensation
        let layout = if bits.bits(2)? == 0 { bits.bits_u8(6)? } else { 0 };
        Some(Self { profile_level, sample_rate, layout })
    }

    /// Returns the `codecs` string (20.7).
    fn codecs(self, kind: FourCc) -> String {
        format!("{kind}.0x{:02X}", self.profile_level)
    }

    fn audio_info(self, of_entry: &AudioInfo) -> AudioInfo {
        let channels = channels_of_cicp(self.layout);
        AudioInfo {
            channel_configuration: channels.map(|_| ChannelConfiguration::Cicp(self.layout)),
            ..AudioInfo::new(self.sample_rate.unwrap_or(of_entry.sample_rate), channels.unwrap_or(of_entry.channels))
        }
    }
}

/// Parses an `MHADecoderConfigurationRecord` (20.5.2).
fn configuration_record(record: &[u8]) -> Option<Config> {
    let mut bits = BitReader::new(record);
    bits.skip(8)?; // configurationVersion
    let (profile_level, layout) = (bits.bits_u8(8)?, bits.bits_u8(8)?);
    bits.skip(16)?; // mpegh3daConfigLength
    let sample_rate = Config::parse(&mut bits).and_then(|config| config.sample_rate);
    Some(Config { profile_level, sample_rate, layout })
}

/// Finds the configuration among MHAS packets (14.2.1).
fn configuration_packet(packets: &[u8]) -> Option<Config> {
    let mut bits = BitReader::new(packets);
    loop {
        let packet_type = escaped_value(&mut bits, [3, 8, 8])?;
        escaped_value(&mut bits, [2, 8, 32])?; // MHASPacketLabel
        let length = escaped_value(&mut bits, [11, 24, 24])?;
        bits.align()?;
        if packet_type == CONFIGURATION_PACKET {
            return Config::parse(&mut bits);
        }
        // A packet has at least its header, so the loop ends with the bytes.
        bits.skip(usize::try_from(length).ok()?.checked_mul(8)?)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::bit_reader::bytes_of_bits;

    #[test]
    fn the_record_states_the_level_the_rate_and_the_layout() {
        // Version 1, Low Complexity level 3, 7.1.4; a configuration of 48 kHz
        let record = bytes_of_bits("00000001 00001101 00010011 0000000000000011 00001101 00011 001 0 1 00 010011");
        let config = configuration_record(&record).unwrap();
        assert_eq!(config.codecs(FourCc(*b"mha1")), "mha1.0x0D");
        let info = config.audio_info(&AudioInfo::new(0, 0));
        assert_eq!((info.sample_rate, info.channels), (48_000, 12));
        assert_eq!(info.channel_configuration, Some(ChannelConfiguration::Cicp(19)));
        assert_eq!(configuration_record(&record[..4]), None);
    }

    #[test]
    fn packets_have_the_configuration_after_a_sync_packet() {
        // Sync: type 6, label 0, length 1. Configuration: type 1, label 1, length 3; Baseline level 1, 44.1 kHz, mono
        let packets = bytes_of_bits("110 00 00000000001 10100101  001 01 00000000011 00010000 00100 001 0 1 00 000001");
        let config = configuration_packet(&packets).unwrap();
        assert_eq!(config, Config { profile_level: 0x10, sample_rate: Some(44_100), layout: 1 });
        assert_eq!(configuration_packet(&packets[..4]), None);
        assert_eq!(configuration_packet(&[0xff; 64]), None, "a length past the end");
        assert_eq!(configuration_packet(&[0; 64]), None, "empty packets end with the bytes");
    }
}
