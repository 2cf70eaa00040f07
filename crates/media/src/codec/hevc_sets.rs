//! Sequence and picture parameter sets (ITU-T H.265 7.3.2.2, 7.3.2.3): as much of them as slice headers depend on.
//!
//! The extension for screen content changes slice headers, so it is read, and with it what stands before it. The extensions
//! for several layers and for depth never do: no profile has them together with that of screen content (A.3, G.11, H.11, I.11),
//! and a set that claims to have does not parse.

use super::Colour;
use super::hevc_references::ReferenceSet;
use super::hevc_syntax::{profile_tier_level, scaling_lists, video_usability};
use super::rbsp::CountingReader;

/// Sequence parameter sets a stream may have at a time (7.4.3.2.1).
pub(super) const MAX_SEQUENCE_SETS: u32 = 16;

/// Picture parameter sets a stream may have at a time (7.4.3.3.1).
pub(super) const MAX_PICTURE_SETS: u32 = 64;

/// Width and height are at most this: a sample entry has 16 bits for each.
const MAX_SIDE: u32 = 0xffff;

/// What slice headers take from a sequence parameter set.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the standard, each by itself")]
pub(super) struct SequenceSet {
    /// `sps_seq_parameter_set_id`.
    pub(super) id: u32,
    /// `separate_colour_plane_flag`.
    pub(super) has_separate_planes: bool,
    /// Whether `ChromaArrayType` is not 0.
    pub(super) has_chroma: bool,
    /// Bits of `slice_pic_order_cnt_lsb`.
    pub(super) order_count_bits: u32,
    /// `PicSizeInCtbsY`: coding tree blocks in a picture.
    pub(super) picture_blocks: u32,
    /// `sample_adaptive_offset_enabled_flag`.
    pub(super) has_sample_adaptive_offset: bool,
    /// The short-term reference picture sets that a slice may choose from.
    pub(super) short_term: Vec<ReferenceSet>,
    /// `long_term_ref_pics_present_flag`.
    pub(super) has_long_term: bool,
    /// `used_by_curr_pic_lt_sps_flag` of the long-term pictures that a slice may choose from.
    pub(super) long_term: Vec<bool>,
    /// `sps_temporal_mvp_enabled_flag`.
    pub(super) has_temporal_motion: bool,
    /// Whether a slice decides if its motion vectors are whole numbers: `motion_vector_resolution_control_idc` is 2.
    pub(super) slice_decides_resolution: bool,
    /// The colours it describes.
    pub(super) colour: Option<Colour>,
}

