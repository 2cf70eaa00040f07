//! The frame header (AV1 5.9.2, `uncompressed_header`), parsed to its end.
//!
//! No field states where a header ends, so all of it is parsed. Its parts are in separate modules, in the order of the header:
//! [`frame_size`](super::frame_size), [`tile_info`](super::tile_info), [`quantization`](super::quantization),
//! [`loop_filters`](super::loop_filters), [`reference_order`](super::reference_order),
//! [`global_motion`](super::global_motion), [`film_grain`](super::film_grain).

use super::frame_reader::{FrameReader, FrameType};
use super::obu::Obu;
use super::reference_frames::{REFS_PER_FRAME, ReferenceFrames, SLOTS, SavedFrame, Slot};
use super::sequence_header::SequenceHeader;
use super::tile_info::TileInfo;

/// The result of parsing a frame header.
#[derive(Debug)]
pub(super) enum FrameHeader {
    /// `show_existing_frame`: no tile groups follow.
    ShowExistingFrame,
    /// Tile groups follow.
    Frame(TileInfo),
}

/// `PRIMARY_REF_NONE`.
const PRIMARY_REF_NONE: u32 = 7;

/// Parses the header at the start of the payload of `obu`, and updates `reference_frames`.
///
/// Returns its length in bytes and the result; `None` when it does not parse or refers to an empty slot.
pub(super) fn parse_frame_header(
    payload: &[u8],
    obu: &Obu,
    sequence_header: &SequenceHeader,
    reference_frames: &mut ReferenceFrames,
) -> Option<(usize, FrameHeader)> {
    let mut reader = FrameReader::new(payload, sequence_header, reference_frames);
    let header = reader.uncompressed_header(obu)?;
    Some((reader.bits.bytes_read(), header))
}

impl FrameReader<'_, '_> {
    fn uncompressed_header(&mut self, obu: &Obu) -> Option<FrameHeader> {
        if !self.sequence_header.reduced_still_picture_header {
            let show_existing_frame = self.bits.flag()?;
            if show_existing_frame {
                return self.show_existing_frame();
            }
            self.frame_type()?;
        }
        if self.is_shown_key_frame() {
            self.reference_frames.clear();
        }
        let disable_cdf_update = self.bits.flag()?;
        self.screen_content_tools()?;
        if let Some((width, _)) = self.sequence_header.frame_id_bits {
            self.bits.bits(width)?; // current_frame_id
        }
        self.frame_size_override_flag = match self.frame_type {
            FrameType::Switch => true,
            _ => !self.sequence_header.reduced_still_picture_header && self.bits.flag()?,
        };
        self.order_hint = self.bits.bits(self.sequence_header.order_hint_bits)?;
        let mut primary_ref_frame = PRIMARY_REF_NONE;
        if !self.is_intra() && !self.error_resilient_mode {
            primary_ref_frame = self.bits.bits(3)?;
        }
        self.buffer_removal_times(obu)?;
        let refresh_frame_flags = if self.frame_type == FrameType::Switch || self.is_shown_key_frame() {
            u8::MAX
        } else {
            self.bits.bits_u8(8)?
        };
        if (!self.is_intra() || refresh_frame_flags != u8::MAX)
            && self.error_resilient_mode
            && self.sequence_header.order_hint_bits > 0
        {
            for slot in 0..SLOTS {
                let ref_order_hint = self.bits.bits(self.sequence_header.order_hint_bits)?;
                self.reference_frames.set_order_hint(slot, ref_order_hint);
            }
        }
        if self.is_intra() {
            self.frame_size()?;
            self.render_size()?;
            self.allow_intrabc =
                self.allow_screen_content_tools && self.size.upscaled_width == self.size.width && self.bits.flag()?;
        } else {
            self.inter_frame()?;
        }
        self.primary_slot = match primary_ref_frame {
            PRIMARY_REF_NONE => None,
            reference => Some(*self.ref_frame_idx.get(usize::try_from(reference).ok()?)?),
        };
        if !self.sequence_header.reduced_still_picture_header && !disable_cdf_update {
            self.bits.skip(1)?; // disable_frame_end_update_cdf
        }
        let tile_info = self.tile_info()?;
        self.coding_parameters()?;
        let is_key_frame = self.frame_type == FrameType::Key;
        let Self { size, segment_quantizers, global_motion, order_hint, .. } = *self;
        let saved = SavedFrame { is_key_frame, size, segment_quantizers, global_motion };
        self.reference_frames.refresh(refresh_frame_flags, &Slot { order_hint, frame: Some(saved) });
        Some(FrameHeader::Frame(tile_info))
    }

