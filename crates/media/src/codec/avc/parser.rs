//! The parser of H.264 samples.

use std::num::NonZeroU8;
use std::ops::Range;

use super::avcc::AvcConfig;
use super::nal_unit_type::{PARTITION_A, PARTITION_C, PPS, SLICE, SLICE_IDR, SPS, nal_unit_type};
use super::parameter_sets::ParameterSets;
use super::slice_header::header_bytes;
use crate::codec::nal_units::{NalUnits, protect_after};
use crate::error::Place;
use crate::{Error, Result};

/// A parser of one segment's samples.
#[derive(Debug)]
pub struct AvcParser {
    length_size: NonZeroU8,
    parameter_sets: ParameterSets,
}

impl AvcParser {
    /// Starts with the parameter sets of `config`.
    #[must_use]
    pub fn new(config: &AvcConfig) -> Self {
        let mut parameter_sets = ParameterSets::default();
        config.sps.iter().chain(&config.pps).for_each(|nal| parameter_sets.insert(nal));
        Self { length_size: config.length_size, parameter_sets }
    }

    /// Appends the ranges of `sample` that hold slice data to `protected`, in order and disjoint.
    ///
    /// Call it on a segment's samples in decode order. `offset` is the sample's offset in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when a NAL unit runs past the sample or a slice header does not parse.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        let units = NalUnits::new(sample, self.length_size, offset);
        protect_after(units, protected, |nal| match nal_unit_type(nal) {
            Some(SLICE | SLICE_IDR) => {
                let reason = "a slice header does not parse, or refers to parameter sets that the file does not have";
                header_bytes(nal, &self.parameter_sets).map(Some).ok_or(Error::MalformedSample { offset, reason })
            }
            Some(PARTITION_A..=PARTITION_C) => {
                Err(Error::Unsupported { feature: "H.264 data partitioning", place: Place::Sample(offset) })
            }
            Some(SPS | PPS) => {
                self.parameter_sets.insert(nal);
                Ok(None)
            }
            _ => Ok(None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nal_unit_past_the_end_of_its_sample_is_malformed() {
        let mut parser = AvcParser::new(&AvcConfig::without_parameter_sets());
        let error = parser.protected_ranges(&[0, 0, 0, 9, 0x65], 77, &mut vec![]).unwrap_err();
        assert_eq!(error, Error::MalformedSample { offset: 77, reason: "a NAL unit runs past its end" });
        let error = parser.protected_ranges(&[0, 0, 0, 3, 0x65, 0x88, 0x80], 0, &mut vec![]).unwrap_err();
        assert_eq!(error.code(), "malformed_sample", "a slice without its parameter sets");
        parser.protected_ranges(&[0, 0, 0, 1, 9], 0, &mut vec![]).unwrap();
    }
}
