//! The parameter sets that are in effect.

use super::nal_unit_type::{HEADER_BYTES, PPS, SPS, VPS, nal_unit_type, nuh_layer_id};
use super::pps::Pps;
use super::sps::Sps;
use super::vps::SecondLayer;
use crate::codec::rbsp_reader::RbspReader;

/// The parameter sets in effect, those of a second layer included.
#[derive(Debug, Default)]
pub(super) struct ParameterSets {
    base: LayerSets,
    second: LayerSets,
    second_layer: Option<SecondLayer>,
}

/// The parameter sets of one layer: at most one for each id, so at most [`MAX_SPS`](super::sps::MAX_SPS) and
/// [`MAX_PPS`](super::pps::MAX_PPS).
#[derive(Debug, Default)]
struct LayerSets {
    sps: Vec<Sps>,
    pps: Vec<Pps>,
}

impl ParameterSets {
    /// Returns the second layer, if the stream has one.
    pub(super) fn second_layer(&self) -> Option<&SecondLayer> {
        self.second_layer.as_ref()
    }

    /// Returns the PPS with this `pps_pic_parameter_set_id`, and the SPS that it refers to. A picture of the second layer may
    /// refer to sets of both layers (F.7.4.1.4.1).
    pub(super) fn get(&self, id: u32, is_second_layer: bool) -> Option<(&Pps, &Sps)> {
        let (first, other) = if is_second_layer { (&self.second, Some(&self.base)) } else { (&self.base, None) };
        let layers = || std::iter::once(first).chain(other);
        let pps = layers().flat_map(|sets| &sets.pps).find(|pps| pps.pps_pic_parameter_set_id == id)?;
        let sps_id = pps.pps_seq_parameter_set_id;
        let sps = layers().flat_map(|sets| &sets.sps).find(|sps| sps.sps_seq_parameter_set_id == sps_id)?;
        Some((pps, sps))
    }

    /// Returns the SPS of the base layer that was stored first.
    pub(super) fn first_sps(&self) -> Option<&Sps> {
        self.base.sps.first()
    }

    /// Stores a parameter set, in place of one of its layer with the same id. A set that does not parse, or is in a third layer,
    /// is ignored: a slice that refers to it is refused, unless another set with its id is known.
    pub(super) fn insert(&mut self, nal: &[u8]) {
        let mut bits = RbspReader::new(nal, HEADER_BYTES);
        let Some((unit_type, layer)) = nal_unit_type(nal).zip(nuh_layer_id(nal)) else { return };
        if unit_type == VPS && layer == 0 {
            self.second_layer = SecondLayer::parse(&mut bits);
            return;
        }
        let second_layer = self.second_layer.as_ref().filter(|second| second.nuh_layer_id == layer);
        let sets = match (layer, second_layer) {
            (0, _) => &mut self.base,
            (_, Some(_)) => &mut self.second,
            (_, None) => return,
        };
        match unit_type {
            SPS => {
                if let Some(sps) = Sps::parse(&mut bits, second_layer) {
                    sets.sps.retain(|known| known.sps_seq_parameter_set_id != sps.sps_seq_parameter_set_id);
                    sets.sps.push(sps);
                }
            }
            PPS => {
                if let Some(pps) = Pps::parse(&mut bits) {
                    sets.pps.retain(|known| known.pps_pic_parameter_set_id != pps.pps_pic_parameter_set_id);
                    sets.pps.push(pps);
                }
            }
            _ => {}
        }
    }
}
