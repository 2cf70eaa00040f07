//! FLAC in ISO files ("Encapsulation of FLAC in ISO Base Media File Format").

use super::audio_sample_entry::AudioSampleEntry;
use super::bit_reader::BitReader;
use super::channel_configuration::ChannelConfiguration;
use super::sample_entry::SampleEntry;
use super::track_info::AudioInfo;
use crate::Result;
use crate::isobmff::BoxView;

/// Reads an `fLaC` entry with its `FLACSpecificBox` (3.3.2): metadata blocks, of which the first is `STREAMINFO` (RFC 9639 8.2).
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (audio, dfla) = AudioSampleEntry::configured(entry, b"dfLa")?;
    let (_, _, reader) = dfla.full()?;
    let info = stream_info(reader.rest()).ok_or(dfla.malformed("it does not begin with a STREAMINFO block"))?;
    // The string has the case of the sample entry type, because Safari accepts no other.
    Ok(SampleEntry::audio(entry.kind, "fLaC".to_owned(), info, audio.body))
}

/// The metadata block type of `STREAMINFO`.
const STREAMINFO: u32 = 0;

/// Parses a `STREAMINFO` metadata block.
fn stream_info(block: &[u8]) -> Option<AudioInfo> {
    let mut bits = BitReader::new(block);
    let (_last, block_type) = (bits.flag()?, bits.bits(7)?);
    if block_type != STREAMINFO {
        return None;
    }
    bits.skip(24)?; // length
    bits.skip(80)?; // minimum and maximum block size and frame size
    let sample_rate = bits.bits(20)?;
    let channels = bits.bits_u8(3)?.checked_add(1)?;
    let channel_configuration = ChannelConfiguration::of_vorbis_order(channels);
    Some(AudioInfo { channel_configuration, ..AudioInfo::new(sample_rate, channels.into()) })
}
