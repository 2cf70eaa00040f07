//! The extension of the video parameter set (VPS, ITU-T H.265 F.7.3.2.1): how a second layer depends on the first.
//!
//! Only streams of two layers are parsed: MV-HEVC (spatial video) has a view for each eye, and a video with an alpha channel has a
//! layer for it. Fields are parsed up to the last one that slice headers depend on, `poc_lsb_not_present_flag`.

use super::picture_format::PictureFormat;
use super::profile_tier_level::{MAX_SUB_LAYERS_MINUS1, skip_profile_tier_level, skip_sub_layer_ordering_info};
use super::vui::skip_hrd_parameters;
use crate::codec::bit_reader::ceil_log2;
use crate::codec::rbsp_reader::RbspReader;

/// Greatest number of layer sets, output layer sets, profiles and representation formats: far more than two layers can have.
const MAX_SETS: u32 = 64;

/// What the second layer's parameter sets and slice headers take from the VPS.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the standard's flags")]
pub(super) struct SecondLayer {
    /// `nuh_layer_id` of its NAL units.
    pub(super) nuh_layer_id: u8,
    /// Whether its pictures may refer to those of the base layer (`direct_dependency_flag`).
    pub(super) depends_on_base: bool,
    /// `default_ref_layers_active_flag`.
    pub(super) default_ref_layers_active: bool,
    /// `poc_lsb_not_present_flag`.
    pub(super) poc_lsb_not_present: bool,
    /// The greatest `TemporalId` of pictures of the base layer, and of those that it refers to plus 1.
    base_max_temporal_id: u32,
    max_temporal_id_plus1: u32,
    /// `vps_max_sub_layers_minus1`.
    pub(super) max_sub_layers_minus1: u32,
    /// The formats that its SPS refers to, and the index of the one that it has unless the SPS names another one.
    formats: Vec<PictureFormat>,
    format_index: u32,
    /// Whether the layers are two views.
    pub(super) is_stereoscopic: bool,
}

impl SecondLayer {
    /// Parses a VPS, after the NAL unit header; `None` if it does not have exactly two layers, or does not parse.
    pub(super) fn parse(bits: &mut RbspReader<'_>) -> Option<Self> {
        bits.skip(4)?; // vps_video_parameter_set_id
        let base_layer_internal = bits.flag()?;
        bits.skip(1)?; // vps_base_layer_available_flag
        let max_layers_minus1 = bits.bits(6)?;
        if !base_layer_internal || max_layers_minus1 != 1 {
            return None;
        }
        let max_sub_layers_minus1 = bits.bits(3).filter(|count| *count <= MAX_SUB_LAYERS_MINUS1)?;
        bits.skip(17)?; // vps_temporal_id_nesting_flag, vps_reserved_0xffff_16bits
        skip_profile_tier_level(bits, true, max_sub_layers_minus1)?;
        skip_sub_layer_ordering_info(bits, max_sub_layers_minus1)?;
        let layer_sets = layer_sets(bits)?;
        if bits.flag()? {
            skip_timing(bits, max_sub_layers_minus1)?;
        }
        let has_extension = bits.flag()?;
        if !has_extension {
            return None;
        }
        bits.skip(bits.bits_to_byte_boundary())?; // vps_extension_alignment_bit_equal_to_one
        Self::parse_extension(bits, max_sub_layers_minus1, layer_sets)
    }

