//! The `hvcC` box: `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 8.3.3.1).

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use super::nal_unit_type::{LAST_VCL, PPS, PREFIX_SEI, SPS, VPS, nal_unit_type};
use super::parameter_sets::ParameterSets;
use super::pps::MAX_PPS;
use super::sps::MAX_SPS;
use crate::Result;
use crate::codec::nal_units::units_of_head;
use crate::codec::slice_count::slice_count;
use crate::isobmff::{BoxView, Reader};
use crate::number::Checked;

/// Maximum number of parameter sets: those of two layers.
#[expect(clippy::as_conversions, reason = "a constant")]
const MAX_PARAMETER_SETS: usize = (MAX_VPS + 2 * (MAX_SPS + MAX_PPS)) as usize;

/// Maximum number of VPS ids (7.4.3.1).
const MAX_VPS: u32 = 16;

/// The fields of `HEVCDecoderConfigurationRecord` that the codecs string and parsing samples require.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HevcConfig {
    /// `general_profile_space`, `general_tier_flag` and `general_profile_idc`.
    pub(super) profile: u8,
    /// `general_profile_compatibility_flags`.
    pub(super) compatibility: u32,
    /// `general_constraint_indicator_flags`.
    pub(super) constraints: [u8; 6],
    /// `general_level_idc`.
    pub(super) level: u8,
    /// Bytes of a NAL unit's length field: 1, 2 or 4.
    pub(super) length_size: NonZeroU8,
    /// Whether all video, sequence and picture parameter sets are in the record.
    is_complete: bool,
    /// VPS, SPS and PPS NAL units, those of a second layer last.
    pub(super) parameter_sets: Vec<Vec<u8>>,
}

impl HevcConfig {
    /// Reads an `hvcC` box.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) when it ends early, or has more parameter sets than a stream can have.
    pub fn parse(hvcc: &BoxView<'_>) -> Result<Self> {
        let mut reader = hvcc.reader();
        reader.skip(1)?; // configurationVersion
        let (profile, compatibility, constraints, level) = (reader.u8()?, reader.u32()?, reader.array()?, reader.u8()?);
        // min_spatial_segmentation_idc, parallelismType, chroma format, bit depths, avgFrameRate
        reader.skip(8)?;
        let length_size =
            NonZeroU8::MIN.checked_add(reader.u8()? & 3).or_out_of_range("The size of a NAL unit length")?;
        let mut parameter_sets = Vec::new();
        let complete_types = parameter_set_arrays(hvcc, &mut reader, &mut parameter_sets)?;
        let is_complete = [VPS, SPS, PPS].iter().all(|required| complete_types.contains(required));
        Ok(Self { profile, compatibility, constraints, level, length_size, is_complete, parameter_sets })
    }

    /// Returns the SEI NAL units at the start of a sample, of which only `head` is known: the last one may be incomplete.
    pub(in crate::codec) fn sei_units<'h>(&self, head: &'h [u8]) -> impl Iterator<Item = &'h [u8]> {
        units_of_head(head, self.length_size).filter(|nal| nal_unit_type(nal) == Some(PREFIX_SEI))
    }

    /// Returns the number of slices of a sample of `bytes` bytes, of which only `head` is known.
    pub(in crate::codec) fn slice_count(&self, head: &[u8], bytes: u32) -> u8 {
        slice_count(head, bytes, self.length_size, |nal| matches!(nal_unit_type(nal), Some(0..=LAST_VCL)))
    }

    /// Returns whether the record has every parameter set of the stream: `array_completeness` is set for all three types, so no
    /// sample has any. That is the difference between `hvc1` and `hev1` (8.4.1.1.1), so an entry with such a record may have
    /// either name, and nothing else changes.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Adds the parameter sets of an `lhvC` box, `LHEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 9.5.3.1): those of the layers
    /// above the base layer.
    pub(super) fn add_layers(&mut self, lhvc: &BoxView<'_>) -> Result<()> {
        let mut reader = lhvc.reader();
        // configurationVersion, min_spatial_segmentation_idc, parallelismType, temporal layers and lengthSizeMinusOne
        reader.skip(5)?;
        parameter_set_arrays(lhvc, &mut reader, &mut self.parameter_sets).map(drop)
    }

    /// Returns the parameter sets in effect at the start of a segment.
    pub(super) fn in_effect(&self) -> ParameterSets {
        let mut parameter_sets = ParameterSets::default();
        // The VPS describes the layers, which the others need.
        let is_vps = |nal: &&Vec<u8>| nal_unit_type(nal) == Some(VPS);
        self.parameter_sets.iter().filter(is_vps).for_each(|nal| parameter_sets.insert(nal));
        self.parameter_sets.iter().filter(|nal| !is_vps(nal)).for_each(|nal| parameter_sets.insert(nal));
        parameter_sets
    }

    /// Returns whether the source of all frames is interlaced: `general_interlaced_source_flag` without
    /// `general_progressive_source_flag` (ITU-T H.265 7.4.4).
    pub(super) fn is_interlaced(&self) -> bool {
        const PROGRESSIVE: u8 = 0x80;
        const INTERLACED: u8 = 0x40;
        let [flags, ..] = self.constraints;
        flags & (PROGRESSIVE | INTERLACED) == INTERLACED
    }
}

/// Reads the arrays of NAL units at the end of a record. Appends the parameter sets, and returns the types whose array is
/// complete.
fn parameter_set_arrays(
    record: &BoxView<'_>,
    reader: &mut Reader<'_>,
    parameter_sets: &mut Vec<Vec<u8>>,
) -> Result<Vec<u8>> {
    let mut complete_types = Vec::new();
    for _ in 0..reader.u8()? {
        let array = reader.u8()?;
        let (array_completeness, nal_unit_type) = (array & 0x80 != 0, array & 0x3f);
        let count = reader.u16()?;
        if array_completeness && count > 0 {
            complete_types.push(nal_unit_type);
        }
        for _ in 0..count {
            let length = reader.u16()?;
            let nal = reader.bytes(usize::from(length))?;
            if matches!(nal_unit_type, VPS | SPS | PPS) {
                if parameter_sets.len() >= MAX_PARAMETER_SETS {
                    return Err(record.malformed("it has more parameter sets than a stream can have"));
                }
                parameter_sets.push(nal.to_vec());
            }
        }
    }
    Ok(complete_types)
}
