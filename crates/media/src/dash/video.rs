//! The colours of video, as properties of an adaptation set (ISO/IEC 23091-2; ISO/IEC 23009-1 5.8.5.14).

use std::io;

use super::xml::{Xml, descriptor};
use crate::codec::VideoInfo;

/// Writes the code points of the colours, if they are known.
///
/// They are supplemental properties: a player that does not support one ignores it and plays the video. If the property were
/// essential, the player would have to ignore the video.
pub(super) fn write_colours(xml: &mut Xml, video: &VideoInfo) -> io::Result<()> {
    let Some(colour) = video.colour else { return Ok(()) };
    let points = [
        ("urn:mpeg:mpegB:cicp:ColourPrimaries", colour.primaries),
        ("urn:mpeg:mpegB:cicp:TransferCharacteristics", colour.transfer),
        ("urn:mpeg:mpegB:cicp:MatrixCoefficients", colour.matrix),
    ];
    points
        .into_iter()
        .try_for_each(|(scheme, point)| descriptor(xml, "SupplementalProperty", scheme, &point.to_string()))
}
