//! The frame header (AV1 5.9.2, `uncompressed_header`), read to its end.
//!
//! Where a header ends is known only by reading all of it, and how a field is read depends on the fields before it, on the
//! sequence header and on the frames referred to. What is kept is what later fields and later frames depend on. The parts
//! stand in modules of their own, in the order of the header: [`size`](super::size), [`tiles`](super::tiles),
//! [`quantizer`](super::quantizer), [`filters`](super::filters), [`motion`](super::motion), [`grain`](super::grain).

use super::obu::Obu;
use super::reference::{FrameSize, Motion, QuantizerDeltas, REFERENCES, References, SEGMENTS, STILL, Saved, Slot};
use super::sequence::SequenceHeader;
use super::tiles::TileInfo;
use crate::codec::bits::Bits;

/// `frame_type` (6.8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameType {
    Key,
    Inter,
    IntraOnly,
    Switch,
}

/// What a header says to do.
#[derive(Debug)]
pub(super) enum Header {
    /// `show_existing_frame`: nothing follows.
    ShowsAgain,
    /// Tile groups follow.
    Frame(TileInfo),
}

/// A header being read.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of the standard, by their names there")]
pub(super) struct FrameReader<'r, 'a> {
    pub(super) bits: Bits<'a>,
    pub(super) sequence: &'r SequenceHeader,
    pub(super) references: &'r mut References,
    pub(super) frame_type: FrameType,
    pub(super) show_frame: bool,
    pub(super) showable_frame: bool,
    pub(super) error_resilient_mode: bool,
    pub(super) allow_screen_content_tools: bool,
    pub(super) force_integer_mv: bool,
    pub(super) frame_size_override: bool,
    pub(super) order_hint: u32,
    /// The slot of `primary_ref_frame`, once known; none for `PRIMARY_REF_NONE`.
    pub(super) primary_slot: Option<usize>,
    pub(super) allow_intrabc: bool,
    pub(super) allow_high_precision_mv: bool,
    /// `ref_frame_idx`.
    pub(super) ref_frame_idx: [usize; REFERENCES],
    pub(super) size: FrameSize,
    pub(super) base_q_idx: u32,
    pub(super) quantizer_deltas: QuantizerDeltas,
    pub(super) coded_lossless: bool,
    pub(super) reference_select: bool,
    pub(super) motion: Motion,
}

/// `PRIMARY_REF_NONE`.
const NO_PRIMARY: u32 = 7;

/// Reads the header at the start of the payload of `obu`, and notes in `references` what its frame leaves behind.
///
/// Returns the bytes it takes, or `None` when it does not parse or refers to a frame that is not there.
pub(super) fn read_header(
    payload: &[u8],
    obu: &Obu,
    sequence: &SequenceHeader,
    references: &mut References,
) -> Option<(usize, Header)> {
    let mut reader = FrameReader::new(payload, sequence, references);
    let header = reader.header(obu)?;
    Some((reader.bits.bytes_read(), header))
}

impl<'r, 'a> FrameReader<'r, 'a> {
    fn new(payload: &'a [u8], sequence: &'r SequenceHeader, references: &'r mut References) -> Self {
        Self {
            bits: Bits::new(payload),
            sequence,
            references,
            frame_type: FrameType::Key,
            show_frame: true,
            showable_frame: false,
            error_resilient_mode: true,
            allow_screen_content_tools: false,
            force_integer_mv: false,
            frame_size_override: false,
            order_hint: 0,
            primary_slot: None,
            allow_intrabc: false,
            allow_high_precision_mv: false,
            ref_frame_idx: [0; REFERENCES],
            size: FrameSize::default(),
            base_q_idx: 0,
            quantizer_deltas: [None; SEGMENTS],
            coded_lossless: false,
            reference_select: false,
            motion: STILL,
        }
    }

    /// `FrameIsIntra`.
    pub(super) fn is_intra(&self) -> bool {
        matches!(self.frame_type, FrameType::Key | FrameType::IntraOnly)
    }

    fn is_shown_key(&self) -> bool {
        self.frame_type == FrameType::Key && self.show_frame
    }

    fn header(&mut self, obu: &Obu) -> Option<Header> {
        if !self.sequence.reduced_still_picture_header {
            if self.bits.flag()? {
                return self.show_existing_frame();
            }
            self.kind()?;
        }
        if self.is_shown_key() {
            self.references.forget();
        }
        let disable_cdf_update = self.bits.flag()?;
        self.screen_content_tools()?;
        if let Some((width, _)) = self.sequence.frame_id_bits {
            self.bits.take(width)?; // current_frame_id
        }
        self.frame_size_override = match self.frame_type {
            FrameType::Switch => true,
            _ => !self.sequence.reduced_still_picture_header && self.bits.flag()?,
        };
        self.order_hint = self.bits.take(self.sequence.order_hint_bits)?;
        let mut primary = NO_PRIMARY;
        if !self.is_intra() && !self.error_resilient_mode {
            primary = self.bits.take(3)?;
        }
        self.buffer_removal_times(obu)?;
        let refresh =
            if self.frame_type == FrameType::Switch || self.is_shown_key() { u8::MAX } else { self.bits.byte(8)? };
        if (!self.is_intra() || refresh != u8::MAX) && self.error_resilient_mode && self.sequence.order_hint_bits > 0 {
            for slot in 0..super::reference::SLOTS {
                let order_hint = self.bits.take(self.sequence.order_hint_bits)?;
                self.references.expect(slot, order_hint);
            }
        }
        if self.is_intra() {
            self.frame_size()?;
            self.render_size()?;
            self.allow_intrabc =
                self.allow_screen_content_tools && self.size.upscaled_width == self.size.width && self.bits.flag()?;
        } else {
            self.inter_references()?;
        }
        self.primary_slot = match usize::try_from(primary).ok()? {
            7 => None,
            position => Some(*self.ref_frame_idx.get(position)?),
        };
        if !self.sequence.reduced_still_picture_header && !disable_cdf_update {
            self.bits.skip(1)?; // disable_frame_end_update_cdf
        }
        let tiles = self.tile_info()?;
        self.coding_parameters()?;
        let is_key = self.frame_type == FrameType::Key;
        let Self { size, quantizer_deltas, motion, order_hint, .. } = *self;
        self.references
            .refresh(refresh, &Slot { order_hint, frame: Some(Saved { is_key, size, quantizer_deltas, motion }) });
        Some(Header::Frame(tiles))
    }

