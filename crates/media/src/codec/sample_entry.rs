//! Sample entries (ISO/IEC 14496-12 8.5.2).

use std::borrow::Cow;

use super::colr::Colour;
use super::frame_format::FrameFormat;
use super::frame_header::{FrameHeader, SampleHeads};
use super::protection_rule::ProtectionRule;
use super::track_info::{AudioInfo, TextInfo, VideoInfo};
use super::visual_sample_entry::SIZE_AT;
use crate::Result;
use crate::isobmff::{BoxWriter, Boxes, FourCc};

/// A sample entry, ready to be written into an init segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleEntry<'a> {
    /// Its type: `avc1`, `mp4a`.
    pub kind: FourCc,
    /// The RFC 6381 `codecs` string.
    pub codecs: String,
    /// The properties of the video, for a visual sample entry.
    pub video: Option<VideoInfo>,
    /// The properties of the audio, for an audio sample entry.
    pub audio: Option<AudioInfo>,
    /// The properties of the subtitles, for a text sample entry.
    pub text: Option<TextInfo>,
    /// The protection rule of its samples.
    pub protection: ProtectionRule,
    /// Everything after the box header, in ISO form. Child boxes are carried through byte for byte.
    body: Cow<'a, [u8]>,
    /// The frame header that completes the entry, if it needs one.
    frame_header: Option<FrameHeader>,
    /// Whether its samples may depend on earlier ones, so that decoding starts at sync samples only.
    has_dependent_samples: bool,
    /// The number of byte ranges of a sample that are expected to be protected.
    expected_ranges: u8,
}

impl<'a> SampleEntry<'a> {
    /// Creates a visual sample entry.
    pub(super) fn visual(
        kind: FourCc,
        codecs: String,
        info: VideoInfo,
        protection: ProtectionRule,
        body: Cow<'a, [u8]>,
    ) -> Self {
        // Frames of these codecs can carry user data, and so closed captions.
        let has_user_data =
            matches!(protection, ProtectionRule::Avc(_) | ProtectionRule::Hevc(_) | ProtectionRule::Av1(_));
        let frame_header = has_user_data.then_some(FrameHeader::Captions);
        Self {
            kind,
            codecs,
            video: Some(info),
            audio: None,
            text: None,
            protection,
            body,
            frame_header,
            has_dependent_samples: true,
            expected_ranges: 1,
        }
    }

    /// Creates an audio sample entry. Its samples are protected whole.
    pub(super) fn audio(kind: FourCc, codecs: String, info: AudioInfo, body: Cow<'a, [u8]>) -> Self {
        let protection = ProtectionRule::FullSample;
        Self {
            kind,
            codecs,
            video: None,
            audio: Some(info),
            text: None,
            protection,
            body,
            frame_header: None,
            has_dependent_samples: false,
            expected_ranges: 1,
        }
    }

    /// Creates a text sample entry. Its samples are never protected.
    pub(super) fn text(kind: FourCc, codecs: String, info: TextInfo, body: Cow<'a, [u8]>) -> Self {
        let protection = ProtectionRule::FullSample;
        Self {
            kind,
            codecs,
            video: None,
            audio: None,
            text: Some(info),
            protection,
            body,
            frame_header: None,
            has_dependent_samples: false,
            expected_ranges: 1,
        }
    }

    /// Marks the entry as one whose samples may depend on earlier ones.
    pub(super) fn with_dependent_samples(self) -> Self {
        Self { has_dependent_samples: true, ..self }
    }

    /// Returns whether its samples may depend on earlier ones.
    pub(crate) fn has_dependent_samples(&self) -> bool {
        self.has_dependent_samples
    }

    /// Returns the number of byte ranges of a sample that are expected to be protected: the slices of the first frames.
    pub(crate) fn expected_ranges(&self) -> u8 {
        self.expected_ranges
    }

    /// Expects at least `ranges` protected ranges in each sample.
    pub(super) fn expect_ranges(&mut self, ranges: u8) {
        self.expected_ranges = self.expected_ranges.max(ranges);
    }

    /// Marks the entry as one that a frame header completes.
    pub(super) fn completed_by(self, frame_header: FrameHeader) -> Self {
        Self { frame_header: Some(frame_header), ..self }
    }

    /// Returns whether it is a visual sample entry of interlaced video.
    #[must_use]
    pub fn is_interlaced(&self) -> bool {
        self.video.as_ref().is_some_and(|video| video.is_interlaced)
    }

    /// Returns the frame header that completes the entry, if it needs one.
    pub(super) fn frame_header(&self) -> Option<FrameHeader> {
        self.frame_header
    }

    /// Returns the first bytes of samples that complete the entry; `None` if it is complete.
    #[must_use]
    pub fn heads(&self) -> Option<SampleHeads> {
        self.frame_header.map(FrameHeader::heads)
    }

    /// Sets the colour description that a sample carries, unless there is another one.
    pub(super) fn or_colour(&mut self, colour: Option<Colour>) {
        if let Some(info) = &mut self.video {
            info.colour = info.colour.or(colour);
        }
    }

    /// Takes over the coded format of the frames: see [`VideoInfo::take_format`].
    pub(super) fn take_format(&mut self, format: Option<FrameFormat>) {
        if let Some((info, format)) = self.video.as_mut().zip(format)
            && let Some(size) = info.take_format(&format)
        {
            self.patch(SIZE_AT, &size);
        }
    }

    /// Replaces the bytes of the body at `position`, if they differ.
    pub(super) fn patch(&mut self, position: usize, bytes: &[u8]) {
        let range = position..position.saturating_add(bytes.len());
        if self.body.get(range.clone()).is_some_and(|old| old != bytes)
            && let Some(old) = self.body.to_mut().get_mut(range)
        {
            old.copy_from_slice(bytes);
        }
    }

    /// Writes the entry as a box of type `kind`: its type, or that of a protected track. `more` writes boxes at its end.
    pub(crate) fn write(&self, w: &mut BoxWriter, kind: &[u8; 4], more: impl FnOnce(&mut BoxWriter)) {
        w.plain(kind, |w| {
            w.raw(&self.body);
            more(w);
        });
    }
}

/// Returns the payload up to the end of its last box: QuickTime ends some lists of boxes with a zero word.
pub(super) fn without_terminator<'a>(payload: &'a [u8], mut children: Boxes<'a>) -> Result<&'a [u8]> {
    children.by_ref().try_for_each(|child| child.map(drop))?;
    let terminator = children.rest().len();
    let end = payload.len().checked_sub(terminator);
    Ok(end.and_then(|end| payload.get(..end)).unwrap_or(payload))
}
