//! Slice headers of every kind, compared with those of `h264-reader`.

use h264_reader::nal::NalHeader;
use h264_reader::nal::pps::SliceGroupChangeType;
use h264_reader::nal::slice::SliceHeader;
use h264_reader::nal::sps::{ChromaInfo, SeqParamSetId};
use h264_reader::rbsp::{BitRead, BitReader, ByteReader};

use h264_reader::Context;
use h264_reader::nal::pps::PicParamSetId;

use super::*;
use crate::codec::nal_units::encoded_length;

struct Random(u32);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % end
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    fn parameter_sets(&mut self) -> ParameterSets {
        let mut context = Context::new();
        let id = SeqParamSetId::from_u32(0).unwrap();
        context.put_seq_param_set(self.sps(id));
        context.put_pic_param_set(self.pps(id));
        ParameterSets(context)
    }

    fn sps(&mut self, id: SeqParamSetId) -> SeqParameterSet {
        let formats = [ChromaFormat::Monochrome, ChromaFormat::YUV420, ChromaFormat::YUV444];
        SeqParameterSet {
            profile_idc: 100.into(),
            constraint_flags: 0.into(),
            level_idc: 40,
            seq_parameter_set_id: id,
            chroma_info: ChromaInfo {
                chroma_format: formats[self.below(3) as usize],
                separate_colour_plane_flag: self.below(5) == 0,
                bit_depth_luma_minus8: self.below(3) as u8,
                bit_depth_chroma_minus8: 0,
                qpprime_y_zero_transform_bypass_flag: false,
                scaling_matrix: None,
            },
            log2_max_frame_num_minus4: self.below(13) as u8,
            pic_order_cnt: match self.below(3) {
                0 => PicOrderCntType::TypeZero { log2_max_pic_order_cnt_lsb_minus4: self.below(13) as u8 },
                1 => PicOrderCntType::TypeOne {
                    delta_pic_order_always_zero_flag: self.flag(),
                    offset_for_non_ref_pic: 0,
                    offset_for_top_to_bottom_field: 0,
                    offsets_for_ref_frame: vec![],
                },
                _ => PicOrderCntType::TypeTwo,
            },
            max_num_ref_frames: 4,
            gaps_in_frame_num_value_allowed_flag: false,
            pic_width_in_mbs_minus1: self.below(200),
            pic_height_in_map_units_minus1: self.below(200),
            frame_mbs_flags: if self.flag() {
                FrameMbsFlags::Frames
            } else {
                FrameMbsFlags::Fields { mb_adaptive_frame_field_flag: false }
            },
            direct_8x8_inference_flag: true,
            frame_cropping: None,
            vui_parameters: None,
        }
    }

    fn pps(&mut self, seq_parameter_set_id: SeqParamSetId) -> PicParameterSet {
        let slice_groups = (self.below(4) == 0).then(|| SliceGroup::Changing {
            change_type: SliceGroupChangeType::RasterScan,
            num_slice_groups_minus1: 1,
            slice_group_change_direction_flag: false,
            slice_group_change_rate_minus1: self.below(3000),
        });
        PicParameterSet {
            pic_parameter_set_id: PicParamSetId::from_u32(0).unwrap(),
            seq_parameter_set_id,
            entropy_coding_mode_flag: self.flag(),
            bottom_field_pic_order_in_frame_present_flag: self.flag(),
            slice_groups,
            num_ref_idx_l0_default_active_minus1: self.below(4),
            num_ref_idx_l1_default_active_minus1: self.below(3),
            weighted_pred_flag: self.flag(),
            weighted_bipred_idc: self.below(3) as u8,
            pic_init_qp_minus26: 0,
            pic_init_qs_minus26: 0,
            chroma_qp_index_offset: 0,
            deblocking_filter_control_present_flag: self.flag(),
            constrained_intra_pred_flag: false,
            redundant_pic_cnt_present_flag: self.below(4) == 0,
            extension: None,
        }
    }

    /// Returns a NAL unit with a random payload that begins like a slice that refers to picture parameter set 0.
    fn slice(&mut self) -> Vec<u8> {
        let unit_header = [0x01, 0x21, 0x41, 0x65][self.below(4) as usize];
        // ue(0), ue(type), ue(0), and random bits.
        let types = [0b1110_0000, 0b1010_1000, 0b1011_1000, 0b1001_0010, 0b1001_0110];
        let mut nal = vec![unit_header, types[self.below(5) as usize] | self.below(2) as u8];
        for _ in 0..self.below(40) {
            let byte = if self.below(4) == 0 { 0 } else { self.below(256) as u8 };
            let is_emulation = nal.ends_with(&[0, 0]) && byte <= 3;
            nal.extend(is_emulation.then_some(3));
            nal.push(byte);
        }
        nal
    }
}

/// Returns the expected result of [`header_bytes`], from the library's parser.
fn library_header_bytes(nal: &[u8], context: &Context) -> Option<usize> {
    let mut bits = BitReader::new(ByteReader::skipping_h264_header(nal));
    let count = |mut bits: BitReader<_>| std::iter::from_fn(|| BitRead::read_bit(&mut bits, "").ok()).count();
    let all = count(BitReader::new(ByteReader::skipping_h264_header(nal)));
    SliceHeader::from_bits(context, &mut bits, NalHeader::new(nal[0]).unwrap(), None).ok()?;
    Some(encoded_length(nal, 1 + (all - count(bits)).div_ceil(8)))
}

#[test]
fn headers_end_where_the_library_ends_them() {
    let (mut random, mut headers) = (Random(1), 0);
    for _ in 0..3000 {
        let parameter_sets = random.parameter_sets();
        for _ in 0..20 {
            let nal = random.slice();
            let length = header_bytes(&nal, &parameter_sets);
            assert_eq!(length, library_header_bytes(&nal, &parameter_sets.0), "{nal:?}");
            headers += usize::from(length.is_some());
        }
    }
    assert!(headers > 10_000, "{headers} headers parse");
}
