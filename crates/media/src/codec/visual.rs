//! Visual sample entries (ISO/IEC 14496-12 12.1.3): the part that all codecs share.

use std::borrow::Cow;

use super::{Colour, VideoInfo};
use crate::isobmff::{BoxView, Boxes};
use crate::{Error, Result};

/// A visual sample entry.
pub(super) struct Visual<'a> {
    pub(super) facts: VideoInfo,
    /// The boxes behind the fixed part: the codec's configuration among them.
    pub(super) children: Boxes<'a>,
    /// Everything behind the header of the entry.
    pub(super) body: Cow<'a, [u8]>,
}

impl<'a> Visual<'a> {
    pub(super) fn parse(entry: &BoxView<'a>) -> Result<Self> {
        let mut reader = entry.reader();
        // reserved, data_reference_index; pre_defined, reserved, pre_defined
        reader.skip(24)?;
        let (width, height) = (reader.u16()?, reader.u16()?);
        // resolutions, reserved, frame_count, compressorname, depth, pre_defined
        reader.skip(50)?;
        let children = Boxes::after(&reader, entry);
        let pasp = children.clone().find_kind(b"pasp")?;
        let sample_aspect_ratio = pasp.map(|pasp| {
            let mut reader = pasp.reader();
            Ok::<_, Error>((reader.u32()?, reader.u32()?))
        });
        let sample_aspect_ratio = sample_aspect_ratio.transpose()?.filter(|(h, v)| *h > 0 && *v > 0);
        let facts = VideoInfo { width, height, sample_aspect_ratio, colour: Colour::of_box(&children) };
        let body = Cow::Borrowed(without_terminator(entry.payload, children.clone())?);
        Ok(Self { facts, children, body })
    }

    /// Takes the colours that the codec's own configuration tells, unless a `colr` box tells them.
    pub(super) fn or_colour(&mut self, colour: impl FnOnce() -> Option<Colour>) {
        self.facts.colour = self.facts.colour.or_else(colour);
    }

    /// The first child of type `kind`.
    pub(super) fn child(&self, kind: &[u8; 4]) -> Result<Option<BoxView<'a>>> {
        self.children.clone().find_kind(kind)
    }
}

/// The payload up to the end of its last box: QuickTime ends some lists of boxes with a zero word.
pub(super) fn without_terminator<'a>(payload: &'a [u8], mut children: Boxes<'a>) -> Result<&'a [u8]> {
    children.by_ref().try_for_each(|child| child.map(drop))?;
    let end = payload.len().saturating_sub(children.rest().len());
    Ok(payload.get(..end).unwrap_or(payload))
}
