//! The slice header (ITU-T H.264 7.3.3), parsed for its length.
//!
//! The length depends on the parameter sets and on the header itself: each slice type has different fields, and coded values
//! determine the length of lists. If a value violates the standard, the data is not a slice header and has no length.
//! `h264-reader` can parse slice headers too, and the tests compare this parser with it; but it stores all fields, which takes
//! ten times as long.

use h264_reader::nal::pps::{PicParameterSet, SliceGroup};
use h264_reader::nal::sps::{ChromaFormat, FrameMbsFlags, PicOrderCntType, SeqParameterSet};

use super::nal_unit_type::{HEADER_BYTES, SLICE_IDR, nal_unit_type};
use super::parameter_sets::ParameterSets;
use crate::codec::bit_reader::ceil_log2;
use crate::codec::rbsp_reader::RbspReader;

/// Returns the number of encoded bytes of the NAL unit header and slice header of `nal`, a slice without partitions; `None` when
/// the header does not parse or refers to unknown parameter sets.
pub(super) fn header_bytes(nal: &[u8], parameter_sets: &ParameterSets) -> Option<usize> {
    // Its first bit, forbidden_zero_bit, is zero.
    let unit_header = nal.first().copied().filter(|header| *header < 0x80)?;
    let (is_reference, is_idr) = (unit_header & 0x60 != 0, nal_unit_type(nal) == Some(SLICE_IDR));
    let mut bits = RbspReader::new(nal, HEADER_BYTES);
    bits.skip_codes(1)?; // first_mb_in_slice
    let slice_type = SliceType::of(bits.ue(9)?)?;
    let (pps, sps) = parameter_sets.get(bits.ue(255)?)?;
    let mut header = HeaderParser { bits, slice_type, pps, sps };
    header.frame_and_order(is_idr)?;
    header.prediction()?;
    if is_reference {
        header.dec_ref_pic_marking(is_idr)?;
    }
    header.end()?;
    // Slice data follows, or at least the trailing bits of the payload.
    if header.bits.has_more() { header.bits.encoded_bytes(nal, HEADER_BYTES) } else { None }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SliceType {
    P,
    B,
    I,
    Sp,
    Si,
}

impl SliceType {
    /// Returns the type with this number. A number of five or more means that all slices of the picture have that type.
    fn of(number: u32) -> Option<Self> {
        match number {
            0 | 5 => Some(Self::P),
            1 | 6 => Some(Self::B),
            2 | 7 => Some(Self::I),
            3 | 8 => Some(Self::Sp),
            4 | 9 => Some(Self::Si),
            _ => None,
        }
    }

    fn is_intra(self) -> bool {
        matches!(self, Self::I | Self::Si)
    }
}

/// A header that is being parsed, and the parameter sets that it refers to.
struct HeaderParser<'a> {
    bits: RbspReader<'a>,
    slice_type: SliceType,
    pps: &'a PicParameterSet,
    sps: &'a SeqParameterSet,
}