    /// Parses `vps_extension` (F.7.3.2.1.1).
    fn parse_extension(
        bits: &mut RbspReader<'_>,
        max_sub_layers_minus1: u32,
        mut layer_sets: Vec<LayerSet>,
    ) -> Option<Self> {
        skip_profile_tier_level(bits, false, max_sub_layers_minus1)?;
        let (nuh_layer_id, views) = dimensions(bits)?;
        let view_id_len = bits.bits(4)?;
        bits.skip(view_id_len.checked_mul(views)?)?; // view_id_val
        let depends_on_base = bits.flag()?;
        let num_add_layer_sets = if depends_on_base { 0 } else { bits.ue(MAX_SETS)? };
        let vps_layer_sets = layer_sets.len();
        for _ in 0..num_add_layer_sets {
            layer_sets.push(LayerSet { base: false, second: bits.flag()? }); // highest_layer_idx_plus1
        }
        let mut base_max_temporal_id = max_sub_layers_minus1;
        if bits.flag()? {
            base_max_temporal_id = bits.bits(3)?; // sub_layers_vps_max_minus1
            bits.skip(3)?;
        }
        let max_tid_ref_present = bits.flag()?;
        let max_temporal_id_plus1 = if max_tid_ref_present && depends_on_base { bits.bits(3)? } else { 7 };
        let default_ref_layers_active = bits.flag()?;
        let num_profile_tier_level_minus1 = bits.ue(MAX_SETS)?;
        for _ in 2..=num_profile_tier_level_minus1 {
            let vps_profile_present = bits.flag()?;
            skip_profile_tier_level(bits, vps_profile_present, max_sub_layers_minus1)?;
        }
        skip_output_layer_sets(bits, &layer_sets, vps_layer_sets, num_profile_tier_level_minus1, depends_on_base)?;
        let (formats, format_index) = rep_formats(bits)?;
        bits.skip(2)?; // max_one_active_ref_layer_flag, vps_poc_lsb_aligned_flag
        let poc_lsb_not_present = !depends_on_base && bits.flag()?;
        Some(Self {
            nuh_layer_id,
            depends_on_base,
            default_ref_layers_active,
            poc_lsb_not_present,
            base_max_temporal_id,
            max_temporal_id_plus1,
            max_sub_layers_minus1,
            formats,
            format_index,
            is_stereoscopic: views > 1,
        })
    }

    /// Returns the format of its frames: that with the index `sps_rep_format_idx`, if its SPS has one.
    pub(super) fn format(&self, sps_rep_format_idx: Option<u32>) -> Option<PictureFormat> {
        let index = sps_rep_format_idx.unwrap_or(self.format_index);
        self.formats.get(usize::try_from(index).ok()?).cloned()
    }

    /// Returns `numRefLayerPics` (F-52): whether a picture with this `TemporalId` has a picture of the base layer to refer to.
    pub(super) fn has_ref_layer_pic(&self, temporal_id: u32) -> bool {
        let is_referred_to = temporal_id == 0 || self.max_temporal_id_plus1 > temporal_id;
        self.depends_on_base && self.base_max_temporal_id >= temporal_id && is_referred_to
    }
}

/// The layers of a layer set.
#[derive(Debug, Clone, Copy, Default)]
struct LayerSet {
    base: bool,
    second: bool,
}

impl LayerSet {
    fn count(self) -> u32 {
        u32::from(self.base).saturating_add(u32::from(self.second))
    }
}

/// Parses the layer sets. The first one is the base layer.
fn layer_sets(bits: &mut RbspReader<'_>) -> Option<Vec<LayerSet>> {
    let max_layer_id = bits.bits(6)?;
    let num_layer_sets_minus1 = bits.ue(MAX_SETS)?;
    let mut sets = vec![LayerSet { base: true, second: false }];
    for _ in 0..num_layer_sets_minus1 {
        let mut set = LayerSet::default();
        for id in 0..=max_layer_id {
            let layer_id_included = bits.flag()?;
            if id == 0 {
                set.base = layer_id_included;
            } else {
                set.second |= layer_id_included;
            }
        }
        sets.push(set);
    }
    Some(sets)
}

/// Skips the timing of the VPS: `vps_num_units_in_tick` to `hrd_parameters`.
fn skip_timing(bits: &mut RbspReader<'_>, max_sub_layers_minus1: u32) -> Option<()> {
    bits.skip(64)?; // vps_num_units_in_tick, vps_time_scale
    if bits.flag()? {
        bits.skip_codes(1)?; // vps_num_ticks_poc_diff_one_minus1
    }
    for number in 0..bits.ue(MAX_SETS)? {
        bits.skip_codes(1)?; // hrd_layer_set_idx
        let cprms_present = number == 0 || bits.flag()?;
        if !cprms_present {
            return None; // takes the common parameters from the one before
        }
        skip_hrd_parameters(bits, max_sub_layers_minus1)?;
    }
    Some(())
}

