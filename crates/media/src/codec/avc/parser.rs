//! The parser of H.264 samples.

use std::num::NonZeroU8;
use std::ops::Range;

use super::avcc::AvcConfig;
use super::nal_unit_type::{
    AUXILIARY_SLICE, DEPTH_SLICE_EXTENSION, PARTITION_A, PARTITION_C, PPS, SLICE, SLICE_EXTENSION, SLICE_IDR, SPS,
    nal_unit_type,
};
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
            Some(PARTITION_A..=PARTITION_C) => unsupported("H.264 data partitioning", offset),
            Some(AUXILIARY_SLICE) => unsupported("Encrypting H.264 with auxiliary pictures (transparency)", offset),
            Some(SLICE_EXTENSION | DEPTH_SLICE_EXTENSION) => {
                unsupported("Encrypting H.264 of several layers or views (SVC, MVC)", offset)
            }
            Some(SPS | PPS) => {
                self.parameter_sets.insert(nal);
                Ok(None)
            }
            _ => Ok(None),
        })
    }
}

/// Returns the error for coded slices whose protected bytes no standard defines, in a sample at `offset`. They never stay clear.
fn unsupported(feature: &'static str, offset: u64) -> Result<Option<usize>> {
    Err(Error::Unsupported { feature, place: Place::Sample(offset) })
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

    /// The types of table 7-1 that carry coded slices, each as the only NAL unit of a sample.
    #[test]
    fn no_coded_slice_stays_clear() {
        let mut parser = AvcParser::new(&AvcConfig::without_parameter_sets());
        let mut clear = Vec::new();
        for unit_type in 0..32 {
            let mut protected = vec![];
            if parser.protected_ranges(&[0, 0, 0, 4, 0x60 | unit_type, 0x88, 0x84, 7], 0, &mut protected).is_ok() {
                assert!(protected.is_empty());
                clear.push(unit_type);
            }
        }
        let slices = [1, 2, 3, 4, 5, 19, 20, 21];
        assert_eq!(clear, (0..32).filter(|unit_type| !slices.contains(unit_type)).collect::<Vec<u8>>());
    }
}
