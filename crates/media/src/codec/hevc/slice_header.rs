//! The slice segment header (ITU-T H.265 7.3.6.1), parsed for its length.
//!
//! The length depends on the parameter sets and on the header itself. The number of pictures that the slice may refer to
//! decides whether their lists can be modified; the number that it does refer to decides which motion and weight fields exist.
//! A dependent slice segment has only the first and the last fields. The header ends with a one and zeros up to a byte
//! boundary: if it does not, it was misread, and has no length.

use super::nal_unit_type::{BLA_W_LP, HEADER_BYTES, IDR_N_LP, IDR_W_RADL, temporal_id};
use super::parameter_sets::ParameterSets;
use super::pps::{MAX_NUM_REF_IDX_ACTIVE_MINUS1, MAX_PPS, Pps};
use super::reference_picture_set::ShortTermRefPicSet;
use super::sps::Sps;
use super::vps::SecondLayer;
use crate::codec::bit_reader::ceil_log2;
use crate::codec::rbsp_reader::RbspReader;

/// Returns the number of encoded bytes of the NAL unit header and slice segment header of `nal`, a slice segment of type
/// `nal_unit_type` in the base layer, or in the second layer if `layer` is given; `None` when the header does not parse or refers
/// to unknown parameter sets.
pub(super) fn header_bytes(
    nal: &[u8],
    nal_unit_type: u8,
    parameter_sets: &ParameterSets,
    layer: Option<&SecondLayer>,
) -> Option<usize> {
    let mut bits = RbspReader::new(nal, HEADER_BYTES);
    let first_slice_segment_in_pic = bits.flag()?;
    if nal_unit_type >= BLA_W_LP {
        bits.skip(1)?; // no_output_of_prior_pics_flag
    }
    let (pps, sps) = parameter_sets.get(bits.ue(MAX_PPS)?, layer.is_some())?;
    let mut dependent_slice_segment = false;
    if !first_slice_segment_in_pic {
        dependent_slice_segment = pps.dependent_slice_segments_enabled && bits.flag()?;
        bits.skip(ceil_log2(sps.pic_size_in_ctbs))?; // slice_segment_address
    }
    let mut header = HeaderParser { bits, pps, sps };
    if !dependent_slice_segment {
        let layer = match layer {
            Some(second) => Some((second, temporal_id(nal)?)),
            None => None,
        };
        header.slice(matches!(nal_unit_type, IDR_W_RADL | IDR_N_LP), layer)?;
    }
    header.end()?;
    header.bits.encoded_bytes(nal, HEADER_BYTES)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SliceType {
    B,
    P,
    I,
}

/// A header that is being parsed, and the parameter sets that it refers to.
struct HeaderParser<'a> {
    bits: RbspReader<'a>,
    pps: &'a Pps,
    sps: &'a Sps,
}

