//! The pixel aspect ratio: `PixelAspectRatioBox` (`pasp`), ISO/IEC 14496-12 12.1.4.

use crate::Result;
use crate::isobmff::Boxes;

/// Reads `hSpacing` and `vSpacing` of a `pasp` box, if there is one. A ratio with a zero is ignored.
pub(super) fn sample_aspect_ratio(children: &Boxes<'_>) -> Result<Option<(u32, u32)>> {
    let Some(pasp) = children.clone().find_kind(b"pasp")? else { return Ok(None) };
    let mut reader = pasp.reader();
    let (h_spacing, v_spacing) = (reader.u32()?, reader.u32()?);
    Ok(Some((h_spacing, v_spacing)).filter(|(h, v)| *h > 0 && *v > 0))
}
