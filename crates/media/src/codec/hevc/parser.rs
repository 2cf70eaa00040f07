//! The parser of H.265 samples.

use std::num::NonZeroU8;
use std::ops::Range;

use super::hvcc::HevcConfig;
use super::nal_unit_type::{BLA_W_LP, CRA_NUT, LAST_VCL, PPS, RASL_R, SPS, VPS, nal_unit_type, nuh_layer_id};
use super::parameter_sets::ParameterSets;
use super::slice_header::header_bytes;
use super::vps::SecondLayer;
use crate::codec::nal_units::{NalUnits, protect_after};
use crate::error::Place;
use crate::{Error, Result};

/// A parser of one segment's samples.
#[derive(Debug)]
pub struct HevcParser {
    length_size: NonZeroU8,
    parameter_sets: ParameterSets,
}

impl HevcParser {
    /// Starts with the parameter sets of `config`.
    #[must_use]
    pub fn new(config: &HevcConfig) -> Self {
        Self { length_size: config.length_size, parameter_sets: config.in_effect() }
    }

    /// Appends the ranges of `sample` that hold slice data to `protected`, in order and disjoint.
    ///
    /// Call it on a segment's samples in decode order. `offset` is the sample's offset in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when a NAL unit runs past the sample or a slice segment header does not parse.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        let units = NalUnits::new(sample, self.length_size, offset);
        protect_after(units, protected, |nal| match nal_unit_type(nal) {
            Some(unit_type @ (0..=RASL_R | BLA_W_LP..=CRA_NUT)) => {
                let reason =
                    "a slice segment header does not parse, or refers to parameter sets that the file does not have";
                let clear = header_bytes(nal, unit_type, &self.parameter_sets, self.layer(nal, offset)?);
                clear.map(Some).ok_or(Error::MalformedSample { offset, reason })
            }
            Some(0..=LAST_VCL) => Err(Error::Unsupported {
                feature: "Encrypting H.265 with slices of a reserved type",
                place: Place::Sample(offset),
            }),
            Some(VPS | SPS | PPS) => {
                self.parameter_sets.insert(nal);
                Ok(None)
            }
            _ => Ok(None),
        })
    }

    /// Returns the second layer if a slice segment is in it, and `None` if it is in the base layer.
    fn layer(&self, nal: &[u8], offset: u64) -> Result<Option<&SecondLayer>> {
        const FEATURE: &str =
            "Encrypting H.265 of other layers than a base layer and a second one that the file describes";
        let layer = nuh_layer_id(nal).unwrap_or(0);
        if layer == 0 {
            return Ok(None);
        }
        let second_layer = self.parameter_sets.second_layer().filter(|second| second.nuh_layer_id == layer);
        second_layer.map(Some).ok_or(Error::Unsupported { feature: FEATURE, place: Place::Sample(offset) })
    }
}
