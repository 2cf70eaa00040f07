//! Visual sample entries (ISO/IEC 14496-12 12.1.3): the part that all video codecs share.

use std::borrow::Cow;

use super::colr::Colour;
use super::pasp::sample_aspect_ratio;
use super::sample_entry::without_terminator;
use super::track_info::VideoInfo;
use crate::Result;
use crate::isobmff::{BoxView, Boxes};

/// `VisualSampleEntry`, before the codec's configuration is parsed.
pub(super) struct VisualSampleEntry<'a> {
    pub(super) info: VideoInfo,
    /// The boxes after the fixed fields, including the codec's configuration.
    pub(super) children: Boxes<'a>,
    /// Everything after the box header of the entry.
    pub(super) body: Cow<'a, [u8]>,
}

impl<'a> VisualSampleEntry<'a> {
    /// Reads the fixed fields and the boxes that all codecs share.
    pub(super) fn parse(entry: &BoxView<'a>) -> Result<Self> {
        let mut reader = entry.reader();
        // reserved, data_reference_index; pre_defined, reserved, pre_defined
        reader.skip(24)?;
        let (width, height) = (reader.u16()?, reader.u16()?);
        // resolutions, reserved, frame_count, compressorname, depth, pre_defined
        reader.skip(50)?;
        let children = Boxes::after(&reader, entry);
        let sample_aspect_ratio = sample_aspect_ratio(&children)?;
        let info =
            VideoInfo { width, height, sample_aspect_ratio, colour: Colour::of_box(&children), captions: Vec::new() };
        let body = Cow::Borrowed(without_terminator(entry.payload, children.clone())?);
        Ok(Self { info, children, body })
    }

    /// Sets the colour description that the codec's configuration carries, unless there is a `colr` box.
    pub(super) fn or_colour(&mut self, colour: impl FnOnce() -> Option<Colour>) {
        self.info.colour = self.info.colour.or_else(colour);
    }

    /// Returns the first child of type `kind`.
    pub(super) fn child(&self, kind: &[u8; 4]) -> Result<Option<BoxView<'a>>> {
        self.children.clone().find_kind(kind)
    }
}
