//! The format of coded frames: what a sequence parameter set or sequence header states about every frame.
//!
//! The fields of a sample entry are copies, and writers get them wrong: a recorder that writes the entry before the first frame
//! leaves zeros, an encoder of anamorphic video writes no `pasp` box. Decoders ignore the copies, so the coded values hold.

/// Properties of the frames of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameFormat {
    /// Width in pixels, after cropping.
    pub(super) width: u32,
    /// Height in pixels, after cropping.
    pub(super) height: u32,
    /// The sample aspect ratio, if specified.
    pub(super) sample_aspect_ratio: Option<(u16, u16)>,
    /// Whether frames may consist of two fields, or are single fields.
    pub(super) is_interlaced: bool,
}

impl FrameFormat {
    /// Creates the format of progressive frames with square samples.
    pub(super) fn of_size((width, height): (u32, u32)) -> Self {
        Self { width, height, sample_aspect_ratio: None, is_interlaced: false }
    }
}

/// `aspect_ratio_idc` 255: the ratio follows.
pub(super) const EXTENDED_SAR: u32 = 255;

/// Returns the sample aspect ratio with this `aspect_ratio_idc`; `None` if it is unspecified or reserved (ITU-T H.264 and H.265,
/// table E-1).
pub(super) fn sample_aspect_ratio(aspect_ratio_idc: u32) -> Option<(u16, u16)> {
    const RATIOS: [(u16, u16); 16] = [
        (1, 1),
        (12, 11),
        (10, 11),
        (16, 11),
        (40, 33),
        (24, 11),
        (20, 11),
        (32, 11),
        (80, 33),
        (18, 11),
        (15, 11),
        (64, 33),
        (160, 99),
        (4, 3),
        (3, 2),
        (2, 1),
    ];
    RATIOS.get(usize::try_from(aspect_ratio_idc.checked_sub(1)?).ok()?).copied()
}
