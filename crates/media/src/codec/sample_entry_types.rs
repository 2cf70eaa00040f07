//! Sample entry types: which codec reads which sample entry.

use super::frame_header::FrameHeader;
use super::protection_rule::ProtectionRule;
use super::sample_entry::SampleEntry;
use super::track_kind::TrackKind;
use super::{
    aac, ac3, ac4, alac, av1, avc, closed_captions, flac, hevc, iamf, mp3, mpegh, opus, text_sample_entry as text, vp9,
};
use crate::isobmff::{BoxView, FourCc};
use crate::matroska::UNMAPPED_CODEC;
use crate::{Error, Result};

impl<'a> SampleEntry<'a> {
    /// Reads an entry of the `stsd` box of track `track_id`.
    ///
    /// # Errors
    /// [`Error::UnsupportedCodec`] or [`Error::Malformed`].
    pub fn parse(entry: &BoxView<'a>, kind: TrackKind, track_id: u32) -> Result<Self> {
        match (kind, &entry.kind.0) {
            (TrackKind::Video, b"avc1" | b"avc3") => avc::sample_entry(entry),
            (TrackKind::Video, b"hvc1" | b"hev1" | b"dvh1" | b"dvhe") => hevc::sample_entry(entry),
            (TrackKind::Video, b"av01") => av1::sample_entry(entry),
            (TrackKind::Video, b"vp09") => vp9::sample_entry(entry),
            (TrackKind::Audio, b"mp4a") => aac::sample_entry(entry, track_id),
            (TrackKind::Audio, b".mp3" | b"ms\0U") => mp3::sample_entry(entry),
            (TrackKind::Audio, b"ac-3") => ac3::ac3(entry),
            (TrackKind::Audio, b"ec-3") => ac3::eac3(entry),
            (TrackKind::Audio, b"Opus") => opus::sample_entry(entry),
            (TrackKind::Audio, b"fLaC") => flac::sample_entry(entry),
            (TrackKind::Audio, b"alac") => alac::sample_entry(entry),
            (TrackKind::Audio, b"ac-4") => ac4::sample_entry(entry),
            (TrackKind::Audio, b"mha1" | b"mhm1") => mpegh::sample_entry(entry),
            (TrackKind::Audio, b"iamf") => iamf::sample_entry(entry, track_id),
            (TrackKind::Text, b"wvtt") => text::webvtt(entry),
            (TrackKind::Text, b"stpp") => text::ttml(entry, track_id),
            (TrackKind::Text, b"tx3g") => text::timed_text(entry),
            _ => Err(Error::UnsupportedCodec { track_id, codec: codec_name(entry) }),
        }
    }

    /// Completes the entry with the first bytes of one of its samples, which has `bytes` bytes, if it needs them: see
    /// [`heads`](Self::heads).
    pub(super) fn complete(&mut self, head: &[u8], bytes: u32) {
        match &self.protection {
            ProtectionRule::Avc(config) => self.expect_ranges(config.slice_count(head, bytes)),
            ProtectionRule::Hevc(config) => self.expect_ranges(config.slice_count(head, bytes)),
            // A sample of AV1 may have a frame that is not shown before the one that is.
            ProtectionRule::Av1(_) => self.expect_ranges(2),
            ProtectionRule::Vp9 | ProtectionRule::FullSample => {}
        }
        match self.frame_header() {
            Some(FrameHeader::MpegAudio) => mp3::complete(self, head),
            Some(FrameHeader::Eac3) => ac3::complete_eac3(self, head),
            Some(FrameHeader::Captions) => {
                closed_captions::complete(self, head);
                match &self.protection {
                    ProtectionRule::Avc(_) => avc::complete(self, head),
                    ProtectionRule::Hevc(_) => hevc::complete(self, head),
                    _ => av1::complete(self, head),
                }
            }
            Some(FrameHeader::Vp9KeyFrame) => vp9::complete(self, head),
            Some(FrameHeader::Mhas) => mpegh::complete(self, head),
            None => {}
        }
    }
}

/// Returns the name of a codec that is not supported: the type of its sample entry, or its name in a Matroska file.
fn codec_name(entry: &BoxView<'_>) -> String {
    // reserved, data_reference_index
    let name = entry.payload.get(8..).filter(|_| entry.kind == &UNMAPPED_CODEC);
    name.map_or_else(|| entry.kind.to_string(), |name| String::from_utf8_lossy(name).into_owned())
}

/// Returns whether a text track with this sample entry type can be packaged.
pub(crate) fn is_known_text(kind: FourCc) -> bool {
    matches!(&kind.0, b"wvtt" | b"stpp" | b"tx3g")
}
