//! The parameter sets that are in effect.

use super::nal_unit_type::{HEADER_BYTES, PPS, SPS, nal_unit_type};
use super::pps::Pps;
use super::sps::Sps;
use crate::codec::rbsp_reader::RbspReader;

/// The parameter sets in effect: at most one for each id, so at most [`MAX_SPS`](super::sps::MAX_SPS) and
/// [`MAX_PPS`](super::pps::MAX_PPS).
#[derive(Debug, Default)]
pub(super) struct ParameterSets {
    sps: Vec<Sps>,
    pps: Vec<Pps>,
}

impl ParameterSets {
    /// Returns the SPS with this `sps_seq_parameter_set_id`.
    pub(super) fn sps(&self, id: u32) -> Option<&Sps> {
        self.sps.iter().find(|sps| sps.sps_seq_parameter_set_id == id)
    }

    /// Returns the PPS with this `pps_pic_parameter_set_id`.
    pub(super) fn pps(&self, id: u32) -> Option<&Pps> {
        self.pps.iter().find(|pps| pps.pps_pic_parameter_set_id == id)
    }

    /// Returns the SPS in effect that was stored first.
    pub(super) fn first_sps(&self) -> Option<&Sps> {
        self.sps.first()
    }

    /// Stores a parameter set, in place of one with the same id. A set that does not parse is ignored: a slice that refers to it
    /// is refused, unless another set with its id is known.
    pub(super) fn insert(&mut self, nal: &[u8]) {
        let mut bits = RbspReader::new(nal, HEADER_BYTES);
        match nal_unit_type(nal) {
            Some(SPS) => {
                if let Some(sps) = Sps::parse(&mut bits) {
                    self.sps.retain(|known| known.sps_seq_parameter_set_id != sps.sps_seq_parameter_set_id);
                    self.sps.push(sps);
                }
            }
            Some(PPS) => {
                if let Some(pps) = Pps::parse(&mut bits) {
                    self.pps.retain(|known| known.pps_pic_parameter_set_id != pps.pps_pic_parameter_set_id);
                    self.pps.push(pps);
                }
            }
            _ => {}
        }
    }
}
