//! Opus in ISO files ("Encapsulation of Opus in ISO Base Media File Format").

use super::audio_sample_entry::AudioSampleEntry;
use super::channel_configuration::ChannelConfiguration;
use super::sample_entry::SampleEntry;
use super::track_info::AudioInfo;
use crate::Result;
use crate::isobmff::BoxView;

/// The output sampling rate of Opus, whatever the rate of its source.
const SAMPLE_RATE: u32 = 48_000;

/// Reads an `Opus` entry with its `OpusSpecificBox` (4.3.2).
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (audio, dops) = AudioSampleEntry::configured(entry, b"dOps")?;
    let mut reader = dops.reader();
    reader.skip(1)?; // Version
    let channels = reader.u8()?;
    reader.skip(8)?; // PreSkip, InputSampleRate, OutputGain
    let channel_configuration = match reader.u8()? {
        // ChannelMappingFamily 0 and 1 have Vorbis order. The others are ambisonics, or do not define positions.
        0 | 1 => ChannelConfiguration::of_vorbis_order(channels),
        _ => None,
    };
    let info = AudioInfo { channel_configuration, ..AudioInfo::new(SAMPLE_RATE, channels.into()) };
    Ok(SampleEntry::audio(entry.kind, "Opus".to_owned(), info, audio.body))
}
