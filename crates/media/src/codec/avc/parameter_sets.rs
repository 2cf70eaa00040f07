//! Sequence and picture parameter sets (SPS and PPS, ITU-T H.264 7.3.2.1, 7.3.2.2), parsed by `h264-reader`.

use h264_reader::Context;
use h264_reader::nal::pps::{PicParamSetId, PicParameterSet};
use h264_reader::nal::sps::{ChromaFormat, FrameMbsFlags, SeqParameterSet};
use h264_reader::rbsp::{BitReader, ByteReader};

use super::nal_unit_type::{HEADER_BYTES, PPS, SPS, nal_unit_type};
use crate::codec::colr::Colour;
use crate::codec::frame_format::FrameFormat;

/// The parameter sets in effect.
#[derive(Debug, Default)]
pub(super) struct ParameterSets(pub(super) Context);

impl ParameterSets {
    /// Stores a parameter set, in place of one with the same id. A set that does not parse is ignored: a slice that refers to it
    /// is refused.
    pub(super) fn insert(&mut self, nal: &[u8]) {
        match nal_unit_type(nal) {
            Some(SPS) => {
                if let Ok(sps) = SeqParameterSet::from_bits(rbsp(nal)) {
                    self.0.put_seq_param_set(sps);
                }
            }
            Some(PPS) => {
                if let Ok(pps) = PicParameterSet::from_bits(&self.0, rbsp(nal)) {
                    self.0.put_pic_param_set(pps);
                }
            }
            _ => {}
        }
    }

    /// Returns the PPS with this `pic_parameter_set_id`, and the SPS that it refers to.
    pub(super) fn get(&self, pic_parameter_set_id: u32) -> Option<(&PicParameterSet, &SeqParameterSet)> {
        let pps = self.0.pps_by_id(PicParamSetId::from_u32(pic_parameter_set_id).ok()?)?;
        Some((pps, self.0.sps_by_id(pps.seq_parameter_set_id)?))
    }
}

/// Returns the colour description of the VUI parameters of an SPS (E.2.1).
pub(super) fn colour_of_sps(nal: &[u8]) -> Option<Colour> {
    let sps = SeqParameterSet::from_bits(rbsp(nal)).ok()?;
    let description = sps.vui_parameters?.video_signal_type?.colour_description?;
    Colour::of([description.colour_primaries, description.transfer_characteristics, description.matrix_coefficients])
}

/// Returns the format of the frames of an SPS (7.4.2.1.1, E.2.1).
pub(super) fn format_of_sps(nal: &[u8]) -> Option<FrameFormat> {
    let sps = SeqParameterSet::from_bits(rbsp(nal)).ok()?;
    let is_interlaced = matches!(sps.frame_mbs_flags, FrameMbsFlags::Fields { .. });
    let fields = if is_interlaced { 2 } else { 1 };
    let samples = |macroblocks_minus1: u32| macroblocks_minus1.checked_add(1)?.checked_mul(16);
    let mut width = samples(sps.pic_width_in_mbs_minus1)?;
    let mut height = samples(sps.pic_height_in_map_units_minus1)?.checked_mul(fields)?;
    if let Some(crop) = &sps.frame_cropping {
        // CropUnitX and CropUnitY (7-19 to 7-22).
        let (unit_x, unit_y) = match sps.chroma_info.chroma_format {
            ChromaFormat::YUV420 => (2, 2),
            ChromaFormat::YUV422 => (2, 1),
            _ => (1, 1),
        };
        let cropped = |size: u32, before: u32, after: u32, unit: u32| {
            size.checked_sub(before.checked_add(after)?.checked_mul(unit)?).filter(|size| *size > 0)
        };
        width = cropped(width, crop.left_offset, crop.right_offset, unit_x)?;
        height = cropped(height, crop.top_offset, crop.bottom_offset, fields.checked_mul(unit_y)?)?;
    }
    let sample_aspect_ratio = sps.vui_parameters.as_ref().and_then(|vui| vui.aspect_ratio_info.as_ref()?.get());
    Some(FrameFormat { width, height, sample_aspect_ratio, is_interlaced })
}

/// Creates the library's reader of a NAL unit's payload.
fn rbsp(nal: &[u8]) -> BitReader<ByteReader<&[u8]>> {
    BitReader::new(ByteReader::skipping_bytes(nal, HEADER_BYTES))
}
