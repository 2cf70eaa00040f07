//! NAL unit headers of H.264 (ITU-T H.264 7.3.1, table 7-1).

use std::num::NonZeroUsize;

/// Bytes of a NAL unit header.
pub(in crate::codec) const HEADER_BYTES: NonZeroUsize = NonZeroUsize::MIN;

/// Coded slice of a non-IDR picture.
pub(super) const SLICE: u8 = 1;
/// Coded slice data partition A.
pub(super) const PARTITION_A: u8 = 2;
/// Coded slice data partition C.
pub(super) const PARTITION_C: u8 = 4;
/// Coded slice of an IDR picture.
pub(super) const SLICE_IDR: u8 = 5;
/// Supplemental enhancement information.
pub(super) const SEI: u8 = 6;
/// Sequence parameter set.
pub(super) const SPS: u8 = 7;
/// Picture parameter set.
pub(super) const PPS: u8 = 8;

/// Coded slice of an auxiliary coded picture: the transparency of a primary one.
pub(super) const AUXILIARY_SLICE: u8 = 19;
/// Coded slice extension: another layer (SVC) or view (MVC).
pub(super) const SLICE_EXTENSION: u8 = 20;
/// Coded slice extension for a depth view component, or a texture view component of 3D-AVC.
pub(super) const DEPTH_SLICE_EXTENSION: u8 = 21;

/// Returns `nal_unit_type`.
pub(super) fn nal_unit_type(nal: &[u8]) -> Option<u8> {
    nal.first().map(|header| header & 0x1f)
}
