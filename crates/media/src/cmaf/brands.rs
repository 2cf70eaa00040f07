//! The brands of an init segment or a single file, `FileTypeBox` (`ftyp`, ISO/IEC 14496-12 4.3). A track claims a brand only if
//! it meets it.

use crate::isobmff::BoxWriter;
use crate::track::{IDENTITY_MATRIX, Track};

/// Returns whether a track meets the structural brand `cmfc` (ISO/IEC 23000-19 7.2) as it is packaged:
///
/// - its samples are presented in decode order, because without an edit list the first presented sample of a fragment must have
///   the composition time that is the decode time of the fragment's first sample (7.5.17). Composition offsets are packaged
///   unchanged;
/// - it is neither rotated nor moved: the matrix of `tkhd` has its default value (7.5.4);
/// - it has one sample description.
pub(super) fn is_cmaf(track: &Track<'_>) -> bool {
    track.matrix == IDENTITY_MATRIX
        && !track.samples.has_composition_offsets()
        && track.descriptions.entries().len() == 1
}

/// Writes the file type of a track.
pub(super) fn ftyp(w: &mut BoxWriter, track: &Track<'_>) {
    w.plain(b"ftyp", |w| {
        w.raw(b"iso6"); // major_brand: fragments with `tfdt` and `default-base-is-moof`
        w.u32(0); // minor_version
        w.raw(b"iso6");
        if is_cmaf(track) {
            w.raw(b"cmfc");
        }
        w.raw(b"dash");
    });
}
