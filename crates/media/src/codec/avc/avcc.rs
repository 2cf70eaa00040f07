//! The `avcC` box: `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 5.3.3.1).

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use super::nal_unit_type::{SEI, SLICE, SLICE_IDR, nal_unit_type};
use crate::Result;
use crate::codec::nal_units::units_of_head;
use crate::codec::slice_count::slice_count;
use crate::isobmff::BoxView;
use crate::number::Checked;

/// The fields of `AVCDecoderConfigurationRecord` that parsing samples requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvcConfig {
    /// `AVCProfileIndication`, `profile_compatibility` and `AVCLevelIndication`.
    profile: [u8; 3],
    /// Bytes of a NAL unit's length field: 1, 2 or 4.
    pub(super) length_size: NonZeroU8,
    /// SPS NAL units.
    pub(super) sps: Vec<Vec<u8>>,
    /// PPS NAL units.
    pub(super) pps: Vec<Vec<u8>>,
}

impl AvcConfig {
    /// Reads an `avcC` box.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) when it ends early.
    pub fn parse(avcc: &BoxView<'_>) -> Result<Self> {
        let mut reader = avcc.reader();
        reader.skip(1)?; // configurationVersion
        let profile = reader.array()?;
        let length_size =
            NonZeroU8::MIN.checked_add(reader.u8()? & 3).or_out_of_range("The size of a NAL unit length")?;
        let mut parameter_sets = |count_mask: u8| -> Result<Vec<Vec<u8>>> {
            let count = reader.u8()? & count_mask;
            (0..count)
                .map(|_| {
                    let length = reader.u16()?;
                    reader.bytes(usize::from(length)).map(<[u8]>::to_vec)
                })
                .collect()
        };
        let (sps, pps) = (parameter_sets(0x1f)?, parameter_sets(0xff)?);
        Ok(Self { profile, length_size, sps, pps })
    }

    /// Returns the SEI NAL units at the start of a sample, of which only `head` is known: the last one may be incomplete.
    pub(in crate::codec) fn sei_units<'h>(&self, head: &'h [u8]) -> impl Iterator<Item = &'h [u8]> {
        units_of_head(head, self.length_size).filter(|nal| nal_unit_type(nal) == Some(SEI))
    }

    /// Returns the number of slices of a sample of `bytes` bytes, of which only `head` is known.
    pub(in crate::codec) fn slice_count(&self, head: &[u8], bytes: u32) -> u8 {
        slice_count(head, bytes, self.length_size, |nal| matches!(nal_unit_type(nal), Some(SLICE | SLICE_IDR)))
    }

    /// Returns `PPCCLL` of the codecs string (RFC 6381 3.3).
    #[must_use]
    pub fn profile_level(&self) -> String {
        data_encoding::HEXUPPER.encode(&self.profile)
    }

    /// Creates a record without parameter sets and with length fields of four bytes.
    #[cfg(test)]
    pub(super) fn without_parameter_sets() -> Self {
        Self { profile: [0; 3], length_size: NonZeroU8::new(4).unwrap(), sps: vec![], pps: vec![] }
    }
}