    /// What follows the tile layout.
    fn coding_parameters(&mut self) -> Option<()> {
        self.quantization_params()?;
        self.loop_filter_params()?;
        self.cdef_params()?;
        self.lr_params()?;
        if !self.coded_lossless {
            self.bits.skip(1)?; // tx_mode_select
        }
        self.reference_select = !self.is_intra() && self.bits.flag()?;
        if self.skip_mode_allowed()? {
            self.bits.skip(1)?; // skip_mode_present
        }
        if !self.is_intra() && !self.error_resilient_mode && self.sequence.enable_warped_motion {
            self.bits.skip(1)?; // allow_warped_motion
        }
        self.bits.skip(1)?; // reduced_tx_set
        self.global_motion_params()?;
        self.film_grain_params()
    }

    fn show_existing_frame(&mut self) -> Option<Header> {
        let slot = self.bits.take(3)?;
        self.temporal_point_info()?;
        if let Some((width, _)) = self.sequence.frame_id_bits {
            self.bits.take(width)?; // display_frame_id
        }
        self.references.show(usize::try_from(slot).ok()?)?;
        Some(Header::ShowsAgain)
    }

    /// From `frame_type` to `error_resilient_mode`.
    fn kind(&mut self) -> Option<()> {
        self.frame_type = match self.bits.take(2)? {
            0 => FrameType::Key,
            1 => FrameType::Inter,
            2 => FrameType::IntraOnly,
            _ => FrameType::Switch,
        };
        self.show_frame = self.bits.flag()?;
        if self.show_frame {
            self.temporal_point_info()?;
            self.showable_frame = self.frame_type != FrameType::Key;
        } else {
            self.showable_frame = self.bits.flag()?;
        }
        self.error_resilient_mode = self.frame_type == FrameType::Switch || self.is_shown_key() || self.bits.flag()?;
        Some(())
    }

    /// `temporal_point_info` (5.9.31), where frames have it.
    fn temporal_point_info(&mut self) -> Option<()> {
        self.bits.take(self.sequence.presentation_time_bits.unwrap_or(0)).map(drop)
    }

    fn screen_content_tools(&mut self) -> Option<()> {
        self.allow_screen_content_tools = match self.sequence.force_screen_content_tools {
            Some(forced) => forced,
            None => self.bits.flag()?,
        };
        if self.allow_screen_content_tools {
            self.force_integer_mv = match self.sequence.force_integer_mv {
                Some(forced) => forced,
                None => self.bits.flag()?,
            };
        }
        Some(())
    }

    fn buffer_removal_times(&mut self, obu: &Obu) -> Option<()> {
        let Some(width) = self.sequence.removal_time_bits else { return Some(()) };
        if !self.bits.flag()? {
            return Some(());
        }
        let has = |mask: u32, layer: u32| mask.checked_shr(layer).is_some_and(|mask| mask & 1 == 1);
        for point in self.sequence.operating_points.iter().filter(|point| point.has_decoder_model) {
            let in_layers = has(point.idc, obu.temporal_id) && has(point.idc >> 8, obu.spatial_id);
            if point.idc == 0 || in_layers {
                self.bits.take(width)?; // buffer_removal_time
            }
        }
        Some(())
    }

    /// What a frame that refers to others says from `frame_refs_short_signaling` to `use_ref_frame_mvs`.
    fn inter_references(&mut self) -> Option<()> {
        let short_signaling = self.sequence.order_hint_bits > 0 && self.bits.flag()?;
        if short_signaling {
            let (last, gold) = (self.bits.take(3)?, self.bits.take(3)?);
            self.ref_frame_idx = self.set_frame_refs(usize::try_from(last).ok()?, usize::try_from(gold).ok()?)?;
        }
        for position in 0..REFERENCES {
            if !short_signaling {
                *self.ref_frame_idx.get_mut(position)? = usize::try_from(self.bits.take(3)?).ok()?;
            }
            if let Some((_, width)) = self.sequence.frame_id_bits {
                self.bits.take(width)?; // delta_frame_id_minus_1
            }
        }
        if self.frame_size_override && !self.error_resilient_mode {
            self.frame_size_with_refs()?;
        } else {
            self.frame_size()?;
            self.render_size()?;
        }
        self.allow_high_precision_mv = !self.force_integer_mv && self.bits.flag()?;
        let is_filter_switchable = self.bits.flag()?;
        if !is_filter_switchable {
            self.bits.skip(2)?; // interpolation_filter
        }
        self.bits.skip(1)?; // is_motion_mode_switchable
        if !self.error_resilient_mode && self.sequence.enable_ref_frame_mvs {
            self.bits.skip(1)?; // use_ref_frame_mvs
        }
        Some(())
    }
}