impl HeaderParser<'_> {
    /// Parses the fields that identify the frame or field and its output order: `colour_plane_id` to `redundant_pic_cnt`.
    fn frame_and_order(&mut self, is_idr: bool) -> Option<()> {
        let (bits, pps, sps) = (&mut self.bits, self.pps, self.sps);
        if sps.chroma_info.separate_colour_plane_flag {
            bits.bits(2).filter(|plane| *plane < 3)?; // colour_plane_id
        }
        bits.skip(u32::from(sps.log2_max_frame_num()))?; // frame_num
        let may_be_field = matches!(sps.frame_mbs_flags, FrameMbsFlags::Fields { .. });
        let is_field = may_be_field && bits.flag()?;
        bits.skip(u32::from(is_field))?; // bottom_field_flag
        bits.skip_codes(u32::from(is_idr))?; // idr_pic_id
        let has_bottom = pps.bottom_field_pic_order_in_frame_present_flag && !is_field;
        match &sps.pic_order_cnt {
            PicOrderCntType::TypeZero { log2_max_pic_order_cnt_lsb_minus4 } => {
                bits.skip(u32::from(*log2_max_pic_order_cnt_lsb_minus4).checked_add(4)?)?; // pic_order_cnt_lsb
                bits.skip_codes(u32::from(has_bottom))?; // delta_pic_order_cnt_bottom
            }
            PicOrderCntType::TypeOne { delta_pic_order_always_zero_flag: false, .. } => {
                bits.skip_codes(if has_bottom { 2 } else { 1 })?; // delta_pic_order_cnt
            }
            PicOrderCntType::TypeOne { .. } | PicOrderCntType::TypeTwo => {}
        }
        bits.skip_codes(u32::from(pps.redundant_pic_cnt_present_flag)) // redundant_pic_cnt
    }

    /// Parses the fields of inter prediction: `direct_spatial_mv_pred_flag` to `pred_weight_table`.
    fn prediction(&mut self) -> Option<()> {
        const MAX_NUM_REF_IDX_ACTIVE_MINUS1: u32 = 31;
        if self.slice_type.is_intra() {
            return Some(());
        }
        let (bits, pps) = (&mut self.bits, self.pps);
        let is_b = self.slice_type == SliceType::B;
        let lists = if is_b { 2 } else { 1 };
        bits.skip(u32::from(is_b))?; // direct_spatial_mv_pred_flag
        let mut num_ref_idx_active_minus1 =
            [pps.num_ref_idx_l0_default_active_minus1, pps.num_ref_idx_l1_default_active_minus1];
        if bits.flag()? {
            for active in num_ref_idx_active_minus1.iter_mut().take(lists) {
                *active = bits.ue(MAX_NUM_REF_IDX_ACTIVE_MINUS1)?;
            }
        }
        for _ in 0..lists {
            self.ref_pic_list_modification()?;
        }
        let is_weighted = if is_b { pps.weighted_bipred_idc == 1 } else { pps.weighted_pred_flag };
        if is_weighted { self.pred_weight_table(num_ref_idx_active_minus1.into_iter().take(lists)) } else { Some(()) }
    }

    /// Parses `ref_pic_list_modification` of one list (7.3.3.1).
    fn ref_pic_list_modification(&mut self) -> Option<()> {
        const END: u32 = 3;
        if self.bits.flag()? {
            while self.bits.ue(END)? != END {
                self.bits.skip_codes(1)?;
            }
        }
        Some(())
    }

    /// Parses `pred_weight_table` (7.3.3.2), for lists with these numbers of references minus one.
    fn pred_weight_table(&mut self, num_ref_idx_active_minus1: impl Iterator<Item = u32>) -> Option<()> {
        let (bits, chroma) = (&mut self.bits, &self.sps.chroma_info);
        let has_chroma = !chroma.separate_colour_plane_flag && chroma.chroma_format != ChromaFormat::Monochrome;
        bits.skip_codes(if has_chroma { 2 } else { 1 })?; // luma_log2_weight_denom, chroma_log2_weight_denom
        for last in num_ref_idx_active_minus1 {
            for _ in 0..=last {
                let has_luma = bits.flag()?;
                bits.skip_codes(if has_luma { 2 } else { 0 })?; // weight and offset
                let has_chroma = has_chroma && bits.flag()?;
                bits.skip_codes(if has_chroma { 4 } else { 0 })?; // the same for two components
            }
        }
        Some(())
    }

    /// Parses `dec_ref_pic_marking` (7.3.3.3).
    fn dec_ref_pic_marking(&mut self, is_idr: bool) -> Option<()> {
        let bits = &mut self.bits;
        if is_idr {
            return bits.skip(2); // no_output_of_prior_pics_flag, long_term_reference_flag
        }
        if bits.flag()? {
            loop {
                match bits.ue(6)? {
                    0 => break,
                    5 => {}
                    3 => bits.skip_codes(2)?,
                    _ => bits.skip_codes(1)?,
                }
            }
        }
        Some(())
    }

    /// Parses the fields at the end of every header: `cabac_init_idc` to `slice_group_change_cycle`.
    fn end(&mut self) -> Option<()> {
        let (bits, pps, slice_type) = (&mut self.bits, self.pps, self.slice_type);
        bits.skip_codes(u32::from(pps.entropy_coding_mode_flag && !slice_type.is_intra()))?; // cabac_init_idc
        // QpBdOffsetY extends the range below zero (7-4).
        let lowest_qp = i64::from(self.sps.chroma_info.bit_depth_luma_minus8).checked_mul(-6)?;
        let qp = |init_minus26: i32, delta: i32| {
            i64::from(init_minus26).checked_add(i64::from(delta)).and_then(|sum| sum.checked_add(26))
        };
        qp(pps.pic_init_qp_minus26, bits.se()?).filter(|qp| (lowest_qp..=51).contains(qp))?;
        if matches!(slice_type, SliceType::Sp | SliceType::Si) {
            bits.skip(u32::from(slice_type == SliceType::Sp))?; // sp_for_switch_flag
            qp(pps.pic_init_qs_minus26, bits.se()?).filter(|qp| (0..=51).contains(qp))?;
        }
        if pps.deblocking_filter_control_present_flag {
            const DISABLED: u32 = 1;
            // disable_deblocking_filter_idc
            if bits.ue(6)? != DISABLED {
                for _ in 0..2 {
                    bits.se().filter(|offset| (-6..=6).contains(offset))?; // slice_alpha_c0_offset_div2, slice_beta_offset_div2
                }
            }
        }
        if let Some(SliceGroup::Changing { slice_group_change_rate_minus1, .. }) = &pps.slice_groups {
            // Ceil(Log2(PicSizeInMapUnits ÷ SliceGroupChangeRate + 1))
            let rate = slice_group_change_rate_minus1.checked_add(1)?;
            let cycles = self.sps.pic_size_in_map_units().checked_add(rate)?.div_ceil(rate);
            bits.skip(ceil_log2(cycles))?; // slice_group_change_cycle
        }
        Some(())
    }
}

#[cfg(test)]
#[path = "slice_header_tests.rs"]
mod tests;
