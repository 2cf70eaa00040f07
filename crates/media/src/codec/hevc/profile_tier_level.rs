//! What parameter sets state of profiles and sub-layers (ITU-T H.265 7.3.3), which slice headers do not depend on.

use crate::codec::rbsp_reader::RbspReader;

/// Greatest number of sub-layers minus 1 (7.4.3.1).
pub(super) const MAX_SUB_LAYERS_MINUS1: u32 = 6;

/// Skips the sizes of the picture buffer for each sub-layer.
pub(super) fn skip_sub_layer_ordering_info(bits: &mut RbspReader<'_>, max_sub_layers_minus1: u32) -> Option<()> {
    let sub_layer_ordering_info_present = bits.flag()?;
    for _ in if sub_layer_ordering_info_present { 0 } else { max_sub_layers_minus1 }..=max_sub_layers_minus1 {
        bits.skip_codes(3)?; // max_dec_pic_buffering_minus1, max_num_reorder_pics, max_latency_increase_plus1
    }
    Some(())
}

/// Skips `profile_tier_level` (7.3.3). The profile of all sub-layers is optional.
pub(super) fn skip_profile_tier_level(
    bits: &mut RbspReader<'_>,
    profile_present: bool,
    max_sub_layers_minus1: u32,
) -> Option<()> {
    const PROFILE_BITS: u32 = 88;
    const LEVEL_BITS: u32 = 8;
    bits.skip(if profile_present { PROFILE_BITS } else { 0 })?;
    bits.skip(LEVEL_BITS)?;
    let mut present = Vec::new();
    for _ in 0..max_sub_layers_minus1 {
        present.push((bits.flag()?, bits.flag()?));
    }
    if max_sub_layers_minus1 > 0 {
        // reserved_zero_2bits, for each sub-layer up to eight that does not exist
        bits.skip(8_u32.checked_sub(max_sub_layers_minus1)?.checked_mul(2)?)?;
    }
    for (profile, level) in present {
        bits.skip(if profile { PROFILE_BITS } else { 0 })?;
        bits.skip(if level { LEVEL_BITS } else { 0 })?;
    }
    Some(())
}
