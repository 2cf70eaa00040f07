//! The sequence parameter set (SPS, ITU-T H.265 7.3.2.2): the fields that slice headers depend on.
//!
//! The screen content extension changes slice headers, so it and everything before it are parsed. The multilayer extension does
//! not change them. The 3D extension does, in layers above the base layer (I.7.3.6.1): such a layer is not supported.

use super::extension_flags::ExtensionFlags;
use super::picture_format::PictureFormat;
use super::profile_tier_level::{MAX_SUB_LAYERS_MINUS1, skip_profile_tier_level, skip_sub_layer_ordering_info};
use super::reference_picture_set::ShortTermRefPicSet;
use super::scaling_list::skip_scaling_list_data;
use super::vps::SecondLayer;
use super::vui::VuiParameters;
use crate::codec::frame_format::FrameFormat;
use crate::codec::rbsp_reader::RbspReader;

/// Maximum number of SPS ids (7.4.3.2.1).
pub(super) const MAX_SPS: u32 = 16;

/// The fields of a sequence parameter set that slice headers depend on.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "the standard's flags, by their names there"
)]
pub(super) struct Sps {
    pub(super) sps_seq_parameter_set_id: u32,
    pub(super) separate_colour_plane: bool,
    /// `ChromaArrayType`: `chroma_format_idc`, or 0 with separate colour planes.
    pub(super) chroma_array_type: u32,
    /// Bits of a `slice_pic_order_cnt_lsb`: `log2_max_pic_order_cnt_lsb_minus4` plus 4.
    pub(super) pic_order_cnt_lsb_bits: u32,
    /// `PicSizeInCtbsY`: coding tree blocks of a picture.
    pub(super) pic_size_in_ctbs: u32,
    pub(super) sample_adaptive_offset_enabled: bool,
    /// The `st_ref_pic_set` structures that a slice may refer to.
    pub(super) short_term_ref_pic_sets: Vec<ShortTermRefPicSet>,
    pub(super) long_term_ref_pics_present: bool,
    /// `used_by_curr_pic_lt_sps_flag` of each long-term picture that a slice may refer to.
    pub(super) used_by_curr_pic_lt_sps: Vec<bool>,
    pub(super) sps_temporal_mvp_enabled: bool,
    /// 0 without the screen content extension.
    pub(super) motion_vector_resolution_control_idc: u32,
    /// `sps_3d_extension_flag`.
    pub(super) has_3d_extension: bool,
    /// Width and height in pixels, within the conformance window.
    size: (u32, u32),
    pub(super) vui: VuiParameters,
}

impl Sps {
    /// Parses an SPS of the base layer, or of the second layer (F.7.3.2.2.1), after the NAL unit header.
    pub(super) fn parse(bits: &mut RbspReader<'_>, second_layer: Option<&SecondLayer>) -> Option<Self> {
        /// `sps_ext_or_max_sub_layers_minus1` of an SPS that takes its format from the VPS (`MultiLayerExtSpsFlag`).
        const EXTENSION: u32 = 7;
        bits.skip(4)?; // sps_video_parameter_set_id
        let sps_ext_or_max_sub_layers_minus1 = bits.bits(3)?;
        let extension = second_layer.filter(|_| sps_ext_or_max_sub_layers_minus1 == EXTENSION);
        let max_sub_layers_minus1 = extension.map_or(sps_ext_or_max_sub_layers_minus1, |vps| vps.max_sub_layers_minus1);
        if max_sub_layers_minus1 > MAX_SUB_LAYERS_MINUS1 {
            return None;
        }
        if extension.is_none() {
            bits.skip(1)?; // sps_temporal_id_nesting_flag
            skip_profile_tier_level(bits, true, max_sub_layers_minus1)?;
        }
        let sps_seq_parameter_set_id = bits.ue(const { MAX_SPS - 1 })?;
        let PictureFormat { coded_size, size, chroma_format_idc, separate_colour_plane, bit_depths } = match extension {
            Some(vps) => {
                let sps_rep_format_idx = if bits.flag()? { Some(bits.bits(8)?) } else { None };
                vps.format(sps_rep_format_idx)?
            }
            None => PictureFormat::parse(bits)?,
        };
        let pic_order_cnt_lsb_bits = bits.ue(12)?.checked_add(4)?;
        if extension.is_none() {
            skip_sub_layer_ordering_info(bits, max_sub_layers_minus1)?;
        }
        let pic_size_in_ctbs = pic_size_in_ctbs(bits, coded_size)?;
        bits.skip_codes(4)?; // transform block sizes and hierarchy depths
        skip_scaling_lists(bits, extension.is_some())?;
        bits.skip(1)?; // amp_enabled_flag
        let sample_adaptive_offset_enabled = bits.flag()?;
        if bits.flag()? {
            bits.skip(8)?; // pcm_sample_bit_depth_luma_minus1, pcm_sample_bit_depth_chroma_minus1
            bits.skip_codes(2)?; // sizes of PCM coding blocks
            bits.skip(1)?; // pcm_loop_filter_disabled_flag
        }
        let short_term_ref_pic_sets = short_term_ref_pic_sets(bits)?;
        let long_term_ref_pics_present = bits.flag()?;
        let mut used_by_curr_pic_lt_sps = Vec::new();
        if long_term_ref_pics_present {
            used_by_curr_pic_lt_sps = long_term_ref_pics(bits, pic_order_cnt_lsb_bits)?;
        }
        let mut sps = Self {
            sps_seq_parameter_set_id,
            separate_colour_plane,
            chroma_array_type: if separate_colour_plane { 0 } else { chroma_format_idc },
            pic_order_cnt_lsb_bits,
            pic_size_in_ctbs,
            sample_adaptive_offset_enabled,
            short_term_ref_pic_sets,
            long_term_ref_pics_present,
            used_by_curr_pic_lt_sps,
            sps_temporal_mvp_enabled: bits.flag()?,
            motion_vector_resolution_control_idc: 0,
            has_3d_extension: false,
            size,
            vui: VuiParameters::default(),
        };
        bits.skip(1)?; // strong_intra_smoothing_enabled_flag
        // Some encoders write broken VUI parameters, which makes the fields after them unreadable. Only screen content needs
        // those fields; if a slice header is misread without them, it does not end as a header must, and is refused.
        let tail = vui_and_extensions(bits, max_sub_layers_minus1, chroma_format_idc, bit_depths);
        (sps.vui, sps.motion_vector_resolution_control_idc, sps.has_3d_extension) = tail.unwrap_or_default();
        Some(sps)
    }

