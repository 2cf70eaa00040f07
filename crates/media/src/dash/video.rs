//! What an adaptation set states of its video: sizes and frame rates (ISO/IEC 23009-1 5.3.3.2), and colours (ISO/IEC 23091-2;
//! ISO/IEC 23009-1 5.8.5.14).

use std::io;

use super::xml::{Xml, descriptor};
use crate::cmaf::{FrameRate, Representation};
use crate::codec::VideoInfo;

/// Returns the attributes of the set of these videos: `@par` if all have the same picture aspect ratio, and the greatest width,
/// height and frame rate, with the least one where it differs. A player selects a set by them without reading its members.
///
/// Frame rates are left out unless all are known.
pub(super) fn range_attributes(videos: &[&Representation]) -> Vec<(&'static str, String)> {
    let mut attributes = Vec::new();
    let infos = || videos.iter().filter_map(|representation| representation.video.as_ref());
    let ratio = infos().next().and_then(VideoInfo::picture_aspect_ratio);
    if let Some((h, v)) = ratio.filter(|_| infos().all(|video| video.picture_aspect_ratio() == ratio)) {
        attributes.push(("par", format!("{h}:{v}")));
    }
    let widths = infos().map(|video| video.width);
    let heights = infos().map(|video| video.height);
    let sizes =
        [("minWidth", "maxWidth", least_and_greatest(widths)), ("minHeight", "maxHeight", least_and_greatest(heights))];
    for (min, max, range) in sizes {
        let Some((least, greatest)) = range else { continue };
        attributes.extend((least != greatest).then(|| (min, least.to_string())));
        attributes.push((max, greatest.to_string()));
    }
    let rates: Option<Vec<FrameRate>> = videos.iter().map(|video| video.frame_rate).collect();
    if let Some((least, greatest)) = rates.and_then(|rates| least_and_greatest(rates.into_iter())) {
        attributes.extend((least != greatest).then(|| ("minFrameRate", least.to_string())));
        attributes.push(("maxFrameRate", greatest.to_string()));
    }
    attributes
}

fn least_and_greatest<T: Copy + Ord>(values: impl Iterator<Item = T>) -> Option<(T, T)> {
    values.fold(None, |range, value| {
        range.map_or(Some((value, value)), |(a, b): (T, T)| Some((a.min(value), b.max(value))))
    })
}

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