    /// Parses the fields after the tile layout.
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
        if !self.is_intra() && !self.error_resilient_mode && self.sequence_header.enable_warped_motion {
            self.bits.skip(1)?; // allow_warped_motion
        }
        self.bits.skip(1)?; // reduced_tx_set
        self.global_motion_params()?;
        self.film_grain_params()
    }

    fn show_existing_frame(&mut self) -> Option<FrameHeader> {
        let slot = self.bits.bits(3)?;
        self.temporal_point_info()?;
        if let Some((width, _)) = self.sequence_header.frame_id_bits {
            self.bits.bits(width)?; // display_frame_id
        }
        self.reference_frames.show_existing(usize::try_from(slot).ok()?)?;
        Some(FrameHeader::ShowExistingFrame)
    }

    /// Parses `frame_type` to `error_resilient_mode`.
    fn frame_type(&mut self) -> Option<()> {
        self.frame_type = match self.bits.bits(2)? {
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
        self.error_resilient_mode =
            self.frame_type == FrameType::Switch || self.is_shown_key_frame() || self.bits.flag()?;
        Some(())
    }

    /// Parses `temporal_point_info` (5.9.31), if it is present.
    fn temporal_point_info(&mut self) -> Option<()> {
        match self.sequence_header.presentation_time_bits {
            Some(width) => self.bits.bits(width).map(drop), // frame_presentation_time
            None => Some(()),
        }
    }

    fn screen_content_tools(&mut self) -> Option<()> {
        self.allow_screen_content_tools = match self.sequence_header.force_screen_content_tools {
            Some(forced) => forced,
            None => self.bits.flag()?,
        };
        if self.allow_screen_content_tools {
            self.force_integer_mv = match self.sequence_header.force_integer_mv {
                Some(forced) => forced,
                None => self.bits.flag()?,
            };
        }
        Some(())
    }

    fn buffer_removal_times(&mut self, obu: &Obu) -> Option<()> {
        let Some(width) = self.sequence_header.removal_time_bits else { return Some(()) };
        let buffer_removal_time_present = self.bits.flag()?;
        if !buffer_removal_time_present {
            return Some(());
        }
        let has_layer = |mask: u32, layer: u32| mask.checked_shr(layer).is_some_and(|mask| mask & 1 == 1);
        for point in self.sequence_header.operating_points.iter().filter(|point| point.has_decoder_model) {
            let in_layers = has_layer(point.idc, obu.temporal_id) && has_layer(point.idc >> 8, obu.spatial_id);
            if point.idc == 0 || in_layers {
                self.bits.bits(width)?; // buffer_removal_time
            }
        }
        Some(())
    }

    /// Parses the fields of non-intra frames: `frame_refs_short_signaling` to `use_ref_frame_mvs`.
    fn inter_frame(&mut self) -> Option<()> {
        let frame_refs_short_signaling = self.sequence_header.order_hint_bits > 0 && self.bits.flag()?;
        if frame_refs_short_signaling {
            let (last_frame_idx, gold_frame_idx) = (self.bits.bits(3)?, self.bits.bits(3)?);
            self.ref_frame_idx =
                self.set_frame_refs(usize::try_from(last_frame_idx).ok()?, usize::try_from(gold_frame_idx).ok()?)?;
        }
        for reference in 0..REFS_PER_FRAME {
            if !frame_refs_short_signaling {
                *self.ref_frame_idx.get_mut(reference)? = usize::try_from(self.bits.bits(3)?).ok()?;
            }
            if let Some((_, width)) = self.sequence_header.frame_id_bits {
                self.bits.bits(width)?; // delta_frame_id_minus_1
            }
        }
        if self.frame_size_override_flag && !self.error_resilient_mode {
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
        if !self.error_resilient_mode && self.sequence_header.enable_ref_frame_mvs {
            self.bits.skip(1)?; // use_ref_frame_mvs
        }
        Some(())
    }
}