impl SequenceSet {
    /// Reads what follows the NAL unit header of a set of the base layer.
    pub(super) fn parse(bits: &mut CountingReader<'_>) -> Option<Self> {
        const MAX_SUB_LAYERS_MINUS_1: u32 = 6;
        bits.pass(4)?; // sps_video_parameter_set_id
        let sub_layers = bits.bits(3).filter(|count| *count <= MAX_SUB_LAYERS_MINUS_1)?;
        bits.pass(1)?; // sps_temporal_id_nesting_flag
        profile_tier_level(bits, sub_layers)?;
        let id = bits.ue(MAX_SEQUENCE_SETS.saturating_sub(1))?;
        let chroma_format = bits.ue(3)?;
        let has_separate_planes = chroma_format == 3 && bits.flag()?;
        let (width, height) = (bits.ue(MAX_SIDE)?, bits.ue(MAX_SIDE)?);
        if bits.flag()? {
            bits.pass_codes(4)?; // conformance window
        }
        let depths = [bits.ue(8)?, bits.ue(8)?].map(|more| more.saturating_add(8));
        let order_count_bits = bits.ue(12)?.saturating_add(4);
        let ordering_is_per_layer = bits.flag()?;
        for _ in if ordering_is_per_layer { 0 } else { sub_layers }..=sub_layers {
            bits.pass_codes(3)?; // buffering, reordering, latency
        }
        let picture_blocks = picture_blocks(bits, width, height)?;
        bits.pass_codes(4)?; // transform block sizes and hierarchy depths
        if bits.flag()? && bits.flag()? {
            scaling_lists(bits)?;
        }
        bits.pass(1)?; // amp_enabled_flag
        let has_sample_adaptive_offset = bits.flag()?;
        if bits.flag()? {
            bits.pass(8)?; // sample depths of PCM
            bits.pass_codes(2)?; // sizes of PCM blocks
            bits.pass(1)?;
        }
        let short_term = short_term(bits)?;
        let has_long_term = bits.flag()?;
        let long_term = if has_long_term { long_term(bits, order_count_bits)? } else { Vec::new() };
        let mut set = Self {
            id,
            has_separate_planes,
            has_chroma: chroma_format != 0 && !has_separate_planes,
            order_count_bits,
            picture_blocks,
            has_sample_adaptive_offset,
            short_term,
            has_long_term,
            long_term,
            has_temporal_motion: bits.flag()?,
            slice_decides_resolution: false,
            colour: None,
        };
        bits.pass(1)?; // strong_intra_smoothing_enabled_flag
        // Encoders have written broken usability information, and what stands behind it is lost with it. That is nothing, but
        // for screen content; and a slice header misread for it ends where no header can, and is refused.
        let behind = Self::behind(bits, sub_layers, chroma_format, depths);
        (set.colour, set.slice_decides_resolution) = behind.unwrap_or_default();
        Some(set)
    }

    /// What follows: the colours, and whether `motion_vector_resolution_control_idc` is 2.
    fn behind(
        bits: &mut CountingReader<'_>,
        sub_layers: u32,
        chroma_format: u32,
        [luma_depth, chroma_depth]: [u32; 2],
    ) -> Option<(Option<Colour>, bool)> {
        const DECIDED_BY_SLICE: u32 = 2;
        let mut colour = None;
        if bits.flag()? {
            video_usability(bits, sub_layers, &mut colour)?;
        }
        let extensions = Extensions::parse(bits)?;
        if !extensions.has_screen_content {
            return Some((colour, false));
        }
        bits.pass(if extensions.has_range { 9 } else { 0 })?;
        bits.pass(1)?; // sps_curr_pic_ref_enabled_flag
        if bits.flag()? {
            bits.pass_codes(2)?; // palette_max_size, delta_palette_max_predictor_size
            if bits.flag()? {
                let entries = bits.ue(0xffff)?.saturating_add(1);
                palette(bits, entries, luma_depth, (chroma_format != 0).then_some(chroma_depth))?;
            }
        }
        Some((colour, bits.bits(2)? == DECIDED_BY_SLICE))
    }
}

/// The sizes of coding blocks, and how many coding tree blocks cover a picture (7-10 to 7-19).
fn picture_blocks(bits: &mut CountingReader<'_>, width: u32, height: u32) -> Option<u32> {
    let log2 = bits.ue(3)?.checked_add(3)?.checked_add(bits.ue(3)?)?;
    let side = 1_u32.checked_shl(log2)?;
    width.div_ceil(side).checked_mul(height.div_ceil(side)).filter(|blocks| *blocks > 0)
}

fn short_term(bits: &mut CountingReader<'_>) -> Option<Vec<ReferenceSet>> {
    let mut sets = Vec::new();
    for _ in 0..bits.ue(64)? {
        sets.push(ReferenceSet::parse(bits, &sets, false)?);
    }
    Some(sets)
}

fn long_term(bits: &mut CountingReader<'_>, order_count_bits: u32) -> Option<Vec<bool>> {
    let mut used = Vec::new();
    for _ in 0..bits.ue(32)? {
        bits.pass(order_count_bits)?;
        used.push(bits.flag()?);
    }
    Some(used)
}

