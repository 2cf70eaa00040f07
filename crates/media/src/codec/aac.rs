//! The `mp4a` sample entry: AAC, or MP3 (ISO/IEC 14496-14 6.7).

use super::audio_sample_entry::AudioSampleEntry;
use super::audio_specific_config::AudioSpecificConfig;
use super::channel_configuration::ChannelConfiguration;
use super::esds::{ElementaryStream, STORED_ES_ID};
use super::frame_header::FrameHeader;
use super::mp3;
use super::sample_entry::SampleEntry;
use super::track_info::AudioInfo;
use super::usac::USAC;
use crate::isobmff::BoxView;
use crate::{Error, Result};

/// `objectTypeIndication` of MPEG-4 audio (RFC 6381 3.3, mp4ra.org).
const MPEG4_AUDIO: u8 = 0x40;
/// `objectTypeIndication` of MPEG-2 AAC: main, low complexity, scalable sampling rate.
const MPEG2_AAC: std::ops::RangeInclusive<u8> = 0x66..=0x68;

/// Reads an `mp4a` entry.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>, track_id: u32) -> Result<SampleEntry<'a>> {
    let audio = AudioSampleEntry::parse(entry, b"esds")?;
    let esds = audio.configuration.ok_or(entry.malformed("it has no esds box"))?;
    let stream = ElementaryStream::parse(&esds)?;
    let of_entry = AudioInfo {
        channel_configuration: ChannelConfiguration::of_mono_or_stereo(audio.channels),
        ..AudioInfo::new(audio.sample_rate, audio.channels)
    };
    let config = stream.decoder_specific_info.and_then(AudioSpecificConfig::parse);
    let info = config.map_or_else(|| of_entry.clone(), |config| config.audio_info(&of_entry));
    let codecs = match (stream.object_type, config) {
        (MPEG4_AUDIO, Some(config)) => format!("mp4a.40.{}", config.object_type),
        (MPEG4_AUDIO, None) => return Err(esds.malformed("its AudioSpecificConfig does not parse")),
        (mp3::MPEG1 | mp3::MPEG2, _) => mp3::codecs(stream.object_type),
        (other, _) if MPEG2_AAC.contains(&other) => format!("mp4a.{other:x}"),
        (other, _) => return Err(Error::UnsupportedCodec { track_id, codec: format!("mp4a.{other:x}") }),
    };
    let mut entry = SampleEntry::audio(entry.kind, codecs, info, audio.body);
    entry.patch(audio.configuration_at.saturating_add(stream.es_id_at), &STORED_ES_ID);
    Ok(match (stream.object_type, config) {
        (mp3::MPEG1 | mp3::MPEG2, _) => entry.completed_by(FrameHeader::MpegAudio),
        (_, Some(config)) if config.object_type == USAC => entry.with_dependent_samples(),
        _ => entry,
    })
}
