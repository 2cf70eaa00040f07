//! Sequence and picture parameter sets (SPS and PPS, ITU-T H.264 7.3.2.1, 7.3.2.2), parsed by `h264-reader`.

use h264_reader::Context;
use h264_reader::nal::pps::{PicParamSetId, PicParameterSet};
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::rbsp::{BitReader, ByteReader};

use super::nal_unit_type::{HEADER_BYTES, PPS, SPS, nal_unit_type};
use crate::codec::colr::Colour;

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

/// Creates the library's reader of a NAL unit's payload.
fn rbsp(nal: &[u8]) -> BitReader<ByteReader<&[u8]>> {
    BitReader::new(ByteReader::skipping_bytes(nal, HEADER_BYTES))
}
