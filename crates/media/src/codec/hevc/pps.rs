//! The picture parameter set (PPS, ITU-T H.265 7.3.2.3): the fields that slice headers depend on.

use super::extension_flags::ExtensionFlags;
use super::picture_format::MAX_PIC_SIZE;
use super::scaling_list::skip_scaling_list_data;
use super::sps::MAX_SPS;
use crate::codec::rbsp_reader::RbspReader;

/// Maximum number of picture parameter sets in effect at a time (7.4.3.3.1).
pub(super) const MAX_PPS: u32 = 64;

/// The greatest `num_ref_idx_l0_active_minus1` of a slice, and of the default in a PPS (7.4.7.1).
pub(super) const MAX_NUM_REF_IDX_ACTIVE_MINUS1: u32 = 14;

/// The fields of a picture parameter set that slice headers depend on.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "the standard's flags, by their names there"
)]
pub(super) struct Pps {
    pub(super) pps_pic_parameter_set_id: u32,
    pub(super) pps_seq_parameter_set_id: u32,
    pub(super) dependent_slice_segments_enabled: bool,
    pub(super) output_flag_present: bool,
    pub(super) num_extra_slice_header_bits: u32,
    pub(super) cabac_init_present: bool,
    /// `num_ref_idx_l0_default_active_minus1` and `num_ref_idx_l1_default_active_minus1`, each plus 1.
    pub(super) num_ref_idx_default_active: [u32; 2],
    pub(super) pps_slice_chroma_qp_offsets_present: bool,
    pub(super) weighted_pred: bool,
    pub(super) weighted_bipred: bool,
    pub(super) tiles_enabled: bool,
    pub(super) entropy_coding_sync_enabled: bool,
    pub(super) pps_loop_filter_across_slices_enabled: bool,
    pub(super) deblocking_filter_override_enabled: bool,
    pub(super) pps_deblocking_filter_disabled: bool,
    pub(super) lists_modification_present: bool,
    pub(super) slice_segment_header_extension_present: bool,
    /// A field of the range extension.
    pub(super) chroma_qp_offset_list_enabled: bool,
    /// A field of the screen content extension: whether a picture may refer to itself.
    pub(super) pps_curr_pic_ref_enabled: bool,
    /// A field of the screen content extension.
    pub(super) pps_slice_act_qp_offsets_present: bool,
}

