//! What an adaptation set says of its picture's colours (ISO/IEC 23091-2; ISO/IEC 23009-1 5.8.5.14).

use std::io;

use super::mpd::Xml;
use crate::codec::VideoInfo;

/// Writes the code points of the colours, where the picture tells them.
///
/// As properties that a player may pass over: one that does not know them plays the stream all the same, as it would if they
/// were not there; in an essential one it would have to ignore the picture.
pub(super) fn colours(xml: &mut Xml, video: &VideoInfo) -> io::Result<()> {
    let Some(colour) = video.colour else { return Ok(()) };
    let points = [
        ("urn:mpeg:mpegB:cicp:ColourPrimaries", colour.primaries),
        ("urn:mpeg:mpegB:cicp:TransferCharacteristics", colour.transfer),
        ("urn:mpeg:mpegB:cicp:MatrixCoefficients", colour.matrix),
    ];
    points.into_iter().try_for_each(|(scheme, point)| {
        let property = xml.create_element("SupplementalProperty");
        property.with_attributes([("schemeIdUri", scheme), ("value", &point.to_string())]).write_empty().map(drop)
    })
}
