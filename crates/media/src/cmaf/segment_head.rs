//! The head of a segment: all boxes up to the payload of `mdat`.

use super::moof::{MDAT_HEADER, moof, moof_bytes};
use super::options::Layout;
use super::styp::{styp, styp_bytes};
use super::work_unit::{SegmentPlan, WorkUnitTrack};
use crate::cenc::SampleAuxiliaryInfo;
use crate::isobmff::BoxWriter;
use crate::{Error, Result};

/// Returns the number of bytes of all boxes of a segment that is a file, up to the payload of `mdat`. `auxiliary` of them are sample
/// auxiliary information.
pub(super) fn head_bytes(plan: &SegmentPlan, track: &WorkUnitTrack, auxiliary: u64) -> u64 {
    moof_bytes(plan, auxiliary).saturating_add(styp_bytes(plan, track)).saturating_add(MDAT_HEADER.into())
}

/// Writes all boxes of a segment up to the payload of `mdat`, which has `payload` bytes.
pub(super) fn segment_head(
    plan: &SegmentPlan,
    track: &WorkUnitTrack,
    auxiliary: Option<&SampleAuxiliaryInfo>,
    layout: Layout,
    payload: u64,
) -> Result<Vec<u8>> {
    let mdat_size = payload.checked_add(MDAT_HEADER.into()).and_then(|size| u32::try_from(size).ok());
    let mdat_size = mdat_size.ok_or(Error::BadPlan { reason: "a segment is larger than 4 GiB" })?;
    let mut w = BoxWriter::new();
    // In a single file, the brands are in the `ftyp` of the file.
    if layout == Layout::Segments {
        styp(&mut w, plan, track);
    }
    moof(&mut w, plan, track, auxiliary)?;
    w.u32(mdat_size);
    w.raw(b"mdat");
    w.finish()
}
