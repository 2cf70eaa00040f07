//! AAC, and what else an `mp4a` entry may hold: the elementary stream descriptor (ISO/IEC 14496-1 7.2.6).

use super::audio_specific::AudioSpecificConfig;
use super::sound::Sound;
use super::{AudioInfo, ChannelConfiguration, SampleEntry, mp3};
use crate::isobmff::{BoxView, Reader};
use crate::{Error, Result};

const ES_DESCRIPTOR: u8 = 3;
const DECODER_CONFIG_DESCRIPTOR: u8 = 4;
const DECODER_SPECIFIC_INFO: u8 = 5;

/// `objectTypeIndication`s (RFC 6381 3.3, mp4ra.org).
const MPEG4_AUDIO: u8 = 0x40;
const MPEG2_AAC: std::ops::RangeInclusive<u8> = 0x66..=0x68;

/// Reads an `mp4a` entry.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>, track_id: u32) -> Result<SampleEntry<'a>> {
    let sound = Sound::parse(entry, b"esds")?;
    let esds = sound.configuration.ok_or(entry.malformed("it has no esds box"))?;
    let (object_type, specific) = elementary_stream(&esds)?;
    let stated = AudioInfo {
        sample_rate: sound.sample_rate,
        channels: sound.channels,
        channel_configuration: ChannelConfiguration::of_few(sound.channels),
        joc_complexity: None,
    };
    let parsed = specific.and_then(AudioSpecificConfig::parse);
    let facts = parsed.map_or_else(|| stated.clone(), |config| config.facts(&stated));
    let codecs = match (object_type, parsed) {
        (MPEG4_AUDIO, Some(config)) => format!("mp4a.40.{}", config.object_type),
        (MPEG4_AUDIO, None) => return Err(esds.malformed("its AudioSpecificConfig does not parse")),
        (mp3::MPEG1 | mp3::MPEG2, _) => mp3::codecs(object_type),
        (other, _) if MPEG2_AAC.contains(&other) => format!("mp4a.{other:x}"),
        (other, _) => return Err(Error::UnsupportedCodec { track_id, codec: format!("mp4a.{other:x}") }),
    };
    Ok(SampleEntry::sound(entry.kind, codecs, facts, sound.body))
}

/// The `objectTypeIndication` of an `esds` box, and the decoder specific information where there is any.
fn elementary_stream<'a>(esds: &BoxView<'a>) -> Result<(u8, Option<&'a [u8]>)> {
    let (_, _, mut reader) = esds.full()?;
    let mut es = descriptor(&mut reader, ES_DESCRIPTOR, esds)?;
    es.skip(2)?;
    let flags = es.u8()?;
    if flags & 0x80 != 0 {
        es.skip(2)?;
    }
    if flags & 0x40 != 0 {
        let url = es.u8()?;
        es.skip(usize::from(url))?;
    }
    if flags & 0x20 != 0 {
        es.skip(2)?;
    }
    let mut decoder = descriptor(&mut es, DECODER_CONFIG_DESCRIPTOR, esds)?;
    let object_type = decoder.u8()?;
    // streamType, bufferSizeDB, maxBitrate, avgBitrate
    decoder.skip(12)?;
    let specific = descriptor(&mut decoder, DECODER_SPECIFIC_INFO, esds).ok();
    Ok((object_type, specific.map(|specific| specific.rest())))
}

/// The payload of the descriptor that comes next, which must be of `tag` (ISO/IEC 14496-1 8.3.3).
fn descriptor<'a>(reader: &mut Reader<'a>, tag: u8, esds: &BoxView<'_>) -> Result<Reader<'a>> {
    if reader.u8()? != tag {
        return Err(esds.malformed("its labels are not in the order ES, decoder config, decoder specific"));
    }
    let mut length: usize = 0;
    for _ in 0..4 {
        let byte = reader.u8()?;
        length = (length << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    // A length past the end of the box is seen in the wild and harmless: what is there is read.
    let mut inner = *reader;
    inner.truncate(length);
    reader.skip(inner.rest().len())?;
    Ok(inner)
}
