//! FLAC in ISO files ("Encapsulation of FLAC in ISO Base Media File Format").

use super::bits::Bits;
use super::sound::Sound;
use super::{AudioInfo, ChannelConfiguration, SampleEntry};
use crate::Result;
use crate::isobmff::BoxView;

/// Reads an `fLaC` entry with its `FLACSpecificBox` (3.3.2): metadata blocks, of which the first is `STREAMINFO` (RFC 9639 8.2).
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (sound, dfla) = Sound::configured(entry, b"dfLa")?;
    let (_, _, reader) = dfla.full()?;
    let facts = stream_info(reader.rest()).ok_or(dfla.malformed("it does not begin with a STREAMINFO block"))?;
    // The case is that of the sample entry: Safari accepts no other.
    Ok(SampleEntry::sound(entry.kind, "fLaC".to_owned(), facts, sound.body))
}

fn stream_info(block: &[u8]) -> Option<AudioInfo> {
    let mut bits = Bits::new(block);
    let (_last, kind) = (bits.flag()?, bits.take(7)?);
    if kind != 0 {
        return None;
    }
    // length; block sizes of 16 bits, frame sizes of 24, smallest and largest each
    bits.skip(24)?;
    bits.skip(80)?;
    let sample_rate = bits.take(20)?;
    let channels = bits.byte(3)?.saturating_add(1);
    let layout = ChannelConfiguration::of_vorbis_order(channels);
    Some(AudioInfo { sample_rate, channels: channels.into(), channel_configuration: layout, joc_complexity: None })
}
