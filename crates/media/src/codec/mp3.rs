//! MP3 (ISO/IEC 11172-3 and 13818-3, layer III): in MP4 an `mp4a` entry whose `esds` names it; in QuickTime an entry of its own.

use std::borrow::Cow;

use super::sound::Sound;
use super::{AudioInfo, ChannelConfiguration, SampleEntry};
use crate::Result;
use crate::isobmff::{BoxView, BoxWriter, FourCc};

/// `objectTypeIndication`s (mp4ra.org). Chromium knows `mp4a.69` and `mp4a.6B`, the letter in upper case, and no other name
/// for MP3 in MP4.
pub(super) const MPEG1: u8 = 0x6b;
pub(super) const MPEG2: u8 = 0x69;

/// The lowest sampling rate of MPEG-1 audio; MPEG-2 has the rates below.
const MPEG1_RATES: u32 = 32_000;

/// Reads a QuickTime entry, `.mp3` or `ms\0U`. ISO files have no such entry: it becomes `mp4a`, with the `esds` it lacks.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let sound = Sound::parse(entry, b"esds")?;
    let object_type = if sound.sample_rate >= MPEG1_RATES { MPEG1 } else { MPEG2 };
    let mut w = BoxWriter::new();
    // The fixed part of an audio sample entry, without what QuickTime has behind it.
    w.raw(sound.body.get(..28).unwrap_or(&sound.body));
    esds(&mut w, object_type);
    let facts = AudioInfo {
        sample_rate: sound.sample_rate,
        channels: sound.channels,
        channel_configuration: ChannelConfiguration::of_few(sound.channels),
        joc_complexity: None,
    };
    Ok(SampleEntry::sound(FourCc(*b"mp4a"), codecs(object_type), facts, Cow::Owned(w.finish()?)))
}

/// The RFC 6381 `codecs` string.
pub(super) fn codecs(object_type: u8) -> String {
    format!("mp4a.{object_type:02X}")
}

/// `ESDBox` (ISO/IEC 14496-14 6.7.2) of a stream that says everything about itself.
fn esds(w: &mut BoxWriter, object_type: u8) {
    w.full(b"esds", 0, 0, |w| {
        w.raw(&[3, 21]); // ES_Descriptor, its length
        w.raw(&[0, 0, 0]); // ES_ID, flags
        w.raw(&[4, 13, object_type]); // DecoderConfigDescriptor, its length
        w.u8(0x15); // streamType audio, reserved bit
        w.zeros(11); // bufferSizeDB, maxBitrate, avgBitrate: not known
        w.raw(&[6, 1, 2]); // SLConfigDescriptor: predefined for MP4
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::TrackKind;

    #[test]
    fn a_quicktime_entry_becomes_one_that_iso_files_have() {
        // Version 1: four more words, then boxes of QuickTime's own.
        let mut w = BoxWriter::new();
        w.plain(b".mp3", |w| {
            w.raw(&[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0xff, 0xfe, 0, 0]);
            w.u32(44_100 << 16);
            w.zeros(16);
            w.plain(b"wave", |w| w.plain(b"frma", |w| w.raw(b".mp3")));
        });
        let bytes = w.finish().unwrap();
        let entry = SampleEntry::parse(&BoxView::parse(&bytes, 0).unwrap(), TrackKind::Audio, 1).unwrap();
        assert_eq!((entry.kind, entry.codecs.as_str()), (FourCc(*b"mp4a"), "mp4a.6B"));
        assert_eq!(entry.audio.as_ref().map(|audio| (audio.sample_rate, audio.channels)), Some((44_100, 2)));

        let mut w = BoxWriter::new();
        entry.write(&mut w, b"mp4a", |_| {});
        let bytes = w.finish().unwrap();
        let again = SampleEntry::parse(&BoxView::parse(&bytes, 0).unwrap(), TrackKind::Audio, 1).unwrap();
        assert_eq!((again.codecs, again.audio), (entry.codecs, entry.audio), "what is written is read the same");
    }
}
