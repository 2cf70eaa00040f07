//! MP3 (ISO/IEC 11172-3 and 13818-3, layer III): in MP4 an `mp4a` entry whose `esds` names it; in QuickTime a separate entry
//! type.

use std::borrow::Cow;

use super::audio_sample_entry::{AudioSampleEntry, FIXED_BYTES};
use super::channel_configuration::ChannelConfiguration;
use super::esds::write_esds;
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

/// Reads a QuickTime entry, `.mp3` or `ms\0U`. ISO files have no such type, so it is converted to `mp4a` with an `esds` box.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let audio = AudioSampleEntry::parse(entry, b"esds")?;
    let object_type = if audio.sample_rate >= LOWEST_MPEG1_RATE { MPEG1 } else { MPEG2 };
    let mut w = BoxWriter::new();
    w.raw(audio.body.get(..FIXED_BYTES).unwrap_or(&audio.body));
    write_esds(&mut w, object_type);
    let info = AudioInfo {
        sample_rate: audio.sample_rate,
        channels: audio.channels,
        channel_configuration: ChannelConfiguration::of_mono_or_stereo(audio.channels),
        joc_complexity: None,
    };
    Ok(SampleEntry::audio(FourCc(*b"mp4a"), codecs(object_type), info, Cow::Owned(w.finish()?)))
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
}
