//! Structures of parameter sets that say nothing of slice headers: read only to find what stands behind them.

use super::Colour;
use super::rbsp::CountingReader;

/// `profile_tier_level(1, sub_layers)` (ITU-T H.265 7.3.3), `sub_layers` being the number of sub-layers less one.
pub(super) fn profile_tier_level(bits: &mut CountingReader<'_>, sub_layers: u32) -> Option<()> {
    const PROFILE: u32 = 88;
    const LEVEL: u32 = 8;
    bits.pass(PROFILE)?;
    bits.pass(LEVEL)?;
    let mut present = Vec::new();
    for _ in 0..sub_layers {
        present.push((bits.flag()?, bits.flag()?));
    }
    if sub_layers > 0 {
        // Flags of sub-layers that are not there, as zeros.
        bits.pass(8_u32.checked_sub(sub_layers)?.checked_mul(2)?)?;
    }
    for (profile, level) in present {
        bits.pass(if profile { PROFILE } else { 0 })?;
        bits.pass(if level { LEVEL } else { 0 })?;
    }
    Some(())
}

/// `scaling_list_data` (7.3.4).
pub(super) fn scaling_lists(bits: &mut CountingReader<'_>) -> Option<()> {
    for (size, coefficients, matrices) in [(0, 16, 6), (1, 64, 6), (2, 64, 6), (3, 64, 2)] {
        for _ in 0..matrices {
            let is_written_out = bits.flag()?;
            // A reference to another matrix; or the coefficients, in the larger sizes with a first one apart.
            let codes = if is_written_out { u32::from(size > 1).saturating_add(coefficients) } else { 1 };
            bits.pass_codes(codes)?;
        }
    }
    Some(())
}

/// `vui_parameters` (E.2.1), `sub_layers` being the number of sub-layers less one. Notes the colours it describes.
pub(super) fn video_usability(
    bits: &mut CountingReader<'_>,
    sub_layers: u32,
    colour: &mut Option<Colour>,
) -> Option<()> {
    const EXTENDED_ASPECT_RATIO: u32 = 255;
    if bits.flag()? && bits.bits(8)? == EXTENDED_ASPECT_RATIO {
        bits.pass(32)?;
    }
    if bits.flag()? {
        bits.pass(1)?; // overscan_appropriate_flag
    }
    if bits.flag()? {
        bits.pass(4)?; // video_format, video_full_range_flag
        if bits.flag()? {
            let mut point = || bits.bits(8).and_then(|point| u8::try_from(point).ok());
            *colour = Colour::of([point()?, point()?, point()?]);
        }
    }
    if bits.flag()? {
        bits.pass_codes(2)?; // chroma_sample_loc_type of both fields
    }
    bits.pass(3)?; // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
    if bits.flag()? {
        bits.pass_codes(4)?; // default display window
    }
    if bits.flag()? {
        bits.pass(64)?; // vui_num_units_in_tick, vui_time_scale
        if bits.flag()? {
            bits.pass_codes(1)?; // vui_num_ticks_poc_diff_one_minus1
        }
        if bits.flag()? {
            reference_decoder(bits, sub_layers)?;
        }
    }
    if bits.flag()? {
        bits.pass(3)?; // tiles_fixed_structure_flag and two more
        bits.pass_codes(5)?; // min_spatial_segmentation_idc to log2_max_mv_length_vertical
    }
    Some(())
}

/// `hrd_parameters(1, sub_layers)` (E.2.2).
fn reference_decoder(bits: &mut CountingReader<'_>, sub_layers: u32) -> Option<()> {
    const MAX_BUFFERS_MINUS_1: u32 = 31;
    let (of_units, of_slices) = (bits.flag()?, bits.flag()?);
    let mut of_sub_pictures = false;
    if of_units || of_slices {
        of_sub_pictures = bits.flag()?;
        if of_sub_pictures {
            bits.pass(19)?; // tick_divisor_minus2 to dpb_output_delay_du_length_minus1
        }
        bits.pass(8)?; // bit_rate_scale, cpb_size_scale
        if of_sub_pictures {
            bits.pass(4)?; // cpb_size_du_scale
        }
        bits.pass(15)?; // lengths of delays
    }
    for _ in 0..=sub_layers {
        let is_fixed = bits.flag()?;
        let is_fixed_within_sequence = is_fixed || bits.flag()?;
        let mut is_low_delay = false;
        if is_fixed_within_sequence {
            bits.pass_codes(1)?; // elemental_duration_in_tc_minus1
        } else {
            is_low_delay = bits.flag()?;
        }
        let buffers_minus_1 = if is_low_delay { 0 } else { bits.ue(MAX_BUFFERS_MINUS_1)? };
        for _ in 0..u32::from(of_units).saturating_add(u32::from(of_slices)) {
            for _ in 0..=buffers_minus_1 {
                bits.pass_codes(if of_sub_pictures { 4 } else { 2 })?; // rates and sizes
                bits.pass(1)?; // cbr_flag
            }
        }
    }
    Some(())
}
