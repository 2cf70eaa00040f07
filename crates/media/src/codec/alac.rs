//! Apple Lossless (ALAC): the `alac` entry, and the `ALACSpecificConfig` in it (Apple Lossless Format, "Magic Cookie").

use super::audio_sample_entry::AudioSampleEntry;
use super::bit_reader::BitReader;
use super::channel_configuration::ChannelConfiguration;
use super::sample_entry::SampleEntry;
use super::track_info::AudioInfo;
use crate::Result;
use crate::isobmff::BoxView;

/// Reads an `alac` entry. Its configuration is a full box of the same type.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (audio, alac) = AudioSampleEntry::configured(entry, b"alac")?;
    let (_, _, reader) = alac.full()?;
    let info = specific_config(reader.rest()).ok_or(alac.malformed("it ends before its fields do"))?;
    Ok(SampleEntry::audio(entry.kind, "alac".to_owned(), info, audio.body))
}

/// Parses an `ALACSpecificConfig`.
fn specific_config(config: &[u8]) -> Option<AudioInfo> {
    let mut bits = BitReader::new(config);
    bits.skip(32 + 8 + 8 + 3 * 8)?; // frameLength, compatibleVersion, bitDepth, pb, mb, kb
    let channels = bits.bits_u8(8)?;
    bits.skip(16 + 32 + 32)?; // maxRun, maxFrameBytes, avgBitRate
    let sample_rate = bits.bits(32)?;
    let channel_configuration = channel_configuration(channels);
    Some(AudioInfo { channel_configuration, ..AudioInfo::new(sample_rate, channels.into()) })
}

/// Returns the configuration of the channel layout that ALAC defines for a number of channels ("Channel Layouts").
fn channel_configuration(channels: u8) -> Option<ChannelConfiguration> {
    // 7 and 8 channels are 6.1, and 7.1 with two more channels at the front.
    const CONFIGURATIONS: [u8; 8] = [1, 2, 3, 4, 5, 6, 11, 7];
    CONFIGURATIONS.get(usize::from(channels).checked_sub(1)?).copied().map(ChannelConfiguration::Cicp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_states_the_channels_and_the_rate() {
        // 4096 samples, version 0, 24 bits, 40, 10, 14, channels; 255; no limits; 192 kHz
        let config = |channels| {
            [&[0, 0, 0x10, 0, 0, 24, 40, 10, 14, channels, 0, 255][..], &[0; 8], &192_000_u32.to_be_bytes()].concat()
        };
        let info = |channels| {
            let info = specific_config(&config(channels)).unwrap();
            (info.sample_rate, info.channels, info.channel_configuration)
        };
        assert_eq!(info(2), (192_000, 2, Some(ChannelConfiguration::Cicp(2))));
        assert_eq!(info(7), (192_000, 7, Some(ChannelConfiguration::Cicp(11))));
        assert_eq!(info(9), (192_000, 9, None));
        assert_eq!(specific_config(&config(2)[..23]), None);
    }
}
