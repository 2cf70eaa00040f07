//! The init segment (CMAF header, ISO/IEC 23000-19 7.3.1): `ftyp` and a `moov` without samples.

use super::brands::ftyp;
use crate::Result;
use crate::cenc::{TrackEncryption, sinf};
use crate::isobmff::BoxWriter;
use crate::number::Checked;
use crate::track::{Track, TrackKind, three_letters};

/// The identity matrix of `mvhd` (ISO/IEC 14496-12 8.2.2).
const IDENTITY: [u32; 9] = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];

/// `tkhd` flags: `track_enabled`, `track_in_movie`, `track_in_preview`.
const TRACK_ENABLED_AND_IN_USE: u32 = 7;

/// `url ` flag: the media is in the same file.
const SELF_CONTAINED: u32 = 1;

/// Writes the init segment of a track that has `track_id` in the package and is presented for `duration`, in units of its
/// timescale.
///
/// The movie has the timescale of the track, so that `mehd` is exact. There is no edit list: its effect is in the
/// `presentationTimeOffset` of the manifest, which every player supports.
///
/// # Errors
/// [`Error::OutOfRange`](crate::Error::OutOfRange) if the track has too many sample descriptions.
pub(super) fn init_segment(
    track: &Track<'_>,
    track_id: u32,
    encryption: Option<&TrackEncryption>,
    duration: u64,
) -> Result<Vec<u8>> {
    let descriptions = u32::try_from(track.descriptions.entries().len());
    let descriptions = descriptions.or_out_of_range("The number of sample descriptions of a track")?;
    let mut w = BoxWriter::new();
    ftyp(&mut w, track);
    w.plain(b"moov", |w| {
        w.full(b"mvhd", 0, 0, |w| {
            w.zeros(8); // creation_time, modification_time: the output depends on the input alone
            w.u32(track.timescale.hz());
            w.u32(0); // duration: see mehd
            w.u32(0x0001_0000); // rate
            w.u16(0x0100); // volume
            w.zeros(10);
            IDENTITY.iter().for_each(|value| w.u32(*value));
            w.zeros(24);
            w.u32(track_id.saturating_add(1)); // next_track_ID: the maximum requires a search for a free one
        });
        trak(w, track, track_id, descriptions, encryption);
        w.plain(b"mvex", |w| {
            // A track that ends before the presentation starts has no duration to state.
            if duration > 0 {
                w.full(b"mehd", 1, 0, |w| w.u64(duration));
            }
            w.full(b"trex", 0, 0, |w| {
                w.u32(track_id);
                w.u32(1); // default_sample_description_index
                w.zeros(12); // duration, size and flags: every fragment states them
            });
        });
    });
    w.finish()
}

fn trak(w: &mut BoxWriter, track: &Track<'_>, track_id: u32, descriptions: u32, encryption: Option<&TrackEncryption>) {
    let is_audio = track.kind == TrackKind::Audio;
    let is_ttml = track.descriptions.entries().iter().any(|entry| entry.kind == b"stpp");
    w.plain(b"trak", |w| {
        w.full(b"tkhd", 0, TRACK_ENABLED_AND_IN_USE, |w| {
            w.zeros(8);
            w.u32(track_id);
            w.zeros(4);
            w.u32(0); // duration
            w.zeros(8);
            w.u16(0); // layer
            w.u16(0); // alternate_group
            w.u16(if is_audio { 0x0100 } else { 0 }); // volume
            w.u16(0);
            w.raw(&track.matrix);
            if is_audio {
                w.zeros(8); // width and height of what is not visual
            } else {
                w.raw(&track.presentation_size);
            }
        });
        w.plain(b"mdia", |w| {
            w.full(b"mdhd", 0, 0, |w| {
                w.zeros(8);
                w.u32(track.timescale.hz());
                w.u32(0); // duration
                w.u16(packed_language(track.language.as_deref()));
                w.u16(0);
            });
            w.full(b"hdlr", 0, 0, |w| {
                w.u32(0);
                let (handler, name): (_, &[u8]) = match (track.kind, is_ttml) {
                    (TrackKind::Video, _) => (b"vide", b"VideoHandler\0"),
                    (TrackKind::Audio, _) => (b"soun", b"SoundHandler\0"),
                    (TrackKind::Text, true) => (b"subt", b"SubtitleHandler\0"),
                    (TrackKind::Text, false) => (b"text", b"SubtitleHandler\0"),
                };
                w.raw(handler);
                w.zeros(12);
                w.raw(name);
            });
            // A script or a region does not fit the three letters of mdhd.
            if let Some(tag) = track.language.as_ref().filter(|tag| tag.contains('-')) {
                w.full(b"elng", 0, 0, |w| {
                    w.raw(tag.as_bytes());
                    w.u8(0);
                });
            }
            w.plain(b"minf", |w| {
                match (track.kind, is_ttml) {
                    (TrackKind::Video, _) => w.full(b"vmhd", 0, 1, |w| w.zeros(8)),
                    (TrackKind::Audio, _) => w.full(b"smhd", 0, 0, |w| w.zeros(4)),
                    (TrackKind::Text, true) => w.full(b"sthd", 0, 0, |_| {}),
                    (TrackKind::Text, false) => w.full(b"nmhd", 0, 0, |_| {}),
                }
                w.plain(b"dinf", |w| {
                    w.full(b"dref", 0, 0, |w| {
                        w.u32(1);
                        w.full(b"url ", 0, SELF_CONTAINED, |_| {});
                    });
                });
                stbl(w, track, descriptions, encryption);
            });
        });
    });
}

fn stbl(w: &mut BoxWriter, track: &Track<'_>, descriptions: u32, encryption: Option<&TrackEncryption>) {
    w.plain(b"stbl", |w| {
        w.full(b"stsd", 0, 0, |w| {
            w.u32(descriptions);
            for entry in track.descriptions.entries() {
                match encryption {
                    None => entry.write(w, &entry.kind.0, |_| {}),
                    Some(encryption) => {
                        let kind = if track.kind == TrackKind::Audio { b"enca" } else { b"encv" };
                        entry.write(w, kind, |w| sinf(w, entry.kind, encryption));
                    }
                }
            }
        });
        w.full(b"stts", 0, 0, |w| w.u32(0));
        w.full(b"stsc", 0, 0, |w| w.u32(0));
        w.full(b"stsz", 0, 0, |w| w.zeros(8));
        w.full(b"stco", 0, 0, |w| w.u32(0));
    });
}

/// Packs the three-letter code of a language into five bits each (ISO/IEC 14496-12 8.4.2.3): `und` if the language is unknown or
/// has no such code.
fn packed_language(language: Option<&str>) -> u16 {
    let letters = language.and_then(three_letters).unwrap_or("und");
    letters.bytes().fold(0, |packed: u16, letter| (packed << 5) | u16::from(letter & 0x1f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_packed_as_its_three_letter_code() {
        assert_eq!(packed_language(Some("eng")), 0x15c7);
        assert_eq!(packed_language(None), 0x55c4);
        assert_eq!(packed_language(Some("en")), 0x15c7);
        assert_eq!(packed_language(Some("en-GB")), 0x15c7);
        assert_eq!(packed_language(Some("xx")), 0x55c4);
    }
}
