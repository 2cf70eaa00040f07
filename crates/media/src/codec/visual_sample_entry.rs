//! Visual sample entries (ISO/IEC 14496-12 12.1.3): the part that all video codecs share.

use std::borrow::Cow;

use super::colr::Colour;
use super::frame_format::FrameFormat;
use super::pasp::sample_aspect_ratio;
use super::sample_entry::without_terminator;
use super::track_info::VideoInfo;
use super::vexu::has_both_eyes;
use crate::Result;
use crate::isobmff::{BoxView, Boxes};

/// Position in the body of a sample entry of `width` and `height`.
pub(super) const SIZE_AT: usize = 24;

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
        let info = VideoInfo {
            width,
            height,
            sample_aspect_ratio,
            colour: Colour::of_box(&children),
            captions: Vec::new(),
            is_interlaced: false,
            is_stereoscopic: has_both_eyes(&children)?,
            supplemental_codecs: None,
        };
        let body = Cow::Borrowed(without_terminator(entry.payload, children.clone())?);
        Ok(Self { info, children, body })
    }

    /// Sets the colour description that the codec's configuration carries, unless there is a `colr` box.
    pub(super) fn or_colour(&mut self, colour: impl FnOnce() -> Option<Colour>) {
        self.info.colour = self.info.colour.or_else(colour);
    }

    /// Takes over the coded format of the frames, if the codec's configuration has it. The entry is written with the coded size,
    /// which it has to repeat (ISO/IEC 14496-12 12.1.3.3). A `pasp` box has priority over the coded ratio.
    pub(super) fn take_format(&mut self, format: Option<FrameFormat>) {
        if let Some(size) = format.and_then(|format| self.info.take_format(&format))
            && let Some(field) = self.body.to_mut().get_mut(SIZE_AT..)
            && let Some(field) = field.first_chunk_mut()
        {
            *field = size;
        }
    }

    /// Returns the first child of type `kind`.
    pub(super) fn child(&self, kind: &[u8; 4]) -> Result<Option<BoxView<'a>>> {
        self.children.clone().find_kind(kind)
    }
}

impl VideoInfo {
    /// Takes over the coded format of the frames. Returns `width` and `height` as a sample entry stores them, if they change.
    pub(super) fn take_format(&mut self, format: &FrameFormat) -> Option<[u8; 4]> {
        let FrameFormat { width, height, sample_aspect_ratio, is_interlaced } = *format;
        self.is_interlaced = is_interlaced;
        let coded = sample_aspect_ratio.map(|(h, v)| (u32::from(h), u32::from(v))).filter(|(h, v)| *h > 0 && *v > 0);
        self.sample_aspect_ratio = self.sample_aspect_ratio.or(coded);
        let (width, height) = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
        if (width, height) == (self.width, self.height) || width == 0 || height == 0 {
            return None;
        }
        (self.width, self.height) = (width, height);
        let ([a, b], [c, d]) = (width.to_be_bytes(), height.to_be_bytes());
        Some([a, b, c, d])
    }
}