/// Initial entries of the palette predictor: one number each for luma and, where there is chroma, for its two components.
fn palette(bits: &mut CountingReader<'_>, entries: u32, luma_depth: u32, chroma_depth: Option<u32>) -> Option<()> {
    let chroma = chroma_depth.unwrap_or(0).saturating_mul(2);
    bits.pass(entries.checked_mul(luma_depth.saturating_add(chroma))?)
}

/// Which of the extensions that matter here a parameter set has.
#[derive(Default)]
struct Extensions {
    has_range: bool,
    has_screen_content: bool,
}

impl Extensions {
    /// Reads `sps_extension_present_flag` or `pps_extension_present_flag`, and the flags behind it.
    fn parse(bits: &mut CountingReader<'_>) -> Option<Self> {
        if !bits.flag()? {
            return Some(Self::default());
        }
        let (has_range, has_layers, has_depth, has_screen_content) =
            (bits.flag()?, bits.flag()?, bits.flag()?, bits.flag()?);
        bits.pass(4)?;
        (!has_screen_content || !has_layers && !has_depth).then_some(Self { has_range, has_screen_content })
    }
}

/// What slice headers take from a picture parameter set.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the standard, each by itself")]
pub(super) struct PictureSet {
    /// `pps_pic_parameter_set_id`.
    pub(super) id: u32,
    /// `pps_seq_parameter_set_id`.
    pub(super) sequence_set: u32,
    /// `dependent_slice_segments_enabled_flag`.
    pub(super) has_dependent_segments: bool,
    /// `output_flag_present_flag`.
    pub(super) has_output_flag: bool,
    /// `num_extra_slice_header_bits`.
    pub(super) extra_bits: u32,
    /// `cabac_init_present_flag`.
    pub(super) has_cabac_init: bool,
    /// Active references of list 0 and list 1 where a slice does not say.
    pub(super) references: [u32; 2],
    /// `pps_slice_chroma_qp_offsets_present_flag`.
    pub(super) has_chroma_offsets: bool,
    /// `weighted_pred_flag`: for slices of type P.
    pub(super) is_weighted: bool,
    /// `weighted_bipred_flag`: for slices of type B.
    pub(super) is_weighted_both_ways: bool,
    /// Whether slices have entry points: `tiles_enabled_flag` or `entropy_coding_sync_enabled_flag`.
    pub(super) has_entry_points: bool,
    /// `pps_loop_filter_across_slices_enabled_flag`.
    pub(super) filters_across_slices: bool,
    /// `deblocking_filter_override_enabled_flag`.
    pub(super) has_deblocking_override: bool,
    /// `pps_deblocking_filter_disabled_flag`.
    pub(super) has_deblocking_disabled: bool,
    /// `lists_modification_present_flag`.
    pub(super) has_list_modification: bool,
    /// `slice_segment_header_extension_present_flag`.
    pub(super) has_header_extension: bool,
    /// `chroma_qp_offset_list_enabled_flag`, of the range extension.
    pub(super) has_chroma_offset_list: bool,
    /// `pps_curr_pic_ref_enabled_flag`, of the screen content extension: a picture may refer to itself.
    pub(super) refers_to_itself: bool,
    /// `pps_slice_act_qp_offsets_present_flag`, of the screen content extension.
    pub(super) has_colour_transform_offsets: bool,
}

