//! `vpcC` (VP Codec ISO Media File Format Binding 3.3), from the first key frame and the track: Matroska has none.

use super::timing::SECOND;
use super::track_entry::TrackEntry;
use crate::codec::{UNSPECIFIED_COLOUR, Vp9KeyFrame};
use crate::isobmff::BoxWriter;

/// Levels of VP9: the value in `vpcC`, the maximum of luma samples a second, and of a frame ("VP9 Levels", webmproject.org).
const LEVELS: [(u8, u64, u64); 14] = [
    (10, 829_440, 36_864),
    (11, 2_764_800, 73_728),
    (20, 4_608_000, 122_880),
    (21, 9_216_000, 245_760),
    (30, 20_736_000, 552_960),
    (31, 36_864_000, 983_040),
    (40, 83_558_400, 2_228_224),
    (41, 160_432_128, 2_228_224),
    (50, 311_951_360, 8_912_896),
    (51, 588_251_136, 8_912_896),
    (52, 1_176_502_272, 8_912_896),
    (60, 1_176_502_272, 35_651_584),
    (61, 2_353_004_544, 35_651_584),
    (62, 4_706_009_088, 35_651_584),
];

/// Frame duration that the level is chosen for if the track does not state it, in nanoseconds.
const USUAL_DURATION: u64 = 1_000_000_000 / 30;

/// Writes `vpcC`. Returns `None` if the first frame is not a key frame.
pub(super) fn write_vpcc(w: &mut BoxWriter, track: &TrackEntry, head: &[u8]) -> Option<()> {
    let frame = Vp9KeyFrame::parse(head)?;
    let stated = feature(&track.codec_private, 2).filter(|level| LEVELS.iter().any(|(known, ..)| known == level));
    let level = stated.unwrap_or_else(|| level(&frame, track.default_duration.unwrap_or(USUAL_DURATION)));
    let colour = track.video.colour;
    let (primaries, transfer, matrix) = colour
        .map_or((UNSPECIFIED_COLOUR, UNSPECIFIED_COLOUR, UNSPECIFIED_COLOUR), |colour| {
            (colour.primaries, colour.transfer, colour.matrix)
        });
    let is_full_range = colour.map_or(frame.is_full_range, |colour| colour.is_full_range);
    w.full(b"vpcC", 1, 0, |w| {
        w.raw(&[frame.profile, level]);
        w.u8((frame.bit_depth << 4) | (frame.chroma_subsampling << 1) | u8::from(is_full_range));
        w.raw(&[primaries, transfer, matrix]);
        w.u16(0); // codecInitializationDataSize
    });
    Some(())
}

/// Returns a codec feature of WebM's `CodecPrivate` for VP9, whose elements have an ID, a length and a value of a byte each.
fn feature(codec_private: &[u8], id: u8) -> Option<u8> {
    let (features, _) = codec_private.as_chunks::<3>();
    features.iter().find(|[found, length, _]| *found == id && *length == 1).map(|[_, _, value]| *value)
}

/// Returns the lowest level that allows the frame size and rate.
fn level(frame: &Vp9KeyFrame, duration: u64) -> u8 {
    let samples = u64::from(frame.width).saturating_mul(frame.height.into());
    let per_second = samples.saturating_mul(SECOND.into()).checked_div(duration).unwrap_or(u64::MAX);
    let fits = LEVELS.iter().find(|(_, rate, size)| per_second <= *rate && samples <= *size);
    fits.or(LEVELS.last()).map_or(0, |(level, ..)| *level)
}
