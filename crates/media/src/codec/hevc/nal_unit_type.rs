//! NAL unit headers of H.265 (ITU-T H.265 7.3.1.2, table 7-1).

use std::num::NonZeroUsize;

/// Bytes of a NAL unit header.
pub(in crate::codec) const HEADER_BYTES: NonZeroUsize = NonZeroUsize::new(2).expect("two is not zero");

/// The last type of slice segments of non-IRAP pictures.
pub(super) const RASL_R: u8 = 9;
/// The first type of slice segments of intra random access point (IRAP) pictures.
pub(super) const BLA_W_LP: u8 = 16;
/// IDR pictures with leading pictures.
pub(super) const IDR_W_RADL: u8 = 19;
/// IDR pictures without leading pictures.
pub(super) const IDR_N_LP: u8 = 20;
/// The last type of slice segments of IRAP pictures.
pub(super) const CRA_NUT: u8 = 21;
/// The last type of the video coding layer (VCL): the types between those of slice segments are reserved.
pub(super) const LAST_VCL: u8 = 31;
/// Video parameter set.
pub(super) const VPS: u8 = 32;
/// Sequence parameter set.
pub(super) const SPS: u8 = 33;
/// Picture parameter set.
pub(super) const PPS: u8 = 34;

/// Supplemental enhancement information that precedes the slices of its frame.
pub(super) const PREFIX_SEI: u8 = 39;

/// Returns `nal_unit_type`.
pub(super) fn nal_unit_type(nal: &[u8]) -> Option<u8> {
    nal.first().map(|byte| (byte >> 1) & 0x3f)
}

/// Returns `nuh_layer_id`.
pub(super) fn nuh_layer_id(nal: &[u8]) -> Option<u8> {
    let [high, low] = nal.first_chunk()?;
    Some(((high & 1) << 5) | (low >> 3))
}

/// Returns `TemporalId`.
pub(super) fn temporal_id(nal: &[u8]) -> Option<u32> {
    let [_, low] = nal.first_chunk()?;
    u32::from(low & 7).checked_sub(1)
}