impl HeaderParser<'_> {
    /// Parses the fields that a dependent slice segment takes from the slice segment before it. `layer` is the second layer and `TemporalId`, for a slice segment of that layer (F.7.3.6.1).
    fn slice(&mut self, is_idr: bool, layer: Option<(&SecondLayer, u32)>) -> Option<()> {
        let (pps, sps) = (self.pps, self.sps);
        self.bits.skip(pps.num_extra_slice_header_bits)?; // slice_reserved_flag
        let slice_type = match self.bits.ue(2)? {
            0 => SliceType::B,
            1 => SliceType::P,
            _ => SliceType::I,
        };
        self.bits.skip(u32::from(pps.output_flag_present))?; // pic_output_flag
        self.bits.skip(if sps.separate_colour_plane { 2 } else { 0 })?; // colour_plane_id
        let (mut used_pics, mut slice_temporal_mvp_enabled) = (0, false);
        if !is_idr || layer.is_some_and(|(second, _)| !second.poc_lsb_not_present) {
            self.bits.skip(sps.pic_order_cnt_lsb_bits)?; // slice_pic_order_cnt_lsb
        }
        if !is_idr {
            used_pics = self.reference_pictures()?;
            slice_temporal_mvp_enabled = sps.sps_temporal_mvp_enabled && self.bits.flag()?;
        }
        if let Some((second, temporal_id)) = layer {
            if sps.has_3d_extension {
                return None;
            }
            let inter_layer_pred_enabled = if second.default_ref_layers_active || !second.depends_on_base {
                second.default_ref_layers_active
            } else {
                self.bits.flag()?
            };
            let is_active = inter_layer_pred_enabled && second.has_ref_layer_pic(temporal_id);
            used_pics = used_pics.checked_add(u32::from(is_active))?; // NumActiveRefLayerPics
        }
        let mut slice_sao = false;
        if sps.sample_adaptive_offset_enabled {
            let luma = self.bits.flag()?;
            slice_sao = (sps.chroma_array_type != 0 && self.bits.flag()?) || luma;
        }
        if slice_type != SliceType::I {
            let num_pic_total_curr = used_pics.checked_add(u32::from(pps.pps_curr_pic_ref_enabled))?;
            self.prediction(slice_type, num_pic_total_curr, slice_temporal_mvp_enabled)?;
        }
        self.bits.skip_codes(1)?; // slice_qp_delta
        // slice_cb_qp_offset, slice_cr_qp_offset
        self.bits.skip_codes(if pps.pps_slice_chroma_qp_offsets_present { 2 } else { 0 })?;
        // slice_act_y_qp_offset, slice_act_cb_qp_offset, slice_act_cr_qp_offset
        self.bits.skip_codes(if pps.pps_slice_act_qp_offsets_present { 3 } else { 0 })?;
        self.bits.skip(u32::from(pps.chroma_qp_offset_list_enabled))?; // cu_chroma_qp_offset_enabled_flag
        let mut deblocking_filter_disabled = pps.pps_deblocking_filter_disabled;
        if pps.deblocking_filter_override_enabled && self.bits.flag()? {
            deblocking_filter_disabled = self.bits.flag()?;
            // slice_beta_offset_div2, slice_tc_offset_div2
            self.bits.skip_codes(if deblocking_filter_disabled { 0 } else { 2 })?;
        }
        if pps.pps_loop_filter_across_slices_enabled && (slice_sao || !deblocking_filter_disabled) {
            self.bits.skip(1)?; // slice_loop_filter_across_slices_enabled_flag
        }
        Some(())
    }

    /// Parses the reference picture sets of the layer. Returns the number of pictures in them that this picture may refer to.
    fn reference_pictures(&mut self) -> Option<u32> {
        let (bits, sps) = (&mut self.bits, self.sps);
        let sets = &sps.short_term_ref_pic_sets;
        let short_term_ref_pic_set_sps = bits.flag()?;
        let mut used_pics = if short_term_ref_pic_set_sps {
            let index = bits.bits(ceil_log2(u32::try_from(sets.len()).ok()?))?;
            sets.get(usize::try_from(index).ok()?)?.used_pics()
        } else {
            ShortTermRefPicSet::parse(bits, sets, true)?.used_pics()
        };
        if sps.long_term_ref_pics_present {
            const MAX_LONG_TERM_PICS: u32 = 32;
            let used_by_curr_pic_lt_sps = &sps.used_by_curr_pic_lt_sps;
            let num_long_term_ref_pics_sps = u32::try_from(used_by_curr_pic_lt_sps.len()).ok()?;
            let num_long_term_sps = if num_long_term_ref_pics_sps == 0 { 0 } else { bits.ue(MAX_LONG_TERM_PICS)? };
            let num_long_term_pics = bits.ue(MAX_LONG_TERM_PICS)?;
            for number in 0..num_long_term_sps.checked_add(num_long_term_pics)? {
                let is_used = if number < num_long_term_sps {
                    let lt_idx_sps = bits.bits(ceil_log2(num_long_term_ref_pics_sps))?;
                    *used_by_curr_pic_lt_sps.get(usize::try_from(lt_idx_sps).ok()?)?
                } else {
                    bits.skip(sps.pic_order_cnt_lsb_bits)?; // poc_lsb_lt
                    bits.flag()? // used_by_curr_pic_lt_flag
                };
                used_pics = used_pics.checked_add(u32::from(is_used))?;
                if bits.flag()? {
                    bits.skip_codes(1)?; // delta_poc_msb_cycle_lt
                }
            }
        }
        Some(used_pics)
    }

    /// Parses the fields of P and B slices. `num_pic_total_curr` (7-55) is the number of pictures that they may refer to.
    fn prediction(
        &mut self,
        slice_type: SliceType,
        num_pic_total_curr: u32,
        slice_temporal_mvp_enabled: bool,
    ) -> Option<()> {
        const MAX_FIVE_MINUS_MAX_NUM_MERGE_CAND: u32 = 4;
        const DECIDED_BY_SLICE: u32 = 2;
        let (bits, pps) = (&mut self.bits, self.pps);
        let is_b = slice_type == SliceType::B;
        let lists = if is_b { 2 } else { 1 };
        let mut num_ref_idx_active = pps.num_ref_idx_default_active;
        if bits.flag()? {
            for active in num_ref_idx_active.iter_mut().take(lists) {
                *active = bits.ue(MAX_NUM_REF_IDX_ACTIVE_MINUS1)?.checked_add(1)?;
            }
        }
        let mut list_entries = [None, None];
        if pps.lists_modification_present && num_pic_total_curr > 1 {
            for (list_entries, active) in list_entries.iter_mut().zip(num_ref_idx_active).take(lists) {
                if bits.flag()? {
                    let entries = (0..active).map(|_| bits.bits(ceil_log2(num_pic_total_curr)));
                    *list_entries = Some(entries.collect::<Option<Vec<_>>>()?);
                }
            }
        }
        bits.skip(u32::from(is_b))?; // mvd_l1_zero_flag
        bits.skip(u32::from(pps.cabac_init_present))?; // cabac_init_flag
        let [active_l0, active_l1] = num_ref_idx_active;
        if slice_temporal_mvp_enabled {
            let collocated_from_l0 = !is_b || bits.flag()?;
            if (if collocated_from_l0 { active_l0 } else { active_l1 }) > 1 {
                bits.skip_codes(1)?; // collocated_ref_idx
            }
        }
        if (pps.weighted_pred && !is_b) || (pps.weighted_bipred && is_b) {
            let active = [active_l0, if is_b { active_l1 } else { 0 }];
            self.pred_weight_table(active, &list_entries, num_pic_total_curr)?;
        }
        self.bits.ue(MAX_FIVE_MINUS_MAX_NUM_MERGE_CAND)?; // five_minus_max_num_merge_cand
        let decides_resolution = self.sps.motion_vector_resolution_control_idc == DECIDED_BY_SLICE;
        self.bits.skip(u32::from(decides_resolution)) // use_integer_mv_flag
    }

    /// Parses `pred_weight_table` (7.3.6.3). Entries of a list that are the current picture have no weight.
    fn pred_weight_table(
        &mut self,
        num_ref_idx_active: [u32; 2],
        list_entries: &[Option<Vec<u32>>; 2],
        num_pic_total_curr: u32,
    ) -> Option<()> {
        let (bits, has_chroma) = (&mut self.bits, self.sps.chroma_array_type != 0);
        bits.skip_codes(if has_chroma { 2 } else { 1 })?; // luma_log2_weight_denom, delta_chroma_log2_weight_denom
        for (list, (active, list_entries)) in num_ref_idx_active.into_iter().zip(list_entries).enumerate() {
            let weighted = (0..active).filter(|entry| {
                // The current picture is the last entry of the initial list, which repeats. Without modification, it is also
                // the last entry of a shortened list 0 (8.3.4).
                let is_current =
                    |entry: u32| entry.checked_rem(num_pic_total_curr) == num_pic_total_curr.checked_sub(1);
                let is_last = list == 0 && num_pic_total_curr > active && entry.checked_add(1) == Some(active);
                !self.pps.pps_curr_pic_ref_enabled
                    || match list_entries {
                        Some(entries) => !usize::try_from(*entry)
                            .is_ok_and(|entry| entries.get(entry).is_some_and(|entry| is_current(*entry))),
                        None => !is_current(*entry) && !is_last,
                    }
            });
            let weighted = weighted.count();
            let mut flags = |is_present: bool| -> Option<Vec<bool>> {
                (0..weighted).map(|_| if is_present { bits.flag() } else { Some(false) }).collect()
            };
            let (luma_weight_flags, chroma_weight_flags) = (flags(true)?, flags(has_chroma)?);
            for (luma, chroma) in luma_weight_flags.into_iter().zip(chroma_weight_flags) {
                bits.skip_codes(if luma { 2 } else { 0 })?; // weight and offset
                bits.skip_codes(if chroma { 4 } else { 0 })?; // the same for two components
            }
        }
        Some(())
    }

    /// Parses the fields at the end of every header: entry points, the extension and `byte_alignment()`.
    fn end(&mut self) -> Option<()> {
        const MAX_EXTENSION_BYTES: u32 = 256;
        let bits = &mut self.bits;
        if self.pps.tiles_enabled || self.pps.entropy_coding_sync_enabled {
            // Each entry point starts a substream of at least one coding tree block.
            let num_entry_point_offsets = bits.ue(self.sps.pic_size_in_ctbs)?;
            if num_entry_point_offsets > 0 {
                let offset_len = bits.ue(31)?.checked_add(1)?;
                bits.skip(num_entry_point_offsets.checked_mul(offset_len)?)?;
            }
        }
        if self.pps.slice_segment_header_extension_present {
            let slice_segment_header_extension_length = bits.ue(MAX_EXTENSION_BYTES)?;
            bits.skip(slice_segment_header_extension_length.checked_mul(8)?)?;
        }
        let alignment_bit_equal_to_one = bits.flag()?;
        let alignment_bits_equal_to_zero = bits.bits(bits.bits_to_byte_boundary())?;
        (alignment_bit_equal_to_one && alignment_bits_equal_to_zero == 0).then_some(())
    }
}
