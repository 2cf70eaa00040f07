//! The state of parsing a frame header.
//!
//! How a field is parsed depends on the fields before it, on the sequence header and on the reference frames. [`FrameReader`]
//! holds everything that later fields and later frames depend on; each part of the header adds the methods that parse it.

use super::reference_frames::{
    FrameSize, GlobalMotion, MAX_SEGMENTS, NO_MOTION, REFS_PER_FRAME, ReferenceFrames, SegmentQuantizers,
};
use super::sequence_header::SequenceHeader;
use crate::codec::bit_reader::BitReader;

/// `frame_type` (6.8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameType {
    Key,
    Inter,
    IntraOnly,
    Switch,
}

/// A frame header that is being parsed.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of the standard, by their names there")]
pub(super) struct FrameReader<'r, 'a> {
    pub(super) bits: BitReader<'a>,
    pub(super) sequence_header: &'r SequenceHeader,
    pub(super) reference_frames: &'r mut ReferenceFrames,
    pub(super) frame_type: FrameType,
    pub(super) show_frame: bool,
    pub(super) showable_frame: bool,
    pub(super) error_resilient_mode: bool,
    pub(super) allow_screen_content_tools: bool,
    pub(super) force_integer_mv: bool,
    pub(super) frame_size_override_flag: bool,
    pub(super) order_hint: u32,
    /// The slot of `primary_ref_frame`; `None` before it is parsed, and for `PRIMARY_REF_NONE`.
    pub(super) primary_slot: Option<usize>,
    pub(super) allow_intrabc: bool,
    pub(super) allow_high_precision_mv: bool,
    pub(super) ref_frame_idx: [usize; REFS_PER_FRAME],
    pub(super) size: FrameSize,
    pub(super) base_q_idx: u32,
    pub(super) segment_quantizers: SegmentQuantizers,
    pub(super) coded_lossless: bool,
    pub(super) reference_select: bool,
    pub(super) global_motion: GlobalMotion,
}

impl<'r, 'a> FrameReader<'r, 'a> {
    /// Starts at the first bit of an OBU's payload.
    pub(super) fn new(
        payload: &'a [u8],
        sequence_header: &'r SequenceHeader,
        reference_frames: &'r mut ReferenceFrames,
    ) -> Self {
        Self {
            bits: BitReader::new(payload),
            sequence_header,
            reference_frames,
            frame_type: FrameType::Key,
            show_frame: true,
            showable_frame: false,
            error_resilient_mode: true,
            allow_screen_content_tools: false,
            force_integer_mv: false,
            frame_size_override_flag: false,
            order_hint: 0,
            primary_slot: None,
            allow_intrabc: false,
            allow_high_precision_mv: false,
            ref_frame_idx: [0; REFS_PER_FRAME],
            size: FrameSize::default(),
            base_q_idx: 0,
            segment_quantizers: [None; MAX_SEGMENTS],
            coded_lossless: false,
            reference_select: false,
            global_motion: NO_MOTION,
        }
    }

    /// Returns `FrameIsIntra`.
    pub(super) fn is_intra(&self) -> bool {
        matches!(self.frame_type, FrameType::Key | FrameType::IntraOnly)
    }

    /// Returns whether the frame is a key frame that is shown.
    pub(super) fn is_shown_key_frame(&self) -> bool {
        self.frame_type == FrameType::Key && self.show_frame
    }
}
