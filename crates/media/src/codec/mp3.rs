//! MP3 (ISO/IEC 11172-3 and 13818-3, layer III): in MP4 an `mp4a` entry whose `esds` names it; in QuickTime a separate entry
//! type.

use std::borrow::Cow;

use super::audio_sample_entry::{AudioSampleEntry, CHANNEL_COUNT_AT, FIXED_BYTES, SAMPLE_RATE_AT};
use super::bit_reader::BitReader;
use super::channel_configuration::ChannelConfiguration;
use super::esds::write_audio_esds;
use super::frame_header::FrameHeader;
use super::sample_entry::SampleEntry;
use super::track_info::AudioInfo;
use crate::Result;
use crate::isobmff::{BoxView, BoxWriter, FourCc};

/// `objectTypeIndication` of MPEG-1 audio (mp4ra.org).
///
/// For MP3 in MP4, Chromium accepts only the codecs strings `mp4a.69` and `mp4a.6B`, with an upper-case letter.
pub(super) const MPEG1: u8 = 0x6b;
/// `objectTypeIndication` of MPEG-2 audio.
pub(super) const MPEG2: u8 = 0x69;

/// The lowest sampling rate of MPEG-1 audio in hertz; MPEG-2 audio has the lower rates.
const LOWEST_MPEG1_RATE: u32 = 32_000;

/// Returns the `objectTypeIndication` for a sampling rate.
pub(crate) fn object_type(sample_rate: u32) -> u8 {
    if sample_rate >= LOWEST_MPEG1_RATE { MPEG1 } else { MPEG2 }
}

/// Returns the number of samples of a frame (ISO/IEC 11172-3 2.4.2.1, 13818-3 2.4.2.1).
pub(crate) fn frame_samples(sample_rate: u32) -> u32 {
    if sample_rate >= LOWEST_MPEG1_RATE { 1152 } else { 576 }
}

/// Reads a QuickTime entry, `.mp3` or `ms\0U`. ISO files have no such type, so it is converted to `mp4a` with an `esds` box.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let audio = AudioSampleEntry::parse(entry, b"esds")?;
    let object_type = object_type(audio.sample_rate);
    let mut w = BoxWriter::new();
    w.raw(audio.body.get(..FIXED_BYTES).unwrap_or(&audio.body));
    write_audio_esds(&mut w, object_type, &[]);
    let info = AudioInfo {
        channel_configuration: ChannelConfiguration::of_mono_or_stereo(audio.channels),
        ..AudioInfo::new(audio.sample_rate, audio.channels)
    };
    let entry = SampleEntry::audio(FourCc(*b"mp4a"), codecs(object_type), info, Cow::Owned(w.finish()?));
    Ok(entry.completed_by(FrameHeader::MpegAudio))
}

/// Takes the sampling rate and the number of channels from the header of a frame (ISO/IEC 11172-3 2.4.1.3, ISO/IEC 13818-3
/// 2.4.2.3): muxers write two channels for mono as well. The written entry has them too, for players that do not read frames.
/// A header that is none leaves the entry as it is.
pub(super) fn complete(entry: &mut SampleEntry<'_>, frame: &[u8]) {
    let Some((sample_rate, channels)) = frame_header(frame) else { return };
    entry.patch(CHANNEL_COUNT_AT, &channels.to_be_bytes());
    if let Ok(rate) = u16::try_from(sample_rate) {
        entry.patch(SAMPLE_RATE_AT, &rate.to_be_bytes());
    }
    if let Some(audio) = &mut entry.audio {
        (audio.sample_rate, audio.channels) = (sample_rate, channels);
        audio.channel_configuration = ChannelConfiguration::of_mono_or_stereo(channels);
    }
}

/// Parses the sampling rate in hertz and the number of channels of a frame header.
fn frame_header(frame: &[u8]) -> Option<(u32, u16)> {
    const SYNC: u32 = 0x7ff;
    const SINGLE_CHANNEL: u32 = 3;
    let mut bits = BitReader::new(frame);
    if bits.bits(11)? != SYNC {
        return None;
    }
    // MPEG-2 audio has half the rates, and its extension to lower rates ("MPEG-2.5") a quarter.
    let halvings = match bits.bits(2)? {
        0b11 => 0,
        0b10 => 1,
        0b00 => 2,
        _ => return None,
    };
    let (layer, _protection, bitrate) = (bits.bits(2)?, bits.bits(1)?, bits.bits(4)?);
    if layer == 0 || bitrate == 0b1111 {
        return None;
    }
    let rate = [44_100_u32, 48_000, 32_000].get(usize::try_from(bits.bits(2)?).ok()?)?.checked_shr(halvings)?;
    bits.skip(2)?; // padding, private
    Some((rate, if bits.bits(2)? == SINGLE_CHANNEL { 1 } else { 2 }))
}

/// Returns the RFC 6381 `codecs` string.
pub(super) fn codecs(object_type: u8) -> String {
    format!("mp4a.{object_type:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::aac;

    #[test]
    fn a_quicktime_entry_becomes_an_iso_entry() {
        // Version 1: four more words, then QuickTime boxes.
        let mut w = BoxWriter::new();
        w.plain(b".mp3", |w| {
            w.raw(&[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0xff, 0xfe, 0, 0]);
            w.u32(44_100 << 16);
            w.zeros(16);
            w.plain(b"wave", |w| w.plain(b"frma", |w| w.raw(b".mp3")));
        });
        let bytes = w.finish().unwrap();
        let entry = sample_entry(&BoxView::parse(&bytes, 0).unwrap()).unwrap();
        assert_eq!((entry.kind, entry.codecs.as_str()), (FourCc(*b"mp4a"), "mp4a.6B"));
        assert_eq!(entry.audio.as_ref().map(|audio| (audio.sample_rate, audio.channels)), Some((44_100, 2)));

        let mut w = BoxWriter::new();
        entry.write(&mut w, b"mp4a", |_| {});
        let bytes = w.finish().unwrap();
        let again = aac::sample_entry(&BoxView::parse(&bytes, 0).unwrap(), 1).unwrap();
        assert_eq!((again.codecs, again.audio), (entry.codecs, entry.audio), "the written entry reads as the same");
    }

    #[test]
    fn a_frame_header_has_the_rate_and_the_channels() {
        // Layer III, 64 kb/s; the fourth byte has the channel mode: stereo, joint stereo, dual channel, single channel.
        let modes = [0x00, 0x40, 0x80, 0xc0].map(|mode| frame_header(&[0xff, 0xfb, 0x50, mode]));
        assert_eq!(modes, [2, 2, 2, 1].map(|channels| Some((44_100, channels))));
        assert_eq!(frame_header(&[0xff, 0xf3, 0x54, 0xc0]), Some((24_000, 1)), "MPEG-2");
        assert_eq!(frame_header(&[0xff, 0xe3, 0x58, 0xc0]), Some((8_000, 1)), "MPEG-2.5");
        for not_a_header in [&[0xff, 0xfb, 0x50][..], b"ID3\x03", &[0xff, 0xeb, 0x50, 0], &[0xff, 0xfb, 0x5c, 0]] {
            assert_eq!(frame_header(not_a_header), None, "{not_a_header:?}");
        }
    }
}