/// Parses the scalability dimensions. Returns `nuh_layer_id` of the second layer, and the number of views.
fn dimensions(bits: &mut RbspReader<'_>) -> Option<(u8, u32)> {
    /// `scalability_mask_flag` of depth maps, and of the view order (table F.1).
    const DEPTH: u32 = 0;
    const VIEW_ORDER: u32 = 1;
    let splitting = bits.flag()?;
    if splitting {
        return None; // dimensions are parts of nuh_layer_id
    }
    let mut types = Vec::new();
    for scalability_type in 0..16_u32 {
        if bits.flag()? {
            types.push(scalability_type);
        }
    }
    if types.contains(&DEPTH) {
        return None; // 3D-HEVC has other slice headers (annex I)
    }
    let mut lengths = Vec::new();
    for _ in &types {
        lengths.push(bits.bits(3)?.checked_add(1)?); // dimension_id_len_minus1
    }
    let nuh_layer_id_present = bits.flag()?;
    let nuh_layer_id = if nuh_layer_id_present { bits.bits(6)? } else { 1 };
    let mut views = 1;
    for (scalability_type, length) in types.into_iter().zip(lengths) {
        let dimension_id = bits.bits(length)?;
        if scalability_type == VIEW_ORDER && dimension_id != 0 {
            views = 2;
        }
    }
    Some((u8::try_from(nuh_layer_id).ok()?, views))
}

/// Skips the output layer sets. `vps_layer_sets` of the `layer_sets` precede the extension.
fn skip_output_layer_sets(
    bits: &mut RbspReader<'_>,
    layer_sets: &[LayerSet],
    vps_layer_sets: usize,
    num_profile_tier_level_minus1: u32,
    depends_on_base: bool,
) -> Option<()> {
    const ONLY_HIGHEST: u32 = 1;
    const STATED: u32 = 2;
    let num_layer_sets = layer_sets.len();
    let (mut num_add_olss, mut default_output_layer_idc) = (0, 0);
    if num_layer_sets > 1 {
        (num_add_olss, default_output_layer_idc) = (bits.ue(MAX_SETS)?, bits.bits(2)?.min(STATED));
    }
    let num_add_olss = usize::try_from(num_add_olss).ok()?;
    for index in 1..num_layer_sets.checked_add(num_add_olss)? {
        let mut set = index;
        if index >= num_layer_sets {
            // layer_set_idx_for_ols_minus1, which is not present if there is one choice only
            let choices = u32::try_from(num_layer_sets.checked_sub(1)?).ok()?;
            set = usize::try_from(bits.bits(ceil_log2(choices))?.checked_add(1)?).ok()?;
        }
        let layers = *layer_sets.get(set)?;
        let mut output = LayerSet {
            base: layers.base && !(default_output_layer_idc == ONLY_HIGHEST && layers.second),
            second: layers.second,
        };
        if index >= vps_layer_sets || default_output_layer_idc == STATED {
            output.base = layers.base && bits.flag()?; // output_layer_flag
            output.second = layers.second && bits.flag()?;
        }
        let is_base_necessary = layers.base && (output.base || output.second && depends_on_base);
        let necessary = LayerSet { base: is_base_necessary, second: output.second };
        if num_profile_tier_level_minus1 > 0 {
            let profile_tier_level_idx_bits = ceil_log2(num_profile_tier_level_minus1.checked_add(1)?);
            bits.skip(profile_tier_level_idx_bits.checked_mul(necessary.count())?)?;
        }
        if output.count() == 1 && output.second && depends_on_base {
            bits.skip(1)?; // alt_output_layer_flag
        }
    }
    Some(())
}

/// Parses the formats of frames, and returns the index of that of the second layer.
fn rep_formats(bits: &mut RbspReader<'_>) -> Option<(Vec<PictureFormat>, u32)> {
    let num_rep_formats_minus1 = bits.ue(MAX_SETS)?;
    let mut formats = Vec::new();
    for _ in 0..=num_rep_formats_minus1 {
        let format = PictureFormat::parse_of_vps(bits, formats.last())?;
        formats.push(format);
    }
    let mut index = num_rep_formats_minus1.min(1);
    if num_rep_formats_minus1 > 0 && bits.flag()? {
        index = bits.bits(ceil_log2(num_rep_formats_minus1.checked_add(1)?))?; // vps_rep_format_idx
    }
    Some((formats, index))
}
