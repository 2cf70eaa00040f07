//! Opus in ISO files ("Encapsulation of Opus in ISO Base Media File Format").

use super::sound::Sound;
use super::{AudioInfo, ChannelConfiguration, SampleEntry};
use crate::Result;
use crate::isobmff::BoxView;

/// The rate of Opus, whatever that of the sound it was made from.
const SAMPLE_RATE: u32 = 48_000;

/// Reads an `Opus` entry with its `OpusSpecificBox` (4.3.2).
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (sound, dops) = Sound::configured(entry, b"dOps")?;
    let mut reader = dops.reader();
    reader.skip(1)?;
    let channels = reader.u8()?;
    // PreSkip, InputSampleRate, OutputGain
    reader.skip(8)?;
    let layout = match reader.u8()? {
        // Families 0 and 1: Vorbis order. Others are ambisonics, or without a meaning.
        0 | 1 => ChannelConfiguration::of_vorbis_order(channels),
        _ => None,
    };
    let facts = AudioInfo {
        sample_rate: SAMPLE_RATE,
        channels: channels.into(),
        channel_configuration: layout,
        joc_complexity: None,
    };
    Ok(SampleEntry::sound(entry.kind, "Opus".to_owned(), facts, sound.body))
}