    /// Returns the format of the frames. `is_interlaced` states that the source is.
    pub(super) fn format(&self, is_interlaced: bool) -> FrameFormat {
        let ((width, height), VuiParameters { sample_aspect_ratio, field_seq, .. }) = (self.size, self.vui);
        FrameFormat { width, height, sample_aspect_ratio, is_interlaced: is_interlaced || field_seq }
    }
}

/// Skips the scaling lists, which an SPS that takes its format from the VPS may also take from another layer.
fn skip_scaling_lists(bits: &mut RbspReader<'_>, is_extension: bool) -> Option<()> {
    if !bits.flag()? {
        return Some(());
    }
    let sps_infer_scaling_list = is_extension && bits.flag()?;
    if sps_infer_scaling_list {
        return bits.skip(6); // sps_scaling_list_ref_layer_id
    }
    if bits.flag()? { skip_scaling_list_data(bits) } else { Some(()) }
}

/// Parses the sizes of coding blocks, and returns `PicSizeInCtbsY` (7-10 to 7-19).
fn pic_size_in_ctbs(bits: &mut RbspReader<'_>, (width, height): (u32, u32)) -> Option<u32> {
    // log2_min_luma_coding_block_size_minus3, log2_diff_max_min_luma_coding_block_size
    let ctb_log2_size = bits.ue(3)?.checked_add(3)?.checked_add(bits.ue(3)?)?;
    let ctb_size = 1_u32.checked_shl(ctb_log2_size)?;
    width.div_ceil(ctb_size).checked_mul(height.div_ceil(ctb_size)).filter(|ctbs| *ctbs > 0)
}

fn short_term_ref_pic_sets(bits: &mut RbspReader<'_>) -> Option<Vec<ShortTermRefPicSet>> {
    let mut sets = Vec::new();
    for _ in 0..bits.ue(64)? {
        sets.push(ShortTermRefPicSet::parse(bits, &sets, false)?);
    }
    Some(sets)
}

fn long_term_ref_pics(bits: &mut RbspReader<'_>, pic_order_cnt_lsb_bits: u32) -> Option<Vec<bool>> {
    let mut used_by_curr_pic_lt_sps = Vec::new();
    for _ in 0..bits.ue(32)? {
        bits.skip(pic_order_cnt_lsb_bits)?; // lt_ref_pic_poc_lsb_sps
        used_by_curr_pic_lt_sps.push(bits.flag()?);
    }
    Some(used_by_curr_pic_lt_sps)
}

/// Parses the rest of the SPS. Returns the VUI parameters, `motion_vector_resolution_control_idc` and `sps_3d_extension_flag`.
fn vui_and_extensions(
    bits: &mut RbspReader<'_>,
    max_sub_layers_minus1: u32,
    chroma_format_idc: u32,
    [luma_bit_depth, chroma_bit_depth]: [u32; 2],
) -> Option<(VuiParameters, u32, bool)> {
    let mut vui = VuiParameters::default();
    if bits.flag()? {
        vui = VuiParameters::parse(bits, max_sub_layers_minus1)?;
    }
    let extensions = ExtensionFlags::parse(bits)?;
    if !extensions.scc {
        return Some((vui, 0, extensions.three_d));
    }
    bits.skip(if extensions.range { 9 } else { 0 })?;
    bits.skip(1)?; // sps_curr_pic_ref_enabled_flag
    if bits.flag()? {
        bits.skip_codes(2)?; // palette_max_size, delta_palette_max_predictor_size
        if bits.flag()? {
            // sps_num_palette_predictor_initializers_minus1; an initializer for each colour component
            let initializers = bits.ue(0xffff)?.checked_add(1)?;
            let chroma_bits = if chroma_format_idc == 0 { 0 } else { chroma_bit_depth.checked_mul(2)? };
            bits.skip(initializers.checked_mul(luma_bit_depth.checked_add(chroma_bits)?)?)?;
        }
    }
    Some((vui, bits.bits(2)?, extensions.three_d))
}