impl Pps {
    /// Parses a PPS of the base layer, after the NAL unit header.
    pub(super) fn parse(bits: &mut RbspReader<'_>) -> Option<Self> {
        let pps_pic_parameter_set_id = bits.ue(const { MAX_PPS - 1 })?;
        let pps_seq_parameter_set_id = bits.ue(const { MAX_SPS - 1 })?;
        let (dependent_slice_segments_enabled, output_flag_present) = (bits.flag()?, bits.flag()?);
        let num_extra_slice_header_bits = bits.bits(3)?;
        bits.skip(1)?; // sign_data_hiding_enabled_flag
        let cabac_init_present = bits.flag()?;
        let mut num_ref_idx_default_active = [0; 2];
        for active in &mut num_ref_idx_default_active {
            *active = bits.ue(MAX_NUM_REF_IDX_ACTIVE_MINUS1)?.checked_add(1)?;
        }
        bits.skip_codes(1)?; // init_qp_minus26
        bits.skip(1)?; // constrained_intra_pred_flag
        let transform_skip_enabled = bits.flag()?;
        if bits.flag()? {
            bits.skip_codes(1)?; // diff_cu_qp_delta_depth
        }
        bits.skip_codes(2)?; // pps_cb_qp_offset, pps_cr_qp_offset
        let pps_slice_chroma_qp_offsets_present = bits.flag()?;
        let (weighted_pred, weighted_bipred) = (bits.flag()?, bits.flag()?);
        bits.skip(1)?; // transquant_bypass_enabled_flag
        let (tiles_enabled, entropy_coding_sync_enabled) = (bits.flag()?, bits.flag()?);
        if tiles_enabled {
            skip_tiles(bits)?;
        }
        let pps_loop_filter_across_slices_enabled = bits.flag()?;
        let (mut deblocking_filter_override_enabled, mut pps_deblocking_filter_disabled) = (false, false);
        if bits.flag()? {
            (deblocking_filter_override_enabled, pps_deblocking_filter_disabled) = (bits.flag()?, bits.flag()?);
            // pps_beta_offset_div2, pps_tc_offset_div2
            bits.skip_codes(if pps_deblocking_filter_disabled { 0 } else { 2 })?;
        }
        if bits.flag()? {
            skip_scaling_list_data(bits)?;
        }
        let lists_modification_present = bits.flag()?;
        bits.skip_codes(1)?; // log2_parallel_merge_level_minus2
        let mut pps = Self {
            pps_pic_parameter_set_id,
            pps_seq_parameter_set_id,
            dependent_slice_segments_enabled,
            output_flag_present,
            num_extra_slice_header_bits,
            cabac_init_present,
            num_ref_idx_default_active,
            pps_slice_chroma_qp_offsets_present,
            weighted_pred,
            weighted_bipred,
            tiles_enabled,
            entropy_coding_sync_enabled,
            pps_loop_filter_across_slices_enabled,
            deblocking_filter_override_enabled,
            pps_deblocking_filter_disabled,
            lists_modification_present,
            slice_segment_header_extension_present: bits.flag()?,
            chroma_qp_offset_list_enabled: false,
            pps_curr_pic_ref_enabled: false,
            pps_slice_act_qp_offsets_present: false,
        };
        pps.extensions(bits, transform_skip_enabled)?;
        Some(pps)
    }

    /// Parses `pps_range_extension` (7.3.2.3.2) and `pps_scc_extension` (7.3.2.3.3).
    fn extensions(&mut self, bits: &mut RbspReader<'_>, transform_skip_enabled: bool) -> Option<()> {
        const MAX_CHROMA_QP_OFFSET_LIST_LEN_MINUS1: u32 = 5;
        let extensions = ExtensionFlags::parse(bits)?;
        if extensions.range {
            bits.skip_codes(u32::from(transform_skip_enabled))?; // log2_max_transform_skip_block_size_minus2
            bits.skip(1)?; // cross_component_prediction_enabled_flag
            self.chroma_qp_offset_list_enabled = bits.flag()?;
            if self.chroma_qp_offset_list_enabled {
                bits.skip_codes(1)?; // diff_cu_chroma_qp_offset_depth
                let pairs = bits.ue(MAX_CHROMA_QP_OFFSET_LIST_LEN_MINUS1)?.checked_add(1)?;
                bits.skip_codes(pairs.checked_mul(2)?)?; // cb_qp_offset_list, cr_qp_offset_list
            }
            bits.skip_codes(2)?; // log2_sao_offset_scale_luma, log2_sao_offset_scale_chroma
        }
        if extensions.scc {
            self.pps_curr_pic_ref_enabled = bits.flag()?;
            if bits.flag()? {
                self.pps_slice_act_qp_offsets_present = bits.flag()?;
            }
        }
        Some(())
    }
}

/// Skips the tile columns and rows of a picture.
fn skip_tiles(bits: &mut RbspReader<'_>) -> Option<()> {
    let (num_tile_columns_minus1, num_tile_rows_minus1) = (bits.ue(MAX_PIC_SIZE)?, bits.ue(MAX_PIC_SIZE)?);
    let uniform_spacing = bits.flag()?;
    if !uniform_spacing {
        // column_width_minus1, row_height_minus1
        bits.skip_codes(num_tile_columns_minus1.checked_add(num_tile_rows_minus1)?)?;
    }
    bits.skip(1) // loop_filter_across_tiles_enabled_flag
}
