//! Video usability information (VUI, ITU-T H.265 annex E) of an SPS.

use crate::codec::colr::Colour;
use crate::codec::frame_format::{EXTENDED_SAR, sample_aspect_ratio};
use crate::codec::rbsp_reader::RbspReader;

/// The VUI parameters that manifests signal.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct VuiParameters {
    pub(super) sample_aspect_ratio: Option<(u16, u16)>,
    pub(super) colour: Option<Colour>,
    /// Whether each frame of the stream is a field.
    pub(super) field_seq: bool,
}

impl VuiParameters {
    /// Parses `vui_parameters` (E.2.1).
    pub(super) fn parse(bits: &mut RbspReader<'_>, max_sub_layers_minus1: u32) -> Option<Self> {
        let mut vui = Self::default();
        if bits.flag()? {
            let aspect_ratio_idc = bits.bits(8)?;
            vui.sample_aspect_ratio = if aspect_ratio_idc == EXTENDED_SAR {
                let mut part = || bits.bits(16).and_then(|part| u16::try_from(part).ok());
                Some((part()?, part()?)) // sar_width, sar_height
            } else {
                sample_aspect_ratio(aspect_ratio_idc)
            };
        }
        if bits.flag()? {
            bits.skip(1)?; // overscan_appropriate_flag
        }
        if bits.flag()? {
            bits.skip(4)?; // video_format, video_full_range_flag
            if bits.flag()? {
                let mut code_point = || bits.bits(8).and_then(|code_point| u8::try_from(code_point).ok());
                vui.colour = Colour::of([code_point()?, code_point()?, code_point()?]);
            }
        }
        if bits.flag()? {
            bits.skip_codes(2)?; // chroma_sample_loc_type of both fields
        }
        bits.skip(1)?; // neutral_chroma_indication_flag
        vui.field_seq = bits.flag()?;
        bits.skip(1)?; // frame_field_info_present_flag
        if bits.flag()? {
            bits.skip_codes(4)?; // default display window
        }
        if bits.flag()? {
            bits.skip(64)?; // vui_num_units_in_tick, vui_time_scale
            if bits.flag()? {
                bits.skip_codes(1)?; // vui_num_ticks_poc_diff_one_minus1
            }
            if bits.flag()? {
                skip_hrd_parameters(bits, max_sub_layers_minus1)?;
            }
        }
        if bits.flag()? {
            bits.skip(3)?; // tiles_fixed_structure_flag to restricted_ref_pic_lists_flag
            bits.skip_codes(5)?; // min_spatial_segmentation_idc to log2_max_mv_length_vertical
        }
        Some(vui)
    }
}

/// Skips `hrd_parameters(1, maxNumSubLayersMinus1)` (E.2.2).
pub(super) fn skip_hrd_parameters(bits: &mut RbspReader<'_>, max_sub_layers_minus1: u32) -> Option<()> {
    const MAX_CPB_CNT_MINUS1: u32 = 31;
    let (nal_present, vcl_present) = (bits.flag()?, bits.flag()?);
    let mut sub_pic_present = false;
    if nal_present || vcl_present {
        sub_pic_present = bits.flag()?;
        if sub_pic_present {
            bits.skip(19)?; // tick_divisor_minus2 to dpb_output_delay_du_length_minus1
        }
        bits.skip(8)?; // bit_rate_scale, cpb_size_scale
        if sub_pic_present {
            bits.skip(4)?; // cpb_size_du_scale
        }
        bits.skip(15)?; // initial_cpb_removal_delay_length_minus1 to dpb_output_delay_length_minus1
    }
    for _ in 0..=max_sub_layers_minus1 {
        let fixed_pic_rate_general = bits.flag()?;
        let fixed_pic_rate_within_cvs = fixed_pic_rate_general || bits.flag()?;
        let mut low_delay = false;
        if fixed_pic_rate_within_cvs {
            bits.skip_codes(1)?; // elemental_duration_in_tc_minus1
        } else {
            low_delay = bits.flag()?;
        }
        let cpb_cnt_minus1 = if low_delay { 0 } else { bits.ue(MAX_CPB_CNT_MINUS1)? };
        // sub_layer_hrd_parameters
        for _ in [nal_present, vcl_present].into_iter().filter(|present| *present) {
            for _ in 0..=cpb_cnt_minus1 {
                bits.skip_codes(if sub_pic_present { 4 } else { 2 })?; // bit rates and CPB sizes
                bits.skip(1)?; // cbr_flag
            }
        }
    }
    Some(())
}
