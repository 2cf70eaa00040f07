//! The slice header (ITU-T H.264 7.3.3), read for its length.
//!
//! What makes a header long or short lies in the parameter sets and in the header itself: types of slices have fields of their
//! own, lists say by codes how long they are. Values that the standard does not allow are no header: it was misread, and
//! nothing is said of where it ends. `h264-reader` reads the parameter sets, and is what the tests hold this reader to; its
//! own reader of slice headers keeps all that they hold, of which nothing is wanted here, for ten times the work.

use h264_reader::Context;
use h264_reader::nal::pps::{PicParamSetId, PicParameterSet, SliceGroup};
use h264_reader::nal::sps::{ChromaFormat, FrameMbsFlags, PicOrderCntType, SeqParameterSet};

use super::avc::{HEADER, SLICE_IDR};
use super::rbsp::CountingReader;

/// Encoded bytes of the NAL unit header and slice header of `nal`, which is a slice without partitions; `None` when it does
/// not parse, or names parameter sets that are not known.
pub(super) fn header_bytes(nal: &[u8], context: &Context) -> Option<usize> {
    // Its first bit, forbidden_zero_bit, is zero.
    let unit = nal.first().copied().filter(|unit| *unit < 0x80)?;
    let (is_reference, is_idr) = (unit & 0x60 != 0, unit & 0x1f == SLICE_IDR);
    let mut bits = CountingReader::new(nal, HEADER);
    bits.pass_codes(1)?; // first_mb_in_slice
    let slice_type = SliceType::of(bits.ue(9)?)?;
    let picture = context.pps_by_id(PicParamSetId::from_u32(bits.ue(255)?).ok()?)?;
    let sequence = context.sps_by_id(picture.seq_parameter_set_id)?;
    let mut header = Header { bits, slice_type, picture, sequence };
    header.place(is_idr)?;
    header.prediction()?;
    if is_reference {
        header.marking(is_idr)?;
    }
    header.end()?;
    // Slice data follows, or at least the bits that a payload ends with.
    header.bits.has_more().then(|| header.bits.encoded_bytes(nal, HEADER))
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
    /// The type of this number; from five on, all slices of the picture have it.
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

/// A header half read, and the parameter sets it names.
struct Header<'a> {
    bits: CountingReader<'a>,
    slice_type: SliceType,
    picture: &'a PicParameterSet,
    sequence: &'a SeqParameterSet,
}

