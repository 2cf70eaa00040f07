//! The segment type, `SegmentTypeBox` (`styp`, ISO/IEC 14496-12 8.16.2): the brands of a segment that is a file.

use super::work_unit::{SegmentPlan, WorkUnitTrack};
use crate::isobmff::BoxWriter;

/// Returns the number of bytes of the segment type of a segment.
pub(super) fn styp_bytes(plan: &SegmentPlan, track: &WorkUnitTrack) -> u64 {
    20_u64.saturating_add([track.is_cmaf, plan.is_last].into_iter().map(|claimed| if claimed { 4 } else { 0 }).sum())
}

/// Writes the segment type of a segment, with the brands that it meets:
///
/// - `msdh`, a DASH media segment (ISO/IEC 23009-1 6.3.4.2). Not `msix`, which requires a segment index (6.3.4.3);
/// - `cmfs`, a segment of a CMAF track (ISO/IEC 23000-19 7.3.3.1);
/// - `lmsg`, the last media segment of a representation (ISO/IEC 23009-1 7.3.1).
pub(super) fn styp(w: &mut BoxWriter, plan: &SegmentPlan, track: &WorkUnitTrack) {
    w.plain(b"styp", |w| {
        w.raw(b"msdh"); // major_brand
        w.u32(0); // minor_version
        w.raw(b"msdh");
        if track.is_cmaf {
            w.raw(b"cmfs");
        }
        if plan.is_last {
            w.raw(b"lmsg");
        }
    });
}
