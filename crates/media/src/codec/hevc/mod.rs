//! H.265: the decoder configuration, parameter sets, and the slice data that may be encrypted.
//!
//! # What stays clear
//!
//! As with H.264, a NAL unit's header and its whole slice segment header stay clear, and the slice data after it is protected
//! (ISO/IEC 23001-7 10.2). Decoders compute the boundary themselves, so it must be right to the byte: `slice_header` parses the
//! header with the parameter sets that it refers to. Slices of reserved types are refused, because no standard
//! defines their headers. All other NAL units stay clear.
//!
//! # Parameter sets in band
//!
//! The rule is that of H.264: parameter sets in a sample (`hev1` allows them) take effect from there to the end of the segment,
//! and each segment starts with those of `hvcC`, so a segment's bytes never depend on the work unit that it is packaged in. A PPS
//! is stored separately from the SPS that it refers to, because either may come first.
//!
//! # Several layers
//!
//! Spatial video (MV-HEVC) has a second layer for the other eye, whose parameter sets are in `lhvC`. Its slices are protected like
//! those of the base layer. Their headers (annex F) depend on the extension of the video parameter set, which `vps` parses.
//! Streams of more layers are refused; a clear package does not parse slices.

mod codecs_string;
mod extension_flags;
mod hvcc;
mod nal_unit_type;
mod parameter_sets;
mod parser;
mod picture_format;
mod pps;
mod profile_tier_level;
mod reference_picture_set;
mod sample_entry;
mod scaling_list;
mod slice_header;
mod sps;
mod vps;
mod vui;

pub use hvcc::HevcConfig;
pub(super) use nal_unit_type::HEADER_BYTES as NAL_UNIT_HEADER_BYTES;
pub use parser::HevcParser;
pub(super) use sample_entry::{complete, sample_entry};