impl PictureSet {
    /// Reads what follows the NAL unit header of a set of the base layer.
    pub(super) fn parse(bits: &mut CountingReader<'_>) -> Option<Self> {
        const MAX_REFERENCES_MINUS_1: u32 = 14;
        let id = bits.ue(MAX_PICTURE_SETS.saturating_sub(1))?;
        let sequence_set = bits.ue(MAX_SEQUENCE_SETS.saturating_sub(1))?;
        let (has_dependent_segments, has_output_flag, extra_bits) = (bits.flag()?, bits.flag()?, bits.bits(3)?);
        bits.pass(1)?; // sign_data_hiding_enabled_flag
        let has_cabac_init = bits.flag()?;
        let references =
            [bits.ue(MAX_REFERENCES_MINUS_1)?, bits.ue(MAX_REFERENCES_MINUS_1)?].map(|count| count.saturating_add(1));
        bits.pass_codes(1)?; // init_qp_minus26
        bits.pass(1)?; // constrained_intra_pred_flag
        let may_skip_transform = bits.flag()?;
        if bits.flag()? {
            bits.pass_codes(1)?; // diff_cu_qp_delta_depth
        }
        bits.pass_codes(2)?; // pps_cb_qp_offset, pps_cr_qp_offset
        let has_chroma_offsets = bits.flag()?;
        let (is_weighted, is_weighted_both_ways) = (bits.flag()?, bits.flag()?);
        bits.pass(1)?; // transquant_bypass_enabled_flag
        let (has_tiles, has_wavefronts) = (bits.flag()?, bits.flag()?);
        if has_tiles {
            tiles(bits)?;
        }
        let filters_across_slices = bits.flag()?;
        let (mut has_deblocking_override, mut has_deblocking_disabled) = (false, false);
        if bits.flag()? {
            (has_deblocking_override, has_deblocking_disabled) = (bits.flag()?, bits.flag()?);
            bits.pass_codes(if has_deblocking_disabled { 0 } else { 2 })?; // beta and tc offsets
        }
        if bits.flag()? {
            scaling_lists(bits)?;
        }
        let has_list_modification = bits.flag()?;
        bits.pass_codes(1)?; // log2_parallel_merge_level_minus2
        let mut set = Self {
            id,
            sequence_set,
            has_dependent_segments,
            has_output_flag,
            extra_bits,
            has_cabac_init,
            references,
            has_chroma_offsets,
            is_weighted,
            is_weighted_both_ways,
            has_entry_points: has_tiles || has_wavefronts,
            filters_across_slices,
            has_deblocking_override,
            has_deblocking_disabled,
            has_list_modification,
            has_header_extension: bits.flag()?,
            has_chroma_offset_list: false,
            refers_to_itself: false,
            has_colour_transform_offsets: false,
        };
        set.extend(bits, may_skip_transform)?;
        Some(set)
    }

    /// Reads the extensions of ranges (7.3.2.3.2) and of screen content (7.3.2.3.3).
    fn extend(&mut self, bits: &mut CountingReader<'_>, may_skip_transform: bool) -> Option<()> {
        const MAX_CHROMA_OFFSETS_MINUS_1: u32 = 5;
        let extensions = Extensions::parse(bits)?;
        if extensions.has_range {
            bits.pass_codes(u32::from(may_skip_transform))?; // log2_max_transform_skip_block_size_minus2
            bits.pass(1)?; // cross_component_prediction_enabled_flag
            self.has_chroma_offset_list = bits.flag()?;
            if self.has_chroma_offset_list {
                bits.pass_codes(1)?; // diff_cu_chroma_qp_offset_depth
                let pairs = bits.ue(MAX_CHROMA_OFFSETS_MINUS_1)?.saturating_add(1);
                bits.pass_codes(pairs.saturating_mul(2))?;
            }
            bits.pass_codes(2)?; // log2_sao_offset_scale of luma and chroma
        }
        if extensions.has_screen_content {
            self.refers_to_itself = bits.flag()?;
            if bits.flag()? {
                self.has_colour_transform_offsets = bits.flag()?;
            }
        }
        Some(())
    }
}

/// The tiles of a picture.
fn tiles(bits: &mut CountingReader<'_>) -> Option<()> {
    let (columns, rows) = (bits.ue(MAX_SIDE)?, bits.ue(MAX_SIDE)?);
    if !bits.flag()? {
        bits.pass_codes(columns.saturating_add(rows))?; // sizes of all but the last
    }
    bits.pass(1) // loop_filter_across_tiles_enabled_flag
}