impl Header<'_> {
    /// The fields that say which picture or field it is a slice of.
    fn place(&mut self, is_idr: bool) -> Option<()> {
        let (bits, picture, sequence) = (&mut self.bits, self.picture, self.sequence);
        if sequence.chroma_info.separate_colour_plane_flag {
            bits.bits(2).filter(|plane| *plane < 3)?; // colour_plane_id
        }
        bits.pass(u32::from(sequence.log2_max_frame_num()))?; // frame_num
        let may_be_field = matches!(sequence.frame_mbs_flags, FrameMbsFlags::Fields { .. });
        let is_field = may_be_field && bits.flag()?;
        bits.pass(u32::from(is_field))?; // bottom_field_flag
        bits.pass_codes(u32::from(is_idr))?; // idr_pic_id
        let has_bottom = picture.bottom_field_pic_order_in_frame_present_flag && !is_field;
        match &sequence.pic_order_cnt {
            PicOrderCntType::TypeZero { log2_max_pic_order_cnt_lsb_minus4 } => {
                bits.pass(u32::from(*log2_max_pic_order_cnt_lsb_minus4).saturating_add(4))?;
                bits.pass_codes(u32::from(has_bottom))?; // delta_pic_order_cnt_bottom
            }
            PicOrderCntType::TypeOne { delta_pic_order_always_zero_flag: false, .. } => {
                bits.pass_codes(if has_bottom { 2 } else { 1 })?; // delta_pic_order_cnt
            }
            PicOrderCntType::TypeOne { .. } | PicOrderCntType::TypeTwo => {}
        }
        bits.pass_codes(u32::from(picture.redundant_pic_cnt_present_flag)) // redundant_pic_cnt
    }

    /// The fields that say what it is predicted from.
    fn prediction(&mut self) -> Option<()> {
        const MAX_REFERENCES_MINUS_1: u32 = 31;
        if self.slice_type.is_intra() {
            return Some(());
        }
        let (bits, picture) = (&mut self.bits, self.picture);
        let is_b = self.slice_type == SliceType::B;
        let lists = if is_b { 2 } else { 1 };
        bits.pass(u32::from(is_b))?; // direct_spatial_mv_pred_flag
        let mut last = [picture.num_ref_idx_l0_default_active_minus1, picture.num_ref_idx_l1_default_active_minus1];
        if bits.flag()? {
            for last in last.iter_mut().take(lists) {
                *last = bits.ue(MAX_REFERENCES_MINUS_1)?;
            }
        }
        for _ in 0..lists {
            self.list_modification()?;
        }
        let is_weighted = if is_b { picture.weighted_bipred_idc == 1 } else { picture.weighted_pred_flag };
        if is_weighted { self.weights(last.into_iter().take(lists)) } else { Some(()) }
    }

    /// `ref_pic_list_modification` of one list (7.3.3.1).
    fn list_modification(&mut self) -> Option<()> {
        const END: u32 = 3;
        if self.bits.flag()? {
            while self.bits.ue(END)? != END {
                self.bits.pass_codes(1)?;
            }
        }
        Some(())
    }

    /// `pred_weight_table` (7.3.3.2), for lists whose last pictures have these positions.
    fn weights(&mut self, last: impl Iterator<Item = u32>) -> Option<()> {
        let (bits, chroma) = (&mut self.bits, &self.sequence.chroma_info);
        let has_chroma = !chroma.separate_colour_plane_flag && chroma.chroma_format != ChromaFormat::Monochrome;
        bits.pass_codes(if has_chroma { 2 } else { 1 })?; // denominators
        for last in last {
            for _ in 0..=last {
                let has_luma = bits.flag()?;
                bits.pass_codes(if has_luma { 2 } else { 0 })?; // weight and offset
                let has_chroma = has_chroma && bits.flag()?;
                bits.pass_codes(if has_chroma { 4 } else { 0 })?; // the same of two components
            }
        }
        Some(())
    }

    /// `dec_ref_pic_marking` (7.3.3.3).
    fn marking(&mut self, is_idr: bool) -> Option<()> {
        let bits = &mut self.bits;
        if is_idr {
            return bits.pass(2); // no_output_of_prior_pics_flag, long_term_reference_flag
        }
        if bits.flag()? {
            loop {
                match bits.ue(6)? {
                    0 => break,
                    5 => {}
                    3 => bits.pass_codes(2)?,
                    _ => bits.pass_codes(1)?,
                }
            }
        }
        Some(())
    }

    /// The fields every header ends with.
    fn end(&mut self) -> Option<()> {
        let (bits, picture, slice_type) = (&mut self.bits, self.picture, self.slice_type);
        bits.pass_codes(u32::from(picture.entropy_coding_mode_flag && !slice_type.is_intra()))?; // cabac_init_idc
        let depth = i64::from(self.sequence.chroma_info.bit_depth_luma_minus8);
        let quantiser =
            |initial: i32, delta: i32| i64::from(initial).saturating_add(i64::from(delta)).saturating_add(26);
        let lowest = depth.saturating_mul(-6);
        Some(quantiser(picture.pic_init_qp_minus26, bits.se()?)).filter(|own| (lowest..=51).contains(own))?;
        if matches!(slice_type, SliceType::Sp | SliceType::Si) {
            bits.pass(u32::from(slice_type == SliceType::Sp))?; // sp_for_switch_flag
            Some(quantiser(picture.pic_init_qs_minus26, bits.se()?)).filter(|own| (0..=51).contains(own))?;
        }
        if picture.deblocking_filter_control_present_flag {
            const OFF: u32 = 1;
            if bits.ue(6)? != OFF {
                for _ in 0..2 {
                    bits.se().filter(|offset| (-6..=6).contains(offset))?; // alpha, beta
                }
            }
        }
        if let Some(SliceGroup::Changing { slice_group_change_rate_minus1, .. }) = &picture.slice_groups {
            let rate = slice_group_change_rate_minus1.saturating_add(1);
            let cycles = self.sequence.pic_size_in_map_units().saturating_add(rate).div_ceil(rate);
            // Ceil(Log2(cycles))
            bits.pass(u32::BITS.saturating_sub(cycles.saturating_sub(1).leading_zeros()))?; // slice_group_change_cycle
        }
        Some(())
    }
}

#[cfg(test)]
#[path = "avc_slice_tests.rs"]
mod tests;
