//! The segment type, `SegmentTypeBox` (`styp`, ISO/IEC 14496-12 8.16.2): the brands of a segment that is a file.

use crate::isobmff::BoxWriter;

/// Writes the segment type.
pub(super) fn styp(w: &mut BoxWriter) {
    w.plain(b"styp", |w| {
        w.raw(b"msdh"); // major_brand
        w.u32(0); // minor_version
        w.raw(b"msdhmsixcmfs"); // compatible_brands
    });
}
